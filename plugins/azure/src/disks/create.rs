use cpi_plugin_sdk::{Failure, random};
use serde::Deserialize;

use super::blob;
use super::properties::{DiskProperties, Place, checked_size};
use crate::arm::{Arm, Kind, Resource};
use crate::errors;
use crate::ids::{DiskId, VmId};
use crate::leftovers;
use crate::vms::{self, Vm};

#[derive(Deserialize)]
struct Group {
    location: String,
}

/// Makes an empty disk where its VM is, or else where the configuration says.
pub(crate) async fn create(
    arm: &Arm,
    size_mib: u64,
    properties: &str,
    near_vm: Option<&str>,
) -> Result<String, Failure> {
    let properties = DiskProperties::parse(properties)?;
    let settings = &arm.settings;
    if !settings.managed_disks {
        let vm = near_vm.map(|vm| VmId::parse(vm, &settings.resource_group)).transpose()?;
        let disk = blob::create(arm, checked_size(size_mib)?, &properties, vm.as_ref()).await?;
        return Ok(disk.to_string());
    }
    let (group, body) = if let Some(vm) = near_vm {
        let vm = VmId::parse(vm, &settings.resource_group)?;
        if vm.storage_account.is_some() {
            return Err(Failure::rejected(format!(
                "Cannot create a managed disk for a VM with unmanaged disks: '{vm}'"
            )));
        }
        let Vm { location, zones, properties: has, .. } = vms::find::get(arm, &vm).await?;
        let zone = zones.first().map(String::as_str);
        let place = Place { location: &location, zone, vm_size: Some(&has.hardware_profile.vm_size) };
        (vm.resource_group, properties.body(settings, size_mib, &place)?)
    } else {
        let location = location(arm).await?;
        let place = Place { location: &location, zone: None, vm_size: None };
        (settings.resource_group.clone(), properties.body(settings, size_mib, &place)?)
    };
    let disk = DiskId::new(&random::uuid()?, properties.caching(), &group);
    let resource = arm.resource(&group, Kind::Disk, &disk.name);
    let made = leftovers::declare::make(arm, "disk", &resource, &body).await;
    made.map(drop).map_err(errors::of_new_disk)?;
    Ok(disk.to_string())
}

/// That of the configuration, else that of the default resource group.
async fn location(arm: &Arm) -> Result<String, Failure> {
    if let Some(location) = &arm.settings.location {
        return Ok(location.clone());
    }
    let name = &arm.settings.resource_group;
    let group: Option<Group> = arm.read(&Resource::group(&arm.settings, name)).await?;
    group.map(|group| group.location).ok_or_else(|| {
        Failure::rejected(format!("Cannot find the resource group '{name}': make it, or set 'location' of 'azure'"))
    })
}
