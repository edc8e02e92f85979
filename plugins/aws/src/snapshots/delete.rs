use cpi_plugin_sdk::{ApiError, Failure, smithy};

use crate::client::Ec2;
use crate::errors;
use crate::patience::Patience;
use crate::wait;

/// Removes a snapshot; one that is gone is a success.
pub(crate) async fn delete(ec2: &Ec2, snapshot: &str) -> Result<(), Failure> {
    Ok(order(ec2, snapshot).await?)
}

/// Removes a snapshot of an image that was removed a moment ago, which may count as in use a little longer.
pub(crate) async fn delete_released(ec2: &Ec2, snapshot: &str) -> Result<(), Failure> {
    let in_use = |error: &ApiError| error.is(&["InvalidSnapshot.InUse"]);
    Ok(wait::retry(Patience::SNAPSHOT_RELEASED, in_use, async || order(ec2, snapshot).await).await?)
}

async fn order(ec2: &Ec2, snapshot: &str) -> Result<(), ApiError> {
    match ec2.delete_snapshot().snapshot_id(snapshot).send().await.map_err(smithy::error("DeleteSnapshot")) {
        Err(error) if errors::snapshot_gone(&error) => Ok(()),
        other => other.map(drop),
    }
}
