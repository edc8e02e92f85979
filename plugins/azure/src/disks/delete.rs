use cpi_plugin_sdk::{ApiError, Failure, log};

use super::{blob, find};
use crate::arm::{Arm, Resource};
use crate::errors;

/// Removes a disk; one that is gone is a success.
pub(crate) async fn delete(arm: &Arm, id: &str) -> Result<(), Failure> {
    let disk = find::parse(arm, id)?;
    if !disk.is_managed() && find::find_managed(arm, &disk).await?.is_none() {
        return blob::delete(arm, &disk).await;
    }
    remove(arm, &find::resource(arm, &disk)).await.map_err(|error| errors::of_disk(error, &disk))
}

/// Removes a managed disk. Azure may not have noticed yet that its VM is gone, so a refusal is not believed at once.
pub(crate) async fn remove(arm: &Arm, disk: &Resource) -> Result<(), ApiError> {
    match arm.delete(disk).await {
        Err(error @ ApiError::Service { .. }) => {
            log::info("once more", &[("id", &disk.id), ("error", &error.to_string())]);
            arm.delete(disk).await.map(drop)
        }
        deleted => deleted.map(drop),
    }
}
