use cpi_plugin_sdk::Failure;

use super::{blob, find, stranded};
use crate::arm::Arm;
use crate::errors;

/// Removes a disk; one that is gone is a success.
pub(crate) async fn delete(arm: &Arm, id: &str) -> Result<(), Failure> {
    let disk = find::parse(arm, id)?;
    if !disk.is_managed() && find::find_managed(arm, &disk).await?.is_none() {
        return blob::delete(arm, &disk).await;
    }
    arm.delete(&find::resource(arm, &disk)).await.map_err(|error| errors::of_disk(error, &disk))?;
    stranded::discard(arm, &disk).await
}
