use cpi_plugin_sdk::{ApiError, Failure, log};
use futures_concurrency::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::belongings::Belongings;
use super::model::Reference;
use super::{blobs, find};
use crate::arm::{Arm, Kind, Resource, Tagged, nullable, same_id};
use crate::errors;
use crate::ids::VmId;

#[derive(Deserialize)]
struct Interface {
    id: String,
    #[serde(flatten)]
    tagged: Tagged,
}

#[derive(Deserialize)]
struct Set {
    #[serde(default, deserialize_with = "nullable")]
    properties: Members,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Members {
    #[serde(deserialize_with = "nullable")]
    virtual_machines: Vec<Reference>,
}

/// Another VM has just joined the set, or is about to.
const SET_IN_USE: [&str; 3] = ["Conflict", "OperationNotAllowed", "ResourceInUse"];

/// Removes a VM and what was made with it. Persistent disks stay. A VM that is gone may have left the rest.
pub(crate) async fn delete(arm: &Arm, vm: &VmId) -> Result<(), Failure> {
    let mut belongings = match find::find(arm, vm).await? {
        Some(found) => {
            arm.delete(&find::resource(arm, vm)).await.map_err(|error| errors::of_vm(error, vm))?;
            Belongings::of(&arm.settings, vm, &found)
        }
        None => left(arm, vm).await?,
    };
    if vm.storage_account.is_none() {
        return remove(arm, vm, &belongings).await;
    }
    belongings.disks.clear();
    let (blobs, rest) = (blobs::remove(arm, vm), remove(arm, vm, &belongings)).join().await;
    rest.and(blobs)
}

/// What a VM left that is gone.
async fn left(arm: &Arm, vm: &VmId) -> Result<Belongings, Failure> {
    let all = Resource::all(&arm.settings, &vm.resource_group, Kind::NetworkInterface);
    let interfaces: Vec<Interface> = arm.list(&all, &[]).await?;
    let known = |found: &Interface| Resource::known(&arm.settings, Kind::NetworkInterface, &found.id);
    let ours: Vec<_> = interfaces.iter().filter(|found| super::belongings::is_of(known(found).name(), vm)).collect();
    let set = ours.iter().find_map(|found| found.tagged.tags.get("availability_set"));
    Ok(Belongings::left(&arm.settings, vm, ours.iter().map(|found| known(found)).collect(), set.map(String::as_str)))
}

/// Removes everything, also when a part of it fails; the first failure is told.
pub(crate) async fn remove(arm: &Arm, vm: &VmId, belongings: &Belongings) -> Result<(), Failure> {
    let disks: Vec<_> = belongings.disks.iter().map(async |disk| arm.delete(disk).await.map(drop)).collect();
    let (network, disks, set) =
        (network(arm, belongings), disks.join(), availability_set(arm, vm, belongings)).join().await;
    let first = std::iter::once(network).chain(disks).chain([set]).find_map(Result::err);
    first.map_or(Ok(()), |error| Err(error.into()))
}

/// An address can be removed when its interface is. Where VMs have none, clients mostly may look for one and not remove it.
async fn network(arm: &Arm, belongings: &Belongings) -> Result<(), ApiError> {
    let interfaces: Vec<_> = belongings.interfaces.iter().map(|interface| arm.delete(interface)).collect();
    interfaces.join().await.into_iter().find_map(Result::err).map_or(Ok(()), Err)?;
    match arm.read::<IgnoredAny>(&belongings.address).await? {
        Some(_) => arm.delete(&belongings.address).await.map(drop),
        None => Ok(()),
    }
}

/// The last VM of a set takes it along.
async fn availability_set(arm: &Arm, vm: &VmId, belongings: &Belongings) -> Result<(), ApiError> {
    let Some(set) = &belongings.availability_set else { return Ok(()) };
    let Some(Set { properties }) = arm.read(set).await? else { return Ok(()) };
    let gone = find::resource(arm, vm);
    if properties.virtual_machines.iter().any(|member| !same_id(&member.id, &gone.id)) {
        return Ok(());
    }
    match arm.delete(set).await {
        Err(error) if error.is(&SET_IN_USE) => {
            log::debug("the availability set stays", &[("id", &set.id), ("reason", &error.to_string())]);
            Ok(())
        }
        deleted => deleted.map(drop),
    }
}
