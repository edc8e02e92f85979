use cpi_plugin_sdk::{ApiError, Failure, Intent, log};
use futures_concurrency::prelude::*;
use serde_json::json;

use crate::arm::Arm;
use crate::create_vm::vhds::{STATUS, ephemeral_blob, os_blob};
use crate::ids::VmId;
use crate::leftovers;
use crate::storage::{Account, Blob, accounts};

/// The container of disks in every account that has some.
const CONTAINER: &str = "bosh";

/// Removes the disks of a VM without managed ones, and what Azure wrote of its state. Those that are gone are a success.
pub(crate) async fn remove(arm: &Arm, vm: &VmId) -> Result<(), Failure> {
    let Some(name) = &vm.storage_account else { return Ok(()) };
    let Some(account) = accounts::find(arm, name).await? else { return Ok(()) };
    let disk = async |blob: String| Ok::<_, Failure>(Blob::new(arm, &account, CONTAINER, blob)?.delete().await?);
    let (os, ephemeral, states) =
        (disk(os_blob(&vm.name)), disk(ephemeral_blob(&vm.name)), states(arm, &account, &vm.name)).join().await;
    if let Err(failure) = states {
        log::warn("what Azure wrote of the VM's state stays", &[("vm", &vm.name), ("why", &failure.describe())]);
    }
    os.and(ephemeral).map(drop)
}

/// Has the disks of a VM on record before it is ordered.
pub(crate) async fn declare(vm: &VmId) -> Result<Vec<Intent>, Failure> {
    let Some(account) = &vm.storage_account else { return Ok(Vec::new()) };
    let mut intents = Vec::new();
    for blob in [os_blob(&vm.name), ephemeral_blob(&vm.name)] {
        intents.push(Intent::begin(leftovers::BLOB, &format!("{account}/{CONTAINER}/{blob}"), &json!({})).await?);
    }
    Ok(intents)
}

async fn states(arm: &Arm, account: &Account, vm: &str) -> Result<(), Failure> {
    let names = Blob::list(arm, account, CONTAINER, vm).await?;
    let places =
        names.into_iter().filter(|name| name.ends_with(STATUS)).map(|name| Blob::new(arm, account, CONTAINER, name));
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let removed: Vec<Result<bool, ApiError>> = places.iter().map(Blob::delete).collect::<Vec<_>>().join().await;
    Ok(removed.into_iter().find_map(Result::err).map_or(Ok(()), Err)?)
}
