use std::iter;

use aws_sdk_ec2::types::{Instance, ResourceType, Tag as Ec2Tag, TagSpecification};
use cpi_plugin_sdk::{ApiError, Failure, Tag, log, smithy};

use crate::client::Ec2;
use crate::errors;
use crate::instances;
use crate::tags;
use crate::volumes;
use crate::wait;

/// What a thing can have (Amazon EC2 User Guide, "Tag restrictions").
const TAGS: usize = 50;

/// Tags for things that a request makes; `None` when there are none.
pub(crate) fn specifications(kinds: &[ResourceType], tags: &[Tag]) -> Option<Vec<TagSpecification>> {
    let of = |kind: &ResourceType| {
        TagSpecification::builder().resource_type(kind.clone()).set_tags(Some(convert(tags))).build()
    };
    (!tags.is_empty()).then(|| kinds.iter().map(of).collect())
}

/// Tags things that exist. New things may not be known everywhere yet.
pub(crate) async fn tag(ec2: &Ec2, ids: &[String], tags: &[Tag]) -> Result<(), ApiError> {
    if ids.is_empty() || tags.is_empty() {
        return Ok(());
    }
    wait::until_known(async || order(ec2, ids, tags).await).await
}

async fn order(ec2: &Ec2, ids: &[String], tags: &[Tag]) -> Result<(), ApiError> {
    let request = ec2.create_tags().set_resources(Some(ids.to_vec())).set_tags(Some(convert(tags)));
    request.send().await.map(drop).map_err(smithy::error("CreateTags"))
}

/// Tags a disk. That it is missing is told at once, unless EBS knows it and only the tags' part of EC2 does not yet.
pub(crate) async fn tag_disk_if_possible(ec2: &Ec2, disk: &str, tags: &[Tag]) -> Result<(), Failure> {
    match order(ec2, &[disk.to_owned()], tags).await {
        Err(error) if errors::volume_gone(&error) => {
            volumes::find(ec2, disk).await?;
            Ok(tag_if_possible(ec2, disk, tags).await?)
        }
        Err(error) if refused(&error) => {
            log_refused(disk, &error);
            Ok(())
        }
        tagged => tagged.map_err(|error| errors::of_disk(error, disk)),
    }
}

/// Tags a thing, and only logs when there is no room for more tags or one of them is not allowed: it works without.
pub(crate) async fn tag_if_possible(ec2: &Ec2, id: &str, tags: &[Tag]) -> Result<(), ApiError> {
    match tag(ec2, &[id.to_owned()], tags).await {
        Err(error) if refused(&error) => {
            log_refused(id, &error);
            Ok(())
        }
        other => other,
    }
}

/// The same for a VM and its volumes, in one request where that is possible.
pub(crate) async fn tag_vm_if_possible(ec2: &Ec2, vm: &str, instance: &Instance, tags: &[Tag]) -> Result<(), ApiError> {
    let volumes: Vec<_> = instances::volumes(instance).map(|(_, volume)| volume).collect();
    let all: Vec<_> = iter::once(vm).chain(volumes.iter().copied()).map(str::to_owned).collect();
    let error = match tag(ec2, &all, tags).await {
        Err(error) if refused(&error) => error,
        other => return other,
    };
    // One of them is full; the others need not suffer. What the VM has is known, so that some need not be tried again.
    let room = has_room(instance, tags);
    let (vm_apart, volumes_apart) = (room, !room || volumes.len() > 1);
    for (id, apart) in iter::once((vm, vm_apart)).chain(volumes.into_iter().map(|volume| (volume, volumes_apart))) {
        if apart {
            tag_if_possible(ec2, id, tags).await?;
        } else {
            log_refused(id, &error);
        }
    }
    Ok(())
}

/// Names a thing that is being deleted, without waiting for the deletion. It goes whether it has the name or not.
pub(crate) async fn mark_deleted(ec2: &Ec2, id: &str) {
    let name = Tag { key: "Name".into(), value: tags::DELETED.into() };
    match order(ec2, &[id.to_owned()], &[name]).await {
        Err(error) if !errors::vm_gone(&error) && !errors::volume_gone(&error) => log_refused(id, &error),
        _ => {}
    }
}

/// Whether a VM can have these tags beside those of its own that stay. AWS's own do not count.
fn has_room(instance: &Instance, tags: &[Tag]) -> bool {
    let new = |key: &str| tags.iter().all(|tag| tag.key != key);
    let staying = instance.tags().iter().filter_map(Ec2Tag::key).filter(|key| !key.starts_with("aws:") && new(key));
    staying.count() + tags.len() <= TAGS
}

fn log_refused(id: &str, error: &ApiError) {
    log::warn("tags were refused", &[("resource", id), ("error", &error.to_string())]);
}

fn refused(error: &ApiError) -> bool {
    error.is(&["TagLimitExceeded", "InvalidParameterValue"])
}

fn convert(tags: &[Tag]) -> Vec<Ec2Tag> {
    tags.iter().map(|tag| Ec2Tag::builder().key(&tag.key).value(&tag.value).build()).collect()
}
