use aws_sdk_ec2::types::{ResourceType, Tag as Ec2Tag, TagSpecification};
use cpi_plugin_sdk::{ApiError, Tag, log, smithy};

use crate::client::Ec2;
use crate::errors;
use crate::patience::Patience;
use crate::tags;
use crate::wait;

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
    let gone = |error: &ApiError| {
        errors::vm_gone(error)
            || errors::volume_gone(error)
            || errors::image_gone(error)
            || errors::snapshot_gone(error)
    };
    wait::retry(Patience::CONSISTENT, gone, async || {
        let request = ec2.create_tags().set_resources(Some(ids.to_vec())).set_tags(Some(convert(tags)));
        request.send().await.map(drop).map_err(smithy::error("CreateTags"))
    })
    .await
}

/// Tags things, and only logs when there is no room for more tags or one of them is not allowed: the things work without.
pub(crate) async fn tag_if_possible(ec2: &Ec2, ids: &[String], tags: &[Tag]) -> Result<(), ApiError> {
    match tag(ec2, ids, tags).await {
        Err(error) if refused(&error) && ids.len() > 1 => {
            // One of them is full; the others need not suffer.
            for id in ids {
                Box::pin(tag_if_possible(ec2, std::slice::from_ref(id), tags)).await?;
            }
            Ok(())
        }
        Err(error) if refused(&error) => {
            log::warn("tags were refused", &[("resource", &ids.join(",")), ("error", &error.to_string())]);
            Ok(())
        }
        other => other,
    }
}

/// Names a thing that is being deleted, without waiting for the deletion.
pub(crate) async fn mark_deleted(ec2: &Ec2, id: &str) -> Result<(), ApiError> {
    let name = Tag { key: "Name".into(), value: tags::DELETED.into() };
    let request = ec2.create_tags().resources(id).set_tags(Some(convert(&[name])));
    match request.send().await.map_err(smithy::error("CreateTags")) {
        Err(error) if errors::vm_gone(&error) || errors::volume_gone(&error) => Ok(()),
        other => other.map(drop),
    }
}

fn refused(error: &ApiError) -> bool {
    error.is(&["TagLimitExceeded", "InvalidParameterValue"])
}

fn convert(tags: &[Tag]) -> Vec<Ec2Tag> {
    tags.iter().map(|tag| Ec2Tag::builder().key(&tag.key).value(&tag.value).build()).collect()
}
