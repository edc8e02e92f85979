use std::collections::BTreeMap;

use cpi_plugin_sdk::{ApiError, Failure};
use serde_json::json;

use super::availability_set::{State, body};
use super::request::Request;
use super::undo::Made;
use crate::arm::{Arm, Kind, Resource};
use crate::leftovers::declare;
use crate::vms::find;

/// The availability set that a VM joins, if it joins one.
#[derive(Debug)]
pub(super) struct Membership {
    set: Option<Resource>,
    state: State,
    /// It was there and is gone: its last VM took it along.
    was_lost: bool,
}

impl Membership {
    pub(super) fn of(arm: &Arm, request: &Request, state: State) -> Self {
        let resource = |name: &String| arm.resource(&request.vm.resource_group, Kind::AvailabilitySet, name);
        Self { set: request.availability_set.as_ref().map(resource), state, was_lost: false }
    }

    pub(super) fn set(&self) -> Option<&Resource> {
        self.set.as_ref()
    }

    /// Makes the set, just before the VM, if it is not there; or makes it one for managed disks.
    pub(super) async fn ensure(
        &mut self,
        arm: &Arm,
        request: &Request,
        location: &str,
        made: &mut Made,
    ) -> Result<(), Failure> {
        let (Some(set), Some(wanted)) = (&self.set, &request.vm.availability_set) else { return Ok(()) };
        match &self.state {
            State::Ready => {}
            State::Missing => {
                let managed = arm.settings.managed_disks;
                let body = body(wanted.update_domains, wanted.fault_domains, location, managed, &BTreeMap::new());
                let note = json!({"vm": find::resource(arm, &request.id).id});
                made.intents.push(declare::make_noted(arm, "availability-set", set, &body, &note).await?);
            }
            State::Unmanaged { update_domains, fault_domains, tags } => {
                arm.put(set, &body(*update_domains, *fault_domains, location, true, tags)).await?;
            }
        }
        self.state = State::Ready;
        Ok(())
    }

    /// Whether a VM was refused because its set is gone, which is then made the next time; once.
    pub(super) fn is_lost(&mut self, error: &ApiError) -> bool {
        let ApiError::Service { code, message, .. } = error else { return false };
        let is_missing = ["NotFound", "ResourceNotFound", "InvalidResourceReference"].contains(&code.as_str());
        let names_it = self.set.as_ref().is_some_and(|set| {
            message.to_ascii_lowercase().contains(&format!("availabilitysets/{}", set.name()).to_ascii_lowercase())
        });
        if !is_missing || !names_it || self.was_lost {
            return false;
        }
        (self.was_lost, self.state) = (true, State::Missing);
        true
    }
}
