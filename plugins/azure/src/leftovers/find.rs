use cpi_plugin_sdk::{Failure, Leftover};
use serde::de::IgnoredAny;

use super::kinds::resource;
use crate::arm::Arm;

/// Its id, if it is there.
pub(crate) async fn find(arm: &Arm, leftover: &Leftover) -> Result<Vec<String>, Failure> {
    let resource = resource(&arm.settings, leftover)?;
    let there: Option<IgnoredAny> = arm.read(&resource).await?;
    Ok(there.map(|_| resource.id).into_iter().collect())
}

/// Removes it, and returns when it is gone.
pub(crate) async fn remove(arm: &Arm, leftover: &Leftover) -> Result<(), Failure> {
    Ok(arm.delete(&resource(&arm.settings, leftover)?).await.map(drop)?)
}
