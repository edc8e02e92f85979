use cpi_plugin_sdk::Failure;

use super::find;
use crate::arm::Arm;
use crate::errors;

/// Removes a disk; one that is gone is a success.
pub(crate) async fn delete(arm: &Arm, id: &str) -> Result<(), Failure> {
    let disk = find::parse(arm, id)?;
    if !disk.is_managed() && find::find(arm, &disk).await?.is_none() {
        return Ok(());
    }
    let deleted = arm.delete(&find::resource(arm, &disk)).await;
    deleted.map(drop).map_err(|error| errors::of_disk(error, &disk))
}
