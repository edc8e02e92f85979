use cpi_plugin_sdk::Failure;

use crate::arm::{Arm, Kind};
use crate::create_vm::availability_set::Set;
use crate::create_vm::request::Request;

/// Whether the VM's set has to be made. One that is there has to fit.
pub(super) async fn is_missing(arm: &Arm, request: &Request, location: &str) -> Result<bool, Failure> {
    let Some(name) = &request.availability_set else { return Ok(false) };
    let resource = arm.resource(&request.vm.resource_group, Kind::AvailabilitySet, name);
    let found: Option<Set> = arm.read(&resource).await?;
    found.map_or(Ok(true), |found| found.check(name, location).map(|()| false))
}
