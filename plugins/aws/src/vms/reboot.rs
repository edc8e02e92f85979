use cpi_plugin_sdk::{Failure, smithy};

use crate::client::Ec2;
use crate::errors;
use crate::instances;

/// Restarts an instance, and starts one that is stopped.
pub(crate) async fn reboot(ec2: &Ec2, vm: &str) -> Result<(), Failure> {
    match ec2.reboot_instances().instance_ids(vm).send().await.map_err(smithy::error("RebootInstances")) {
        Ok(_) => Ok(()),
        Err(error) if error.is(&["IncorrectInstanceState", "IncorrectState"]) => {
            // One that is gone cannot be started, and says so in the same words as one that is not stopped yet.
            instances::find(ec2, vm).await?;
            let started = ec2.start_instances().instance_ids(vm).send().await.map_err(smithy::error("StartInstances"));
            started.map(drop).map_err(|error| errors::of_vm(error, vm))
        }
        Err(error) => Err(errors::of_vm(error, vm)),
    }
}
