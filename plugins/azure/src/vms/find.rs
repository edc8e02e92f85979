use cpi_plugin_sdk::Failure;

use super::Vm;
use crate::arm::{Arm, Kind, Resource};
use crate::errors;
use crate::ids::VmId;

pub(crate) fn parse(arm: &Arm, id: &str) -> Result<VmId, Failure> {
    VmId::parse(id, &arm.settings.resource_group)
}

pub(crate) fn resource(arm: &Arm, vm: &VmId) -> Resource {
    arm.resource(&vm.resource_group, Kind::VirtualMachine, &vm.name)
}

/// The VM, if it is there.
pub(crate) async fn find(arm: &Arm, vm: &VmId) -> Result<Option<Vm>, Failure> {
    arm.read(&resource(arm, vm)).await.map_err(|error| errors::of_vm(error, vm))
}

/// The VM, which must be there.
pub(crate) async fn get(arm: &Arm, vm: &VmId) -> Result<Vm, Failure> {
    find(arm, vm).await?.ok_or_else(|| errors::vm_not_found(vm))
}
