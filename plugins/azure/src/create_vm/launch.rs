use cpi_plugin_sdk::{ApiError, Failure, Intent, log};
use futures_concurrency::prelude::*;
use serde_json::json;

use super::attempts::Attempts;
use super::body::{self, Order};
use super::boot::Boot;
use super::image::Images;
use super::member::Membership;
use super::request::Request;
use super::survey::Site;
use super::undo::{self, Broken, Made};
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
    let parts = Parts::of(arm, request);
    parts.declare(request, made).await?;
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
            os_disk: parts.os.name(),
            ephemeral_disk: parts.ephemeral.name(),
            token: &boot.token,
            login: &boot.login,
        };
        made.vm = true;
        let (error, begun) = match arm.order(&parts.vm, &body::body(&order)).await {
            Ok(Ended::Done) => return Ok(()),
            Ok(Ended::Failed { error, .. }) => (error, true),
            Ok(Ended::Canceled(error)) | Err(error) => (error, false),
        };
        log::warn("no VM", &[("size", candidate.size), ("error", &error.to_string())]);
        if !membership.is_lost(&error) {
            made.broken_vm = begun;
            parts.clear(arm, request, &mut attempts, &error, begun).await?;
        }
    }
    Err(Failure::rejected("no size of a VM is named").into())
}

/// What Azure makes with one order.
struct Parts {
    vm: Resource,
    os: Resource,
    ephemeral: Resource,
}

impl Parts {
    fn of(arm: &Arm, request: &Request) -> Self {
        let mut vm = find::resource(arm, &request.id);
        if request.vm.root_disk.is_fully_cached() {
            vm.version = FULL_CACHING;
        }
        let os = belongings::os_disk(&arm.settings, &request.id);
        Self { vm, os, ephemeral: belongings::ephemeral_disk(&arm.settings, &request.id) }
    }

    /// Says what will be made. What was declared last is removed first, should this call be killed.
    async fn declare(&self, request: &Request, made: &mut Made) -> Result<(), Failure> {
        if request.vhds.is_some() {
            made.intents.extend(blobs::declare(&request.id).await?);
        } else {
            for disk in [&self.os, &self.ephemeral] {
                made.intents.push(Intent::begin("disk", &disk.id, &json!({})).await?);
            }
        }
        made.intents.push(Intent::begin("vm", &self.vm.id, &json!({})).await?);
        Ok(())
    }

    /// Makes room for the next attempt; an error when there is none.
    async fn clear(
        &self,
        arm: &Arm,
        request: &Request,
        attempts: &mut Attempts<'_>,
        error: &ApiError,
        begun: bool,
    ) -> Result<(), Broken> {
        let said = errors::in_words_of_manifests(&error.to_string());
        let failure = Failure::vm_not_created(said, errors::may_pass(error));
        if !attempts.go_on(error, begun) {
            let keep = begun && arm.settings.keep_failed_vms;
            return Err(if keep { Broken::Keep(failure) } else { Broken::Undo(failure) });
        }
        undo::insist(async || self.remove(arm, request).await).await.map_err(|_| Broken::Undo(failure))
    }

    /// What is there of a VM that did not become whole.
    async fn remove(&self, arm: &Arm, request: &Request) -> Result<(), Failure> {
        arm.delete(&self.vm).await?;
        if request.vhds.is_some() {
            return blobs::remove(arm, &request.id).await;
        }
        let (os, ephemeral) = (arm.delete(&self.os), arm.delete(&self.ephemeral)).join().await;
        Ok(os.and(ephemeral).map(drop)?)
    }
}
