use cpi_plugin_sdk::{ApiError, Failure};
use serde_json::Value;

use super::properties::DiskProperties;
use super::{changes, find};
use crate::arm::Arm;
use crate::errors;
use crate::ids::DiskId;

/// Makes a disk larger.
pub(crate) async fn resize(arm: &Arm, id: &str, size_mib: u64) -> Result<(), Failure> {
    let disk = find::parse(arm, id)?;
    let change = changes::resize(&find::get_native(arm, &disk, "resize").await?, size_mib)?;
    apply(arm, &disk, change).await
}

/// Makes a disk what the properties say. Another caching is the same disk under another identifier.
pub(crate) async fn update(arm: &Arm, id: &str, size_mib: u64, properties: &str) -> Result<Option<String>, Failure> {
    let disk = find::parse(arm, id)?;
    let wanted = DiskProperties::parse(properties)?;
    let change = changes::update(&find::get_native(arm, &disk, "update").await?, size_mib, &wanted)?;
    apply(arm, &disk, change).await?;
    let other = wanted.caching.filter(|caching| *caching != disk.caching);
    Ok(other.map(|caching| disk.cached(caching).to_string()))
}

async fn apply(arm: &Arm, disk: &DiskId, change: Option<Value>) -> Result<(), Failure> {
    let Some(change) = change else { return Ok(()) };
    match arm.patch(&find::resource(arm, disk), &change, None).await {
        Err(ApiError::Service { message, .. }) if changes::is_no_conversion(&message) => {
            Err(Failure::not_supported(format!("Disk conversion is not supported: {message}")))
        }
        changed => changed.map_err(|error| errors::of_disk(error, disk)),
    }
}
