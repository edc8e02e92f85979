use aws_sdk_ec2::types::{VolumeModification, VolumeModificationState, VolumeType};
use cpi_plugin_sdk::{ApiError, Failure, smithy};

use super::changes::{Changes, Volume};
use super::create::number;
use super::properties::DiskProperties;
use crate::client::Ec2;
use crate::errors;
use crate::patience::Patience;
use crate::tagging;
use crate::volumes;
use crate::wait::{self, Stopwatch};

pub(crate) async fn resize(ec2: &Ec2, disk: &str, size_mib: u64) -> Result<(), Failure> {
    let changes = Changes::resize(disk, &facts(ec2, disk).await?, size_mib)?;
    apply(ec2, disk, changes).await
}

pub(crate) async fn update(ec2: &Ec2, disk: &str, size_mib: u64, properties: &str) -> Result<(), Failure> {
    let wanted = DiskProperties::parse(properties, &ec2.settings)?;
    let changes = Changes::update(disk, &facts(ec2, disk).await?, size_mib, &wanted)?;
    let allowed = |failure| match failure {
        // Callers that cannot have it done here copy, which needs no permission to modify.
        Failure::Cloud(error) if error.code == "UnauthorizedOperation" && error.operation == "ModifyVolume" => {
            Failure::not_supported(Failure::Cloud(error).describe())
        }
        other => other,
    };
    apply(ec2, disk, changes).await.map_err(allowed)?;
    Ok(tagging::tag_if_possible(ec2, disk, &wanted.tags).await?)
}

async fn facts(ec2: &Ec2, disk: &str) -> Result<Volume, Failure> {
    let volume = volumes::find(ec2, disk).await?;
    let positive = |number: Option<i32>| number.and_then(|number| u64::try_from(number).ok());
    Ok(Volume {
        gib: positive(volume.size()).unwrap_or_default(),
        volume_type: volume.volume_type().map(|name| name.as_str().to_owned()).unwrap_or_default(),
        iops: positive(volume.iops()),
        throughput: positive(volume.throughput()),
        encrypted: volume.encrypted().unwrap_or(false),
        kms_key: volume.kms_key_id().map(str::to_owned),
        attachments: volume.attachments().len(),
    })
}

async fn apply(ec2: &Ec2, disk: &str, changes: Changes) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    let optional = |key: &str, value: Option<u64>| value.map(|value| number(key, value)).transpose();
    let request = ec2
        .modify_volume()
        .volume_id(disk)
        .set_size(optional("size", changes.gib)?)
        .set_volume_type(changes.volume_type.as_deref().map(VolumeType::from))
        .set_iops(optional("iops", changes.iops)?)
        .set_throughput(optional("throughput", changes.throughput)?);
    let order = async || {
        let answer = request.clone().send().await.map_err(smithy::error("ModifyVolume"))?;
        Ok(answer.volume_modification.as_ref().is_some_and(usable))
    };
    let look = async || {
        let last = last_modification(ec2, disk).await?;
        Ok(last.filter(|last| is_of(last, &changes)).as_ref().map(usable))
    };
    match wait::carried_out(order, look).await {
        Ok(true) => Ok(()),
        Ok(false) => wait_usable(ec2, disk).await,
        Err(error) if errors::not_modifiable(&error) => Err(Failure::not_supported(error.to_string())),
        Err(error) => Err(errors::of_disk(error, disk)),
    }
}

/// Whether a modification makes these changes.
fn is_of(modification: &VolumeModification, changes: &Changes) -> bool {
    let same = |wanted: Option<u64>, target: Option<i32>| {
        wanted.is_none_or(|wanted| target.and_then(|target| u64::try_from(target).ok()) == Some(wanted))
    };
    let Changes { gib, volume_type, iops, throughput } = changes;
    let target_type = modification.target_volume_type().map(VolumeType::as_str);
    modification.modification_state() != Some(&VolumeModificationState::Failed)
        && same(*gib, modification.target_size())
        && same(*iops, modification.target_iops())
        && same(*throughput, modification.target_throughput())
        && volume_type.as_deref().is_none_or(|wanted| target_type == Some(wanted))
}

/// EC2 keeps one for each volume.
async fn last_modification(ec2: &Ec2, disk: &str) -> Result<Option<VolumeModification>, ApiError> {
    let answer = ec2.describe_volumes_modifications().volume_ids(disk).send().await;
    let answer = answer.map_err(smithy::error("DescribeVolumesModifications"))?;
    Ok(answer.volumes_modifications.unwrap_or_default().into_iter().next())
}

/// A volume can be attached again while EC2 still moves its data.
fn usable(modification: &VolumeModification) -> bool {
    use VolumeModificationState::{Completed, Optimizing};
    matches!(modification.modification_state(), Some(Optimizing | Completed))
}

async fn wait_usable(ec2: &Ec2, disk: &str) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    let mut unseen = Patience::CONSISTENT.pauses();
    let done = wait::until(Patience::RESOURCE, async || match last_modification(ec2, disk).await? {
        Some(found) if usable(&found) => Ok(Some(())),
        Some(found) if found.modification_state() == Some(&VolumeModificationState::Failed) => {
            let why = found.status_message().unwrap_or("no reason given");
            Err(watch.wrong_state(&format!("volume modification of {disk}"), "failed", "completed").and(why))
        }
        Some(_) => Ok(None),
        None if unseen.next().is_some() => Ok(None),
        None => Err(Failure::rejected(format!("EC2 knows nothing of the modification of volume '{disk}'"))),
    });
    done.await?.ok_or_else(|| watch.timed_out(&format!("volume modification of {disk}"), "optimizing, completed"))
}
