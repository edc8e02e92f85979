use cpi_plugin_sdk::{About, Call, Failure, Image, Leftover, Plan, Provider, Size, Tag};

use crate::arm::{Arm, Resource};
use crate::instance_types::fitting;
use crate::{create_vm, disks, errors, leftovers, snapshots, stemcells, tagging, vms};

/// Microsoft Azure.
#[derive(Debug, Default)]
pub struct Azure;

impl Provider for Azure {
    fn info(&self) -> About {
        About { stemcell_formats: vec!["azure-vhd".into(), "azure-light".into()], api_version: 3 }
    }

    async fn check(&self, call: &Call) -> Result<(), Failure> {
        let arm = Arm::of(call)?;
        let name = &arm.settings.resource_group;
        let group: Option<serde::de::IgnoredAny> = arm.read(&Resource::group(&arm.settings, name)).await?;
        let missing = || Failure::rejected(format!("the resource group '{name}' does not exist"));
        group.map(drop).ok_or_else(missing)
    }

    async fn current_vm(&self, _call: &Call) -> Result<String, Failure> {
        Err(Failure::not_supported("current_vm_id is not supported on Azure: no machine there knows its identifier"))
    }

    async fn create_stemcell(
        &self,
        call: &Call,
        image: &Image,
        properties: &str,
        tags: &[Tag],
    ) -> Result<String, Failure> {
        stemcells::create::create(&Arm::of(call)?, image, properties, tags).await
    }

    async fn delete_stemcell(&self, call: &Call, stemcell: &str) -> Result<(), Failure> {
        stemcells::delete::delete(&Arm::of(call)?, stemcell).await
    }

    async fn create_vm(&self, call: &Call, plan: Plan) -> Result<String, Failure> {
        create_vm::create(&Arm::of(call)?, plan).await
    }

    async fn delete_vm(&self, call: &Call, vm: &str) -> Result<(), Failure> {
        let arm = Arm::of(call)?;
        vms::delete::delete(&arm, &vms::find::parse(&arm, vm)?).await
    }

    async fn has_vm(&self, call: &Call, vm: &str) -> Result<bool, Failure> {
        let arm = Arm::of(call)?;
        let found = vms::find::find(&arm, &vms::find::parse(&arm, vm)?).await?;
        Ok(found.is_some_and(|found| found.is_there()))
    }

    async fn reboot_vm(&self, call: &Call, vm: &str) -> Result<(), Failure> {
        let arm = Arm::of(call)?;
        vms::reboot::reboot(&arm, &vms::find::parse(&arm, vm)?).await
    }

    async fn set_vm_metadata(&self, call: &Call, vm: &str, metadata: &[Tag]) -> Result<(), Failure> {
        let arm = Arm::of(call)?;
        let vm = vms::find::parse(&arm, vm)?;
        let resource = vms::find::resource(&arm, &vm);
        let _lease = arm.lease(&resource.id).await?;
        match tagging::add(&arm, &resource, metadata).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(errors::vm_not_found(&vm)),
            Err(error) => Err(errors::of_vm(error, &vm)),
        }
    }

    async fn vm_properties_for(&self, call: &Call, size: Size) -> Result<String, Failure> {
        fitting::properties_for(&Arm::of(call)?, &size).await
    }

    async fn create_disk(
        &self,
        call: &Call,
        size_mib: u64,
        properties: &str,
        near_vm: Option<&str>,
    ) -> Result<String, Failure> {
        disks::create::create(&Arm::of(call)?, size_mib, properties, near_vm).await
    }

    async fn delete_disk(&self, call: &Call, disk: &str) -> Result<(), Failure> {
        disks::delete::delete(&Arm::of(call)?, disk).await
    }

    async fn has_disk(&self, call: &Call, disk: &str) -> Result<bool, Failure> {
        let arm = Arm::of(call)?;
        disks::find::is_there(&arm, &disks::find::parse(&arm, disk)?).await
    }

    async fn attach_disk(&self, call: &Call, vm: &str, disk: &str) -> Result<String, Failure> {
        disks::attach::attach(&Arm::of(call)?, vm, disk).await
    }

    async fn detach_disk(&self, call: &Call, vm: &str, disk: &str) -> Result<(), Failure> {
        disks::attach::detach(&Arm::of(call)?, vm, disk).await
    }

    async fn get_disks(&self, call: &Call, vm: &str) -> Result<Vec<String>, Failure> {
        let arm = Arm::of(call)?;
        let found = vms::find::get(&arm, &vms::find::parse(&arm, vm)?).await?;
        Ok(disks::data_disks::identifiers(&found.properties.storage_profile.data_disks, &found.tags))
    }

    async fn set_disk_metadata(&self, call: &Call, disk: &str, metadata: &[Tag]) -> Result<(), Failure> {
        let arm = Arm::of(call)?;
        let disk = disks::find::parse(&arm, disk)?;
        let metadata: Vec<_> = metadata.iter().filter(|tag| !disks::is_own_tag(&tag.key)).cloned().collect();
        match tagging::add(&arm, &disks::find::resource(&arm, &disk), &metadata).await {
            Ok(true) => Ok(()),
            // Its metadata says whether it has become a managed disk, and nothing else.
            Ok(false) if !disk.is_managed() => Err(Failure::NotImplemented(format!("the disk '{disk}' is a blob"))),
            Ok(false) => Err(errors::disk_not_found(&disk)),
            Err(error) => Err(errors::of_disk(error, &disk)),
        }
    }

    async fn resize_disk(&self, call: &Call, disk: &str, size_mib: u64) -> Result<(), Failure> {
        disks::modify::resize(&Arm::of(call)?, disk, size_mib).await
    }

    async fn update_disk(
        &self,
        call: &Call,
        disk: &str,
        size_mib: u64,
        properties: &str,
    ) -> Result<Option<String>, Failure> {
        disks::modify::update(&Arm::of(call)?, disk, size_mib, properties).await
    }

    async fn snapshot_disk(&self, call: &Call, disk: &str, metadata: &[Tag]) -> Result<String, Failure> {
        snapshots::create::create(&Arm::of(call)?, disk, metadata).await
    }

    async fn delete_snapshot(&self, call: &Call, snapshot: &str) -> Result<(), Failure> {
        snapshots::delete::delete(&Arm::of(call)?, snapshot).await
    }

    async fn find_leftover(&self, call: &Call, leftover: &Leftover) -> Result<Vec<String>, Failure> {
        leftovers::find::find(&Arm::of(call)?, leftover).await
    }

    async fn remove_leftover(&self, call: &Call, leftover: &Leftover) -> Result<(), Failure> {
        leftovers::find::remove(&Arm::of(call)?, leftover).await
    }
}

cpi_plugin_sdk::export!(Azure, manifest: "plugin.toml");
