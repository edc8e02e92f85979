use cpi_plugin_sdk::{Failure, smithy};

use crate::client::Ec2;
use crate::errors;

/// Removes a snapshot; one that is gone is a success.
pub(crate) async fn delete(ec2: &Ec2, snapshot: &str) -> Result<(), Failure> {
    match ec2.delete_snapshot().snapshot_id(snapshot).send().await.map_err(smithy::error("DeleteSnapshot")) {
        Ok(_) => Ok(()),
        Err(error) if errors::snapshot_gone(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
