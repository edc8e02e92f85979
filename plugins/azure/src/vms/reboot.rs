use cpi_plugin_sdk::Failure;

use super::find;
use crate::arm::Arm;
use crate::errors;
use crate::ids::VmId;

/// How Azure refuses to restart a VM that is off.
const OFF: [&str; 2] = ["Conflict", "OperationNotAllowed"];

/// Restarts a VM, and starts one that is off.
pub(crate) async fn reboot(arm: &Arm, vm: &VmId) -> Result<(), Failure> {
    let resource = find::resource(arm, vm);
    match arm.act(&resource, "restart").await {
        Err(error) if error.is(&OFF) => {
            let started = arm.act(&resource, "start").await;
            started.map_err(|second| errors::of_vm(error, vm).and(&format!("nor could it be started: {second}")))
        }
        restarted => restarted.map_err(|error| errors::of_vm(error, vm)),
    }
}
