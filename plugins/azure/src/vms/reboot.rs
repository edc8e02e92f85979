use cpi_plugin_sdk::Failure;

use super::find;
use crate::arm::{Arm, is_gone};
use crate::errors;
use crate::ids::VmId;

/// Restarts a VM, and starts one that is off.
pub(crate) async fn reboot(arm: &Arm, vm: &VmId) -> Result<(), Failure> {
    let resource = find::resource(arm, vm);
    match arm.act(&resource, "restart").await {
        // Azure has several words for "it does not run".
        Err(error) if !is_gone(&error) && error.code().is_some() => match arm.act(&resource, "start").await {
            Ok(()) => Ok(()),
            Err(second) if second.code() == error.code() => Err(errors::of_vm(error, vm)),
            Err(second) => Err(errors::of_vm(error, vm).and(&format!("nor could it be started: {second}"))),
        },
        restarted => restarted.map_err(|error| errors::of_vm(error, vm)),
    }
}
