//! Metadata of what exists.

use cpi_plugin_sdk::{ApiError, Tag};
use serde_json::json;

use crate::arm::{Arm, Resource, Tagged};
use crate::tags;

/// Adds tags and keeps those that are there; false when the resource is not.
pub(crate) async fn add(arm: &Arm, resource: &Resource, metadata: &[Tag]) -> Result<bool, ApiError> {
    let Some(Tagged { tags: there, .. }) = arm.read(resource).await? else { return Ok(false) };
    let all = tags::merged(&there, metadata);
    if all != there {
        arm.patch(resource, &json!({"tags": all}), None).await?;
    }
    Ok(true)
}
