use cpi_plugin_sdk::{ApiError, Failure, smithy};

use crate::client::Ec2;
use crate::errors;
use crate::patience::Patience;
use crate::tagging;
use crate::volumes;
use crate::wait;

pub(crate) async fn delete(ec2: &Ec2, disk: &str) -> Result<(), Failure> {
    let in_use = |error: &ApiError| error.is(&["VolumeInUse"]);
    let deleted = wait::retry(Patience::VOLUME_RELEASED, in_use, async || {
        ec2.delete_volume().volume_id(disk).send().await.map(drop).map_err(smithy::error("DeleteVolume"))
    });
    match deleted.await {
        Ok(()) => {}
        Err(error) if in_use(&error) => {
            return Err(Failure::rejected(format!("Timed out waiting to delete volume `{disk}': {error}")));
        }
        Err(error) => return Err(errors::of_disk(error, disk)),
    }
    if ec2.settings.fast_path_delete {
        return Ok(tagging::mark_deleted(ec2, disk).await?);
    }
    volumes::wait_deleted(ec2, disk).await
}
