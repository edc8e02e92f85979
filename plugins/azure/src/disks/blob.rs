//! Disks that are page blobs of a storage account: those without managed disks, and those of the time before.

use std::collections::BTreeMap;

use cpi_plugin_sdk::{ApiError, Failure, Intent, Tag, clock, random};
use serde_json::json;

use super::properties::DiskProperties;
use super::vhd_footer;
use crate::arm::Arm;
use crate::errors;
use crate::ids::{DiskId, VmId};
use crate::leftovers;
use crate::stemcells::metadata;
use crate::storage::{Account, Blob, Found, accounts};

/// The container of disks in every account that has some.
const CONTAINER: &str = "bosh";
/// What a blob says of itself that has become a managed disk.
const MIGRATED: [(&str, &str); 2] = [("user_agent", "bosh"), ("migrated", "true")];

/// Makes an empty disk in the account of its VM, or else in the default one.
pub(crate) async fn create(
    arm: &Arm,
    gib: u64,
    properties: &DiskProperties,
    near_vm: Option<&VmId>,
) -> Result<DiskId, Failure> {
    let account = match near_vm.and_then(|vm| vm.storage_account.as_ref()) {
        Some(name) => accounts::get(arm, name).await?,
        None => accounts::default(arm).await?,
    };
    let uuid = random::uuid()?;
    let name = DiskId::blob_name(&uuid);
    let disk = DiskId::blob(&name, properties.caching(), &account.name, &arm.settings.resource_group);
    let size = gib << 30;
    let footer = vhd_footer::footer(size, clock::now(), bytes_of(&uuid));
    let blob = Blob::new(arm, &account, CONTAINER, format!("{name}.vhd"))?;
    let intent = Intent::begin(leftovers::BLOB, &leftovers::key_of(&blob), &json!({})).await?;
    let made = async {
        blob.create(size + vhd_footer::LENGTH, &BTreeMap::new()).await?;
        blob.write(size, footer).await
    };
    match made.await {
        Ok(()) => {
            intent.created(&blob.url);
            Ok(disk)
        }
        Err(error) => Err(undo(&blob, &intent, error).await),
    }
}

async fn undo(blob: &Blob, intent: &Intent, error: ApiError) -> Failure {
    match blob.delete().await {
        Ok(_) => {
            intent.removed();
            error.into()
        }
        Err(second) => Failure::from(error).and(&format!("the blob '{}' may be left behind: {second}", blob.url)),
    }
}

/// The place of a disk; none where no account is named.
pub(crate) async fn place(arm: &Arm, disk: &DiskId) -> Result<Option<Blob>, Failure> {
    Ok(match in_account(arm, disk).await? {
        Some(account) => Some(Blob::new(arm, &account, CONTAINER, format!("{}.vhd", disk.name))?),
        None => None,
    })
}

/// The disk and what is known of it, if it is there and has not become a managed one.
pub(crate) async fn find(arm: &Arm, disk: &DiskId) -> Result<Option<(Blob, Found)>, Failure> {
    let Some(blob) = place(arm, disk).await? else { return Ok(None) };
    let found = blob.find().await?.filter(|found| !is_migrated(found));
    Ok(found.map(|found| (blob, found)))
}

/// The disk, which must be there.
pub(crate) async fn get(arm: &Arm, disk: &DiskId) -> Result<(Blob, Found), Failure> {
    find(arm, disk).await?.ok_or_else(|| errors::disk_not_found(disk))
}

/// Removes a disk with its snapshots; one that is gone is a success.
pub(crate) async fn delete(arm: &Arm, disk: &DiskId) -> Result<(), Failure> {
    if let Some(blob) = place(arm, disk).await? {
        blob.delete().await?;
    }
    Ok(())
}

/// Writes down that the disk is a managed one from now on.
pub(super) async fn mark_migrated(blob: &Blob) -> Result<(), ApiError> {
    let metadata = MIGRATED.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    blob.set_metadata(&metadata).await
}

/// Makes a snapshot.
pub(crate) async fn snapshot(arm: &Arm, disk: &DiskId, given: &[Tag]) -> Result<DiskId, Failure> {
    let (blob, _) = get(arm, disk).await?;
    let given = given.iter().filter(|tag| !tag.key.is_empty());
    let metadata = given.map(|Tag { key, value }| (metadata::name(key), metadata::header(value))).collect();
    let time = blob.snapshot(&metadata).await?;
    disk.snapshot_of_blob(&time).ok_or_else(|| errors::disk_not_found(disk))
}

/// Removes a snapshot; one that is gone is a success.
pub(crate) async fn delete_snapshot(arm: &Arm, snapshot: &DiskId) -> Result<(), Failure> {
    let (name, time) = snapshot.snapshot_parts()?;
    if let Some(account) = in_account(arm, snapshot).await? {
        Blob::new(arm, &account, CONTAINER, format!("{name}.vhd"))?.delete_snapshot(time).await?;
    }
    Ok(())
}

async fn in_account(arm: &Arm, disk: &DiskId) -> Result<Option<Account>, Failure> {
    match &disk.storage_account {
        // One that is not there says nothing about its blobs: it may be in another group than the configuration says.
        Some(account) => accounts::get(arm, account).await.map(Some),
        None => Ok(None),
    }
}

fn is_migrated(found: &Found) -> bool {
    MIGRATED.iter().all(|(key, value)| found.metadata.get(*key).is_some_and(|has| has == value))
}

/// The sixteen bytes of a UUID.
fn bytes_of(uuid: &str) -> [u8; 16] {
    let hex: String = uuid.chars().filter(char::is_ascii_hexdigit).collect();
    u128::from_str_radix(&hex, 16).unwrap_or_default().to_be_bytes()
}
