use cpi_plugin_sdk::{ApiError, Failure, Intent, log};
use serde_json::{Value, json};

use crate::arm::{Arm, Resource};

/// Makes something that outlives the call. What did not become whole is removed.
pub(crate) async fn make(arm: &Arm, kind: &str, resource: &Resource, body: &Value) -> Result<Intent, Failure> {
    make_noted(arm, kind, resource, body, &json!({})).await
}

/// The same, with a note for who finds it.
pub(crate) async fn make_noted(
    arm: &Arm,
    kind: &str,
    resource: &Resource,
    body: &Value,
    note: &Value,
) -> Result<Intent, Failure> {
    let intent = Intent::begin(kind, &resource.id, note).await?;
    match arm.put(resource, body).await {
        Ok(()) => {
            intent.created(&resource.id);
            Ok(intent)
        }
        Err(error) => Err(undo(arm, resource, &intent, error).await),
    }
}

async fn undo(arm: &Arm, resource: &Resource, intent: &Intent, error: ApiError) -> Failure {
    if let ApiError::Host { error: unsent, .. } = &error
        && !unsent.may_have_arrived()
    {
        intent.removed();
        return error.into();
    }
    match arm.delete(resource).await {
        Ok(_) => {
            intent.removed();
            error.into()
        }
        // Who may not make it, or is refused for its name, cannot have made it.
        Err(second) if second.code().is_some() && second.code() == error.code() => {
            intent.removed();
            error.into()
        }
        Err(second) => {
            log::error("not removed", &[("id", &resource.id), ("error", &second.to_string())]);
            Failure::from(error).and(&format!("'{}' may be left behind: {second}", resource.id))
        }
    }
}
