use cpi_plugin_sdk::{ApiError, Failure, smithy};

use crate::client::Ec2;
use crate::errors;
use crate::instances;

/// Restarts an instance, and starts one that is stopped.
pub(crate) async fn reboot(ec2: &Ec2, vm: &str) -> Result<(), Failure> {
    match ec2.reboot_instances().instance_ids(vm).send().await.map_err(smithy::error("RebootInstances")) {
        Ok(_) => Ok(()),
        Err(error) if not_now(&error) => {
            let started = ec2.start_instances().instance_ids(vm).send().await.map_err(smithy::error("StartInstances"));
            match started {
                // One that was terminated says so in the same words as one that is not stopped yet.
                Err(error) if not_now(&error) => instances::find(ec2, vm).await.and(Err(error.into())),
                other => other.map(drop).map_err(|error| errors::of_vm(error, vm)),
            }
        }
        Err(error) => Err(errors::of_vm(error, vm)),
    }
}

fn not_now(error: &ApiError) -> bool {
    error.is(&["IncorrectInstanceState", "IncorrectState"])
}
