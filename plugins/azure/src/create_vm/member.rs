use cpi_plugin_sdk::{ApiError, Failure};

use super::availability_set::body;
use super::request::Request;
use super::undo::Made;
use crate::arm::{Arm, Kind, Resource};
use crate::leftovers::declare;

/// The availability set that a VM joins, if it joins one.
#[derive(Debug)]
pub(super) struct Membership {
    set: Option<Resource>,
    is_missing: bool,
    /// It was there and is gone: its last VM took it along.
    was_lost: bool,
}

impl Membership {
    pub(super) fn of(arm: &Arm, request: &Request, is_missing: bool) -> Self {
        let resource = |name: &String| arm.resource(&request.vm.resource_group, Kind::AvailabilitySet, name);
        Self { set: request.availability_set.as_ref().map(resource), is_missing, was_lost: false }
    }

    pub(super) fn set(&self) -> Option<&Resource> {
        self.set.as_ref()
    }

    /// Makes the set, just before the VM, if it is not there.
    pub(super) async fn ensure(
        &mut self,
        arm: &Arm,
        request: &Request,
        location: &str,
        made: &mut Made,
    ) -> Result<(), Failure> {
        let (Some(set), Some(wanted), true) = (&self.set, &request.vm.availability_set, self.is_missing) else {
            return Ok(());
        };
        made.intents.push(declare::make(arm, "availability-set", set, &body(wanted, location)).await?);
        self.is_missing = false;
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
        (self.was_lost, self.is_missing) = (true, true);
        true
    }
}
