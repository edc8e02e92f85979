use cpi_plugin_sdk::{Failure, smithy};

use crate::client::Ec2;
use crate::errors;
use crate::patience::Patience;
use crate::tagging;
use crate::volumes;
use crate::wait;

pub(crate) async fn delete(ec2: &Ec2, disk: &str) -> Result<(), Failure> {
    let mut last = None;
    let mut passing = Patience::CONSISTENT.pauses();
    let deleted = wait::until(Patience::VOLUME_RELEASED, async || {
        let request = ec2.delete_volume().volume_id(disk);
        match request.send().await.map_err(smithy::error("DeleteVolume")) {
            Ok(_) => return Ok(Some(())),
            Err(error) if error.is(&["VolumeInUse"]) => last = Some(error.to_string()),
            Err(error) => return Err(errors::of_disk(error, disk)),
        }
        // It is being detached, or that was done a moment ago; what stays attached will not be let go.
        if passing.next().is_some() {
            return Ok(None);
        }
        let volume = volumes::describe(ec2, disk).await?;
        match volume.as_ref().and_then(volumes::holder) {
            Some(vm) => {
                Err(Failure::rejected(format!("volume '{disk}' is attached to '{vm}', so it cannot be deleted")))
            }
            None => Ok(None),
        }
    });
    deleted.await?.ok_or_else(|| {
        let error = last.unwrap_or_default();
        Failure::rejected(format!("Timed out waiting to delete volume `{disk}': {error}"))
    })?;
    if ec2.settings.fast_path_delete {
        tagging::mark_deleted(ec2, disk).await;
        return Ok(());
    }
    volumes::wait_deleted(ec2, disk).await
}
