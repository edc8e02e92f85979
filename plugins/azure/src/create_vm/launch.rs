use cpi_plugin_sdk::{Failure, Intent, log};
use futures_concurrency::prelude::*;
use serde_json::json;

use super::attempts::Attempts;
use super::body::{self, Order};
use super::boot::Boot;
use super::image::Images;
use super::member::Membership;
use super::request::Request;
use super::survey::Site;
use super::undo::{Broken, Made};
use crate::arm::{Arm, Ended, Resource};
use crate::errors;
use crate::vms::find;
use crate::vms::{belongings, blobs};

/// The version of the interface that knows of it.
const FULL_CACHING: &str = "2025-11-01";

/// Makes the VM: of the first size in the first zone that has room.
pub(super) async fn launch(
    arm: &Arm,
    request: &Request,
    site: Site,
    boot: &Boot,
    interfaces: &[Resource],
    made: &mut Made,
) -> Result<(), Broken> {
    let Site { location, image, set, .. } = site;
    let mut attempts = Attempts::new(request.candidates());
    let mut images = Images::new(arm, request, &location, image);
    let mut membership = Membership::of(arm, request, set);
    membership.ensure(arm, request, &location, made).await?;
    let vm = resource(arm, request);
    let disks =
        [belongings::os_disk(&arm.settings, &request.id), belongings::ephemeral_disk(&arm.settings, &request.id)];
    let [os, ephemeral] = &disks;
    declare(request, &vm, &disks, made).await?;
    while let Some(candidate) = attempts.current() {
        let image = images.of(candidate).await?;
        membership.ensure(arm, request, &location, made).await?;
        let order = Order {
            request,
            location: &location,
            candidate,
            image,
            interfaces,
            availability_set: membership.set(),
            boot_diagnostics: arm.settings.boot_diagnostics && !arm.settings.stack,
            delete_disks: arm.settings.delete_disks_with_vm,
            os_disk: os.name(),
            ephemeral_disk: ephemeral.name(),
            token: &boot.token,
            login: &boot.login,
        };
        made.vm = true;
        let (error, begun) = match arm.order(&vm, &body::body(&order)).await {
            Ok(Ended::Done) => return Ok(()),
            Ok(Ended::Failed { error, .. }) => (error, true),
            Ok(Ended::Canceled(error)) | Err(error) => (error, false),
        };
        log::warn("no VM", &[("size", candidate.size), ("error", &error.to_string())]);
        if membership.is_lost(&error) {
            continue;
        }
        let said = errors::in_words_of_manifests(&error.to_string());
        let failure = Failure::vm_not_created(said, errors::may_pass(&error));
        if !attempts.go_on(&error, begun) {
            let keep = begun && arm.settings.keep_failed_vms;
            return Err(if keep { Broken::Keep(failure) } else { Broken::Undo(failure) });
        }
        if let Err(second) = remove(arm, request, &vm, &disks).await {
            log::warn("what there is of it is not removed", &[("error", &second.describe())]);
            return Err(Broken::Undo(failure));
        }
    }
    Err(Failure::rejected("no size of a VM is named").into())
}

fn resource(arm: &Arm, request: &Request) -> Resource {
    let mut vm = find::resource(arm, &request.id);
    if request.vm.root_disk.is_fully_cached() {
        vm.version = FULL_CACHING;
    }
    vm
}

/// Says what will be made. What was declared last is removed first, should this call be killed.
async fn declare(request: &Request, vm: &Resource, disks: &[Resource], made: &mut Made) -> Result<(), Failure> {
    if request.vhds.is_some() {
        made.intents.extend(blobs::declare(&request.id).await?);
    } else {
        for disk in disks {
            made.intents.push(Intent::begin("disk", &disk.id, &json!({})).await?);
        }
    }
    made.intents.push(Intent::begin("vm", &vm.id, &json!({})).await?);
    Ok(())
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
