use cpi_plugin_sdk::Failure;

use super::blob::blob;
use crate::arm::Arm;
use crate::stemcells::metadata::Metadata;
use crate::storage::{Account, Blob, accounts};

/// What a stemcell says of itself, if its blob is there.
pub(crate) async fn metadata(arm: &Arm, stemcell: &str) -> Result<Option<Metadata>, Failure> {
    let Some(account) = accounts::existing(arm).await? else { return Ok(None) };
    Ok(blob(arm, &account, stemcell)?.find().await?.map(|found| found.metadata))
}

/// The blob of a stemcell in an account of a location, and what it says of itself. Where the default account is elsewhere,
/// the blob is copied to the account for stemcells there.
pub(crate) async fn in_location(arm: &Arm, stemcell: &str, location: &str) -> Result<(Blob, Metadata), Failure> {
    let (account, original, metadata) = original(arm, stemcell).await?;
    if account.is_in(location) {
        return Ok((original, metadata));
    }
    let there = accounts::in_location(arm, location).await?;
    let copy = blob(arm, &there, stemcell)?;
    let _lease = arm.lease(&format!("copy of {}", copy.url)).await?;
    if copy.find().await?.is_none() {
        copy.copy_from(&original).await?;
    }
    Ok((copy, metadata))
}

pub(super) async fn original(arm: &Arm, stemcell: &str) -> Result<(Account, Blob, Metadata), Failure> {
    let account = accounts::existing(arm).await?.ok_or_else(|| {
        let group = &arm.settings.resource_group;
        Failure::rejected(format!(
            "Given stemcell '{stemcell}' does not exist: the resource group '{group}' has no storage account for stemcells"
        ))
    })?;
    let original = blob(arm, &account, stemcell)?;
    let found = original.find().await?.ok_or_else(|| {
        Failure::rejected(format!(
            "Given stemcell '{stemcell}' does not exist: the default storage account '{}' has no blob '{}/{}'",
            account.name, original.container, original.name
        ))
    })?;
    Ok((account, original, found.metadata))
}
