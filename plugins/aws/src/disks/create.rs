use aws_sdk_ec2::types::{AvailabilityZoneState, ResourceType, VolumeState, VolumeType};
use cpi_plugin_sdk::{ApiError, Failure, log, random, smithy};

use super::properties::DiskProperties;
use crate::client::Ec2;
use crate::errors;
use crate::instances;
use crate::leftovers::declare::Declared;
use crate::properties::gib;
use crate::tagging;
use crate::volumes;
use crate::wait;

pub(crate) async fn create(
    ec2: &Ec2,
    size_mib: u64,
    properties: &str,
    near_vm: Option<&str>,
) -> Result<String, Failure> {
    let wanted = DiskProperties::parse(properties, &ec2.settings)?;
    let zone = match near_vm {
        Some(vm) => zone_of(ec2, vm).await?,
        None => any_zone(ec2).await?,
    };
    let size = number("size", gib(size_mib))?;
    let like = [
        ("status", "available".to_owned()),
        ("size", size.to_string()),
        ("availability-zone", zone.clone()),
        ("volume-type", wanted.volume_type.clone()),
    ];
    let declared = Declared::by_tag(ec2, "disk", wanted.tags, &like).await?;
    let request = ec2
        .create_volume()
        .client_token(&declared.key)
        .availability_zone(zone)
        .size(size)
        .volume_type(VolumeType::from(wanted.volume_type.as_str()))
        .encrypted(wanted.encryption.encrypted)
        .set_kms_key_id(wanted.encryption.kms_key)
        .set_iops(wanted.iops.map(|iops| number("iops", iops)).transpose()?)
        .set_throughput(wanted.throughput.map(|throughput| number("throughput", throughput)).transpose()?)
        .set_tag_specifications(tagging::specifications(&[ResourceType::Volume], &declared.tags));
    let order = async || request.clone().send().await.map_err(smithy::error("CreateVolume"));
    let volume = wait::until_answered(order).await;
    let volume = volume.inspect_err(|error| declared.failed(error)).map_err(errors::storage)?;
    let disk = volume.volume_id.ok_or_else(|| Failure::cloud("CreateVolume", "NoId", "the answer names no volume"))?;
    declared.intent.created(&disk);
    if volume.state == Some(VolumeState::Available) {
        return Ok(disk);
    }
    match volumes::wait_available(ec2, &disk).await {
        Ok(()) => Ok(disk),
        Err(failure) => match remove(ec2, &disk).await {
            Ok(()) => {
                declared.intent.removed();
                Err(failure)
            }
            Err(error) => {
                log::error("a volume is left behind", &[("volume", &disk)]);
                Err(failure.and(&format!("volume '{disk}' is left behind: {error}")))
            }
        },
    }
}

/// A number as EC2's API has it.
pub(crate) fn number(key: &str, value: u64) -> Result<i32, Failure> {
    i32::try_from(value).map_err(|_| Failure::invalid(format!("'{key}' is too large: {value}")))
}

async fn zone_of(ec2: &Ec2, vm: &str) -> Result<String, Failure> {
    let instance = instances::find(ec2, vm).await?;
    let zone = instance.placement().and_then(|placement| placement.availability_zone());
    zone.map(str::to_owned).ok_or_else(|| Failure::rejected(format!("EC2 names no availability zone for VM '{vm}'")))
}

/// Any zone that works and is a real one: local zones do not take every volume.
async fn any_zone(ec2: &Ec2) -> Result<String, Failure> {
    let answer = ec2.describe_availability_zones().send().await;
    let answer = answer.map_err(smithy::error("DescribeAvailabilityZones"))?;
    let zones: Vec<_> = answer
        .availability_zones()
        .iter()
        .filter(|zone| zone.state() == Some(&AvailabilityZoneState::Available))
        .filter(|zone| zone.zone_type().is_none_or(|kind| kind == "availability-zone"))
        .filter_map(|zone| zone.zone_name())
        .collect();
    let none = || Failure::rejected(format!("EC2 has no availability zone for a disk in region '{}'", ec2.region));
    let at = random::below(zones.len())?.ok_or_else(none)?;
    zones.get(at).map(|zone| (*zone).to_owned()).ok_or_else(none)
}

/// The caller never learns of a volume that did not become usable.
async fn remove(ec2: &Ec2, disk: &str) -> Result<(), ApiError> {
    match ec2.delete_volume().volume_id(disk).send().await.map_err(smithy::error("DeleteVolume")) {
        Err(error) if !errors::volume_gone(&error) => Err(error),
        _ => Ok(()),
    }
}
