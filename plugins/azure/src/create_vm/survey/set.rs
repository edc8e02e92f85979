use cpi_plugin_sdk::Failure;

use crate::arm::{Arm, Kind};
use crate::create_vm::availability_set::{Set, State};
use crate::create_vm::request::Request;
use crate::instance_types::domains;

/// What has to be done to the VM's set. One that is there has to fit.
pub(super) async fn state(arm: &Arm, request: &Request, location: &str) -> Result<State, Failure> {
    let Some(name) = &request.availability_set else { return Ok(State::Ready) };
    let resource = arm.resource(&request.vm.resource_group, Kind::AvailabilitySet, name);
    let found: Option<Set> = arm.read(&resource).await?;
    match found.map_or(Ok(State::Missing), |found| found.state(name, location, arm.settings.managed_disks))? {
        // Managed disks are spread over fewer domains in some regions.
        State::Unmanaged { update_domains, fault_domains, tags } => {
            let most = domains::most_fault_domains(arm, location).await?;
            Ok(State::Unmanaged { update_domains, fault_domains: fault_domains.min(most), tags })
        }
        state => Ok(state),
    }
}
