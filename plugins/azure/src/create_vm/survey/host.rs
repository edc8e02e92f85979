use cpi_plugin_sdk::Failure;

use crate::arm::Arm;
use crate::create_vm::host::HostGroup;
use crate::create_vm::request::Request;

/// Refuses a VM that cannot stand on the hosts which are wanted for it.
pub(super) async fn check(arm: &Arm, request: &Request, location: &str) -> Result<(), Failure> {
    let Some(host) = &request.vm.host else { return Ok(()) };
    let found: Option<HostGroup> = arm.read(&host.group).await?;
    let missing = || Failure::rejected(format!("Cannot find the group of dedicated hosts '{}'", host.group.id));
    found.ok_or_else(missing)?.check(host, location, &request.vm.zones)
}
