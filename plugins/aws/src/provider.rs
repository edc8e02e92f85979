use cpi_plugin_sdk::{About, Call, Failure, Image, Leftover, Plan, Provider, Size, Tag, smithy};

use crate::client::Ec2;
use crate::errors::Naming;
use crate::instance_types::fitting;
use crate::settings::Settings;
use crate::vms::metadata;
use crate::{create_vm, disks, errors, instances, leftovers, snapshots, stemcells, tagging, tags, vms, volumes};

/// Amazon EC2.
#[derive(Debug, Default)]
pub struct Aws;

impl Provider for Aws {
    fn info(&self) -> About {
        About { stemcell_formats: vec!["aws-raw".into(), "aws-light".into()], api_version: 3 }
    }

    async fn check(&self, call: &Call) -> Result<(), Failure> {
        let answer = Ec2::of(call)?.describe_availability_zones().send().await;
        answer.map(drop).map_err(|error| smithy::error("DescribeAvailabilityZones")(error).into())
    }

    async fn current_vm(&self, call: &Call) -> Result<String, Failure> {
        vms::current::current(call).await
    }

    async fn create_stemcell(
        &self,
        call: &Call,
        image: &Image,
        properties: &str,
        tags: &[Tag],
    ) -> Result<String, Failure> {
        stemcells::create::create(&Ec2::of(call)?, image, call.api_version, properties, tags).await
    }

    async fn delete_stemcell(&self, call: &Call, stemcell: &str) -> Result<(), Failure> {
        stemcells::delete::delete(&Ec2::of(call)?, stemcell).await.naming("stemcell", stemcell)
    }

    async fn create_vm(&self, call: &Call, plan: Plan) -> Result<String, Failure> {
        create_vm::create(&Ec2::of(call)?, plan).await
    }

    async fn delete_vm(&self, call: &Call, vm: &str) -> Result<(), Failure> {
        vms::delete::delete(&Ec2::of(call)?, vm).await.naming("VM", vm)
    }

    async fn has_vm(&self, call: &Call, vm: &str) -> Result<bool, Failure> {
        let instance = instances::describe(&Ec2::of(call)?, vm).await.map_err(Failure::from).naming("VM", vm)?;
        Ok(instance.is_some_and(|instance| !instances::is_terminated(&instance)))
    }

    async fn reboot_vm(&self, call: &Call, vm: &str) -> Result<(), Failure> {
        vms::reboot::reboot(&Ec2::of(call)?, vm).await.naming("VM", vm)
    }

    async fn set_vm_metadata(&self, call: &Call, vm: &str, given: &[Tag]) -> Result<(), Failure> {
        let ec2 = Ec2::of(call)?;
        let instance = instances::find_new(&ec2, vm).await.naming("VM", vm)?;
        let tagged = tagging::tag_vm_if_possible(&ec2, vm, &instance, &metadata::tags(given)).await;
        tagged.map_err(|error| errors::of_vm(error, vm)).naming("VM", vm)
    }

    async fn vm_properties_for(&self, call: &Call, size: Size) -> Result<String, Failure> {
        Settings::of(call)?;
        fitting::properties_for(size)
    }

    async fn create_disk(
        &self,
        call: &Call,
        size_mib: u64,
        properties: &str,
        near_vm: Option<&str>,
    ) -> Result<String, Failure> {
        disks::create::create(&Ec2::of(call)?, size_mib, properties, near_vm).await
    }

    async fn delete_disk(&self, call: &Call, disk: &str) -> Result<(), Failure> {
        disks::delete::delete(&Ec2::of(call)?, disk).await.naming("disk", disk)
    }

    async fn has_disk(&self, call: &Call, disk: &str) -> Result<bool, Failure> {
        let volume = volumes::describe(&Ec2::of(call)?, disk).await.map_err(Failure::from).naming("disk", disk)?;
        Ok(volume.is_some())
    }

    async fn attach_disk(&self, call: &Call, vm: &str, disk: &str) -> Result<String, Failure> {
        disks::attach::attach(&Ec2::of(call)?, vm, disk).await.naming("disk", disk).naming("VM", vm)
    }

    async fn detach_disk(&self, call: &Call, vm: &str, disk: &str) -> Result<(), Failure> {
        disks::detach::detach(&Ec2::of(call)?, vm, disk).await.naming("disk", disk).naming("VM", vm)
    }

    async fn get_disks(&self, call: &Call, vm: &str) -> Result<Vec<String>, Failure> {
        let instance = instances::find(&Ec2::of(call)?, vm).await.naming("VM", vm)?;
        Ok(instances::volumes(&instance).map(|(_, volume)| volume.to_owned()).collect())
    }

    async fn set_disk_metadata(&self, call: &Call, disk: &str, metadata: &[Tag]) -> Result<(), Failure> {
        let tagged = tagging::tag_disk_if_possible(&Ec2::of(call)?, disk, &tags::cut(metadata.to_vec())).await;
        tagged.naming("disk", disk)
    }

    async fn resize_disk(&self, call: &Call, disk: &str, size_mib: u64) -> Result<(), Failure> {
        disks::modify::resize(&Ec2::of(call)?, disk, size_mib).await.naming("disk", disk)
    }

    async fn update_disk(
        &self,
        call: &Call,
        disk: &str,
        size_mib: u64,
        properties: &str,
    ) -> Result<Option<String>, Failure> {
        disks::modify::update(&Ec2::of(call)?, disk, size_mib, properties).await.naming("disk", disk)?;
        Ok(None)
    }

    async fn snapshot_disk(&self, call: &Call, disk: &str, metadata: &[Tag]) -> Result<String, Failure> {
        snapshots::create::create(&Ec2::of(call)?, disk, metadata).await.naming("disk", disk)
    }

    async fn delete_snapshot(&self, call: &Call, snapshot: &str) -> Result<(), Failure> {
        snapshots::delete::delete(&Ec2::of(call)?, snapshot).await.naming("snapshot", snapshot)
    }

    async fn find_leftover(&self, call: &Call, leftover: &Leftover) -> Result<Vec<String>, Failure> {
        leftovers::find::find(&Ec2::of(call)?, leftover).await
    }

    async fn remove_leftover(&self, call: &Call, leftover: &Leftover) -> Result<(), Failure> {
        leftovers::remove::remove(&Ec2::of(call)?, leftover).await
    }
}

cpi_plugin_sdk::export!(Aws, manifest: "plugin.toml");
