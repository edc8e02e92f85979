use cpi_plugin_sdk::{Failure, log};

use super::find;
use super::version::Version;
use crate::arm::{Arm, Resource};

/// Has an image version copied to a location, if it is not there, and as often as the operator wants it.
pub(crate) async fn replicate(
    arm: &Arm,
    resource: &Resource,
    version: Version,
    location: &str,
) -> Result<Version, Failure> {
    let replicas = arm.settings.gallery_replicas;
    if !version.is_busy() && version.replicated_to(location, replicas).is_none() {
        return Ok(version);
    }
    let _lease = arm.lease(&resource.id).await?;
    // Other calls may have been faster, and copies of theirs on their way.
    arm.settled(resource).await?;
    let missing = || Failure::rejected(format!("the image version '{}' is gone", resource.id));
    let version = find::read(arm, resource).await?.ok_or_else(missing)?;
    if let Some(change) = version.replicated_to(location, replicas) {
        log::info("the image version is copied", &[("id", &resource.id), ("location", location)]);
        arm.put(resource, &change).await?;
    }
    Ok(version)
}
