use cpi_plugin_sdk::{ApiError, Failure};
use futures_concurrency::prelude::*;
use serde_json::Value;

use super::data_disks::Source;
use super::{Disk, blob, data_disks, find, migrate, relocate};
use crate::arm::{Arm, Resource, is_outdated};
use crate::errors;
use crate::ids::{DiskId, VmId};
use crate::tags;
use crate::vms::{self, Vm};

/// Others that write the same VM, from other machines: each time one of them is through.
const MOST_TRIES: usize = 8;

/// Attaches a disk and returns where the agent finds it.
pub(crate) async fn attach(arm: &Arm, vm: &str, disk: &str) -> Result<String, Failure> {
    let (vm, disk) = (VmId::parse(vm, &arm.settings.resource_group)?, find::parse(arm, disk)?);
    let (vm_resource, disk_resource) = (vms::find::resource(arm, &vm), find::resource(arm, &disk));
    let _lease = arm.lease(&vm_resource.id).await?;
    let (found, there) = (vms::find::get(arm, &vm), find::find_managed(arm, &disk)).join().await;
    let (mut found, there) = (found?, there?);
    let source = source(arm, &vm, &found, &disk, there).await?;
    for _ in 0..MOST_TRIES {
        let disks = &found.properties.storage_profile.data_disks;
        if let Some(lun) = attached_at(disks, &disk_resource, &disk) {
            return Ok(data_disks::hint(lun).to_string());
        }
        let lun = data_disks::free_lun(disks, &vm.name, &found.properties.hardware_profile.vm_size, &disk.name)?;
        let mut disks = disks.clone();
        disks.push(data_disks::attachment(&disk, &source, lun));
        let tags = tags::with_disk(&found.tags, data_disks::tag(&disk), disk.to_string());
        match write(arm, &vm_resource, &found, &data_disks::change(&disks, &tags)).await {
            Ok(()) => return Ok(data_disks::hint(lun).to_string()),
            Err(error) if is_outdated(&error) => found = vms::find::get(arm, &vm).await?,
            Err(error) => return Err(errors::of_vm(error, &vm)),
        }
    }
    Err(contended(&vm))
}

/// Detaches a disk.
pub(crate) async fn detach(arm: &Arm, vm: &str, disk: &str) -> Result<(), Failure> {
    let (vm, disk) = (VmId::parse(vm, &arm.settings.resource_group)?, find::parse(arm, disk)?);
    let (vm_resource, disk_resource) = (vms::find::resource(arm, &vm), find::resource(arm, &disk));
    let _lease = arm.lease(&vm_resource.id).await?;
    for tried in 0..MOST_TRIES {
        let found = vms::find::get(arm, &vm).await?;
        let mut disks = found.properties.storage_profile.data_disks.clone();
        let Some(position) = data_disks::position(&disks, &disk_resource.id, &disk.name) else {
            // The answer to the write that did it was lost.
            if tried > 0 {
                return Ok(());
            }
            return Err(Failure::disk_not_attached(format!(
                "The disk '{}' is not attached to the VM '{}'",
                disk.name, vm.name
            )));
        };
        disks.remove(position);
        let mut tags = found.tags.clone();
        tags.remove(&data_disks::tag(&disk));
        match write(arm, &vm_resource, &found, &data_disks::change(&disks, &tags)).await {
            Ok(()) => return Ok(()),
            Err(error) if is_outdated(&error) => {}
            Err(error) => return Err(errors::of_vm(error, &vm)),
        }
    }
    Err(contended(&vm))
}

fn attached_at(disks: &[Value], resource: &Resource, disk: &DiskId) -> Option<u64> {
    let position = data_disks::position(disks, &resource.id, &disk.name)?;
    disks.get(position).and_then(data_disks::lun)
}

/// What is attached: a managed disk, which is made of a blob if need be, or a blob to a VM that is made of blobs.
async fn source(arm: &Arm, vm: &VmId, found: &Vm, disk: &DiskId, there: Option<Disk>) -> Result<Source, Failure> {
    let zone = found.zones.first().map(String::as_str);
    let there = match (there, &vm.storage_account) {
        (Some(_), Some(_)) => {
            return Err(Failure::rejected(format!(
                "Cannot attach a managed disk to a VM with unmanaged disks: disk '{}', VM '{}'",
                disk.name, vm.name
            )));
        }
        (None, Some(_)) => {
            let (blob, known) = blob::get(arm, disk).await?;
            return Ok(Source::Blob { uri: blob.url, gib: known.size >> 30 });
        }
        (Some(there), None) if !there.lacks_zone(zone) => there,
        (Some(_), None) => relocate::relocate(arm, disk, zone).await?,
        (None, None) => match blob::find(arm, disk).await? {
            Some((blob, _)) => migrate::migrate(arm, disk, &blob, zone).await?,
            // One that is not there may be on its way.
            None => relocate::relocate(arm, disk, zone).await?,
        },
    };
    check_zone(vm, found, disk, &there)?;
    Ok(Source::Managed(find::resource(arm, disk).id))
}

/// What Azure would refuse in other words.
fn check_zone(vm: &VmId, found: &Vm, disk: &DiskId, there: &Disk) -> Result<(), Failure> {
    match (found.zones.first(), there.zones.first()) {
        (Some(vm_zone), disk_zone) if there.is_local() && disk_zone != Some(vm_zone) => {
            let disk_zone = disk_zone.map_or("no zone".to_owned(), |zone| format!("zone {zone}"));
            Err(Failure::not_supported(format!(
                "The disk '{}' is in {disk_zone} and the VM '{}' in zone {vm_zone}: make a snapshot of it and a disk of \
                 that in zone {vm_zone}, or use disks of a type with zone redundancy, such as Premium_ZRS",
                disk.name, vm.name
            )))
        }
        _ => Ok(()),
    }
}

/// Over the version that was read, where Azure says which that is.
async fn write(arm: &Arm, resource: &Resource, found: &Vm, change: &Value) -> Result<(), ApiError> {
    arm.patch(resource, change, found.etag.as_deref()).await
}

fn contended(vm: &VmId) -> Failure {
    Failure::rejected(format!("others changed the VM '{}' {MOST_TRIES} times while this call tried to", vm.name))
}
