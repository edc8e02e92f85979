use cpi_plugin_sdk::Failure;
use futures_concurrency::prelude::*;
use serde::Deserialize;

use crate::arm::{Arm, Kind};
use crate::create_vm::request::Request;
use crate::disks;
use crate::instance_types::takes_premium_disks;
use crate::storage::accounts;

#[derive(Deserialize)]
struct Size {
    name: String,
}

/// The sizes of a list that take the disks which will be attached, and that the VM's availability set has room for. The
/// size that stands alone is the operator's word.
pub(in crate::create_vm) async fn fitting(arm: &Arm, request: &Request) -> Result<Vec<String>, Failure> {
    let vm = &request.vm;
    if vm.has_own_size && vm.sizes.len() == 1 {
        return Ok(vm.sizes.clone());
    }
    let (premium, of_set) = (has_premium_disks(arm, request), sizes_of_set(arm, request)).join().await;
    let (premium, of_set) = (premium?, of_set?);
    let fits = |size: &String| {
        let in_set =
            of_set.as_ref().is_none_or(|known| known.iter().any(|known| known.name.eq_ignore_ascii_case(size)));
        in_set && (!premium || takes_premium_disks(size))
    };
    let own = usize::from(vm.has_own_size);
    let (first, list) = vm.sizes.split_at_checked(own).unwrap_or_default();
    let fitting: Vec<_> = first.iter().chain(list.iter().filter(|size| fits(size))).cloned().collect();
    if fitting.is_empty() {
        let sizes = list.join(", ");
        let disks = if premium { "takes premium disks" } else { "can be had there" };
        let set = request.availability_set.as_ref().filter(|_| of_set.is_some());
        let set = set.map(|set| format!(" in the availability set '{set}'")).unwrap_or_default();
        return Err(Failure::rejected(format!("No available instance type is found: none of {sizes} {disks}{set}")));
    }
    Ok(fitting)
}

async fn has_premium_disks(arm: &Arm, request: &Request) -> Result<bool, Failure> {
    let look = async |id: &String| {
        let disk = disks::find::parse(arm, id)?;
        match (disks::find::find_managed(arm, &disk).await?, &disk.storage_account) {
            (Some(managed), _) => Ok(managed.sku.name.starts_with("Premium")),
            // It is a blob still, and becomes a managed disk when it is attached.
            (None, Some(account)) => Ok(accounts::get(arm, account).await?.is_premium()),
            (None, None) => Err(disks::stranded::missing(arm, &disk).await),
        }
    };
    let found = request.near_disks.iter().map(look).collect::<Vec<_>>().join().await;
    Ok(found.into_iter().collect::<Result<Vec<_>, _>>()?.contains(&true))
}

/// None for a set that has to be made, which takes every size.
async fn sizes_of_set(arm: &Arm, request: &Request) -> Result<Option<Vec<Size>>, Failure> {
    let Some(name) = &request.availability_set else { return Ok(None) };
    let resource = arm.resource(&request.vm.resource_group, Kind::AvailabilitySet, name);
    Ok(arm.list_below(&resource, "vmSizes").await?)
}
