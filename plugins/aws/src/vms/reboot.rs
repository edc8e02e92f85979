use cpi_plugin_sdk::{Failure, smithy};

use crate::client::Ec2;
use crate::errors;

/// Restarts an instance, and starts one that is stopped.
pub(crate) async fn reboot(ec2: &Ec2, vm: &str) -> Result<(), Failure> {
    match ec2.reboot_instances().instance_ids(vm).send().await.map_err(smithy::error("RebootInstances")) {
        Ok(_) => Ok(()),
        Err(error) if error.is(&["IncorrectInstanceState", "IncorrectState"]) => {
            let started = ec2.start_instances().instance_ids(vm).send().await.map_err(smithy::error("StartInstances"));
            started.map(drop).map_err(|error| errors::of_vm(error, vm))
        }
        Err(error) => Err(errors::of_vm(error, vm)),
    }
}
