use std::collections::BTreeMap;

use cpi_plugin_sdk::{Failure, Intent, agents, log};
use futures_concurrency::prelude::*;
use serde_json::json;

use super::agent;
use super::body::{self, Login, Order};
use super::image;
use super::login;
use super::member::Membership;
use super::request::Request;
use super::survey::Site;
use super::undo::{Broken, Made};
use crate::arm::{Arm, Ended, Resource};
use crate::errors;
use crate::vms::find;
use crate::vms::{belongings, blobs};

/// So often Azure is asked for a VM that it begins and does not bring up.
const TRIES: usize = 3;

/// The version of the interface that knows of it.
const FULL_CACHING: &str = "2025-11-01";

/// Makes the VM: of the first size in the first zone that has room.
pub(super) async fn launch(
    arm: &Arm,
    request: &Request,
    site: Site,
    interfaces: &[Resource],
    made: &mut Made,
) -> Result<(), Broken> {
    let candidates = request.candidates();
    let Site { location, image, set, .. } = site;
    let login = login::of(&image)?;
    let computer = match &login {
        Login::Key => None,
        Login::Password { computer, .. } => Some(computer.as_str()),
    };
    let sealed = agents::seal(&agent::settings(request, computer)).map_err(Failure::rejected)?;
    agent::check_size(sealed.size)?;

    let first = candidates.first().map(|first| request.vm.root_disk.sku_for(first.size)).unwrap_or_default();
    let mut images = BTreeMap::from([(first, image)]);
    let mut membership = Membership::of(arm, request, set);
    let mut vm = find::resource(arm, &request.id);
    if request.vm.root_disk.is_fully_cached() {
        vm.version = FULL_CACHING;
    }
    let disks =
        [belongings::os_disk(&arm.settings, &request.id), belongings::ephemeral_disk(&arm.settings, &request.id)];
    let [os, ephemeral] = &disks;
    membership.ensure(arm, request, &location, made).await?;
    // What was declared last is removed first, should this call be killed.
    if request.vhds.is_some() {
        made.intents.extend(blobs::declare(&request.id).await?);
    } else {
        for disk in &disks {
            made.intents.push(Intent::begin("disk", &disk.id, &json!({})).await?);
        }
    }
    made.intents.push(Intent::begin("vm", &vm.id, &json!({})).await?);
    let mut replaced = false;
    let mut number = 0;
    while let Some(candidate) = candidates.get(number % candidates.len().max(1)) {
        number += 1;
        let sku = request.vm.root_disk.sku_for(candidate.size);
        let sku = if request.vhds.is_some() { first } else { sku };
        if !images.contains_key(sku) {
            images.insert(sku, image::find_or_make(arm, &request.stemcell, sku, &location).await?);
        }
        let Some(image) = images.get(sku) else { continue };
        membership.ensure(arm, request, &location, made).await?;
        let order = Order {
            request,
            location: &location,
            candidate: *candidate,
            image,
            interfaces,
            availability_set: membership.set(),
            boot_diagnostics: arm.settings.boot_diagnostics && !arm.settings.stack,
            delete_disks: arm.settings.delete_disks_with_vm,
            os_disk: os.name(),
            ephemeral_disk: ephemeral.name(),
            token: &sealed.token,
            login: &login,
        };
        made.vm = true;
        let (error, failed) = match arm.order(&vm, &body::body(&order)).await {
            Ok(Ended::Done) => return Ok(()),
            Ok(Ended::Failed(error)) => (error, true),
            Ok(Ended::Canceled(error)) | Err(error) => (error, false),
        };
        log::warn("no VM", &[("size", candidate.size), ("error", &error.to_string())]);
        if membership.is_lost(&error) {
            number -= 1;
            continue;
        }
        let may_pass = errors::may_pass(&error);
        let failure = Failure::vm_not_created(errors::in_words_of_manifests(&error.to_string()), may_pass);
        // What an earlier call of the same agent left: its VM cannot become this one.
        let is_left = error.is(&["PropertyChangeNotAllowed"]) && !replaced;
        let (elsewhere, once_more) = (number < candidates.len(), failed && number < TRIES);
        if is_left || once_more || (failed || may_pass) && elsewhere {
            let removed = remove(arm, request, &vm, &disks).await;
            let left = |second: Failure| format!("and what there was of it was not removed: {}", second.describe());
            removed.map_err(|second| failure.and(&left(second)))?;
            replaced |= is_left;
            number -= usize::from(is_left);
            continue;
        }
        let keep = failed && arm.settings.keep_failed_vms;
        return Err(if keep { Broken::Keep(failure) } else { Broken::Undo(failure) });
    }
    Err(Failure::rejected("no size of a VM is named").into())
}

/// What is there of a VM that did not become whole.
async fn remove(arm: &Arm, request: &Request, vm: &Resource, disks: &[Resource]) -> Result<(), Failure> {
    arm.delete(vm).await?;
    if request.vhds.is_some() {
        return blobs::remove(arm, &request.id).await;
    }
    let deletions: Vec<_> = disks.iter().map(|disk| arm.delete(disk)).collect();
    Ok(deletions.join().await.into_iter().find_map(Result::err).map_or(Ok(()), Err)?)
}
