use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use cpi_plugin_sdk::Failure;

use super::Image;
use super::find::find_or_make;
use crate::arm::Arm;
use crate::create_vm::request::{Candidate, Request};

/// The images of a stemcell for one VM: some sizes need one for another type of disk.
pub(in crate::create_vm) struct Images<'a> {
    arm: &'a Arm,
    request: &'a Request,
    location: &'a str,
    by_type: BTreeMap<&'a str, Image>,
}

impl<'a> Images<'a> {
    /// With the one for the first size.
    pub(in crate::create_vm) fn new(arm: &'a Arm, request: &'a Request, location: &'a str, image: Image) -> Self {
        Self { arm, request, location, by_type: BTreeMap::from([(request.first_disk_type(), image)]) }
    }

    /// The one for this size, made where it is missing.
    pub(in crate::create_vm) async fn of(&mut self, candidate: Candidate<'_>) -> Result<&Image, Failure> {
        // A blob serves all of them.
        let request = self.request;
        let is_blob = request.vhds.is_some();
        let sku = if is_blob { request.first_disk_type() } else { request.vm.root_disk.sku_for(candidate.size) };
        match self.by_type.entry(sku) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let image = find_or_make(self.arm, &request.stemcell, sku, self.location).await?;
                Ok(unknown.insert(image))
            }
        }
    }
}
