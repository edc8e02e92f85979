use std::collections::BTreeMap;

use cpi_plugin_sdk::{ApiError, Failure, Intent, agents, log, random};
use futures_concurrency::prelude::*;
use serde_json::json;

use super::agent;
use super::availability_set;
use super::body::{self, Login, Order};
use super::image::{self, Image};
use super::request::{Candidate, Request};
use super::survey::Site;
use crate::arm::{Arm, Kind, Resource};
use crate::errors;
use crate::vms::belongings;
use crate::vms::find;

/// So often it is tried at least: Azure's trouble passes.
const LEAST_TRIES: usize = 3;

/// Makes the VM: of the first size in the first zone that has room.
pub(super) async fn launch(
    arm: &Arm,
    request: &Request,
    site: Site,
    interfaces: &[Resource],
    candidates: &[Candidate<'_>],
    made: &mut Vec<Intent>,
) -> Result<(), Failure> {
    let Site { location, image, .. } = site;
    let login = login(&image)?;
    let computer = match &login {
        Login::Key => None,
        Login::Password { computer, .. } => Some(computer.as_str()),
    };
    let sealed = agents::seal(&agent::settings(request, computer)).map_err(Failure::rejected)?;
    agent::check_size(sealed.size)?;

    let first = candidates.first().map(|first| request.vm.root_disk.sku_for(first.size)).unwrap_or_default();
    let mut images = BTreeMap::from([(first, image)]);
    let vm = find::resource(arm, &request.id);
    let (os, ephemeral) =
        (belongings::os_disk(&arm.settings, &request.id), belongings::ephemeral_disk(&arm.settings, &request.id));
    let intent = Intent::begin("vm", &vm.id, &json!({})).await?;
    let disks =
        [Intent::begin("disk", &os.id, &json!({})).await?, Intent::begin("disk", &ephemeral.id, &json!({})).await?];
    let mut last = None;
    let tries = candidates.len().max(LEAST_TRIES);
    for (number, candidate) in candidates.iter().cycle().take(tries).enumerate() {
        let sku = request.vm.root_disk.sku_for(candidate.size);
        if !images.contains_key(sku) {
            images.insert(sku, image::find(arm, &request.stemcell, sku, &location).await?);
        }
        let Some(image) = images.get(sku) else { continue };
        let set = availability_set(arm, request, &location).await?;
        let order = Order {
            request,
            location: &location,
            candidate: *candidate,
            image,
            interfaces,
            availability_set: set.as_ref(),
            boot_diagnostics: arm.settings.boot_diagnostics && !arm.settings.stack,
            os_disk: os.name(),
            ephemeral_disk: ephemeral.name(),
            token: &sealed.token,
            login: &login,
        };
        match arm.put(&vm, &body::body(&order)).await {
            Ok(()) => {
                intent.created(&vm.id);
                disks.iter().zip([&os, &ephemeral]).for_each(|(intent, disk)| intent.created(&disk.id));
                made.extend(disks.into_iter().chain([intent]));
                return Ok(());
            }
            Err(error) => {
                log::warn("no VM", &[("size", candidate.size), ("error", &error.to_string())]);
                let again = errors::may_pass(&error);
                last = Some(not_created(&error, again));
                if again && number + 1 == tries && arm.settings.keep_failed_vms {
                    break;
                }
                remove(arm, &vm, &[&os, &ephemeral]).await?;
                if !again || number + 1 == tries {
                    [&intent].into_iter().chain(&disks).for_each(Intent::removed);
                    break;
                }
            }
        }
    }
    Err(last.unwrap_or_else(|| Failure::rejected("no size of a VM is left to try")))
}

/// What is there of a VM that did not become whole.
async fn remove(arm: &Arm, vm: &Resource, disks: &[&Resource]) -> Result<(), ApiError> {
    arm.delete(vm).await?;
    let deletions: Vec<_> = disks.iter().map(|disk| arm.delete(disk)).collect();
    deletions.join().await.into_iter().find_map(Result::err).map_or(Ok(()), Err)
}

fn not_created(error: &ApiError, again: bool) -> Failure {
    let text = error.to_string().replace("vmSize", "instance_type");
    Failure::vm_not_created(text, again)
}

/// The set, made just before the VM, since the last VM of a set takes it along.
async fn availability_set(arm: &Arm, request: &Request, location: &str) -> Result<Option<Resource>, Failure> {
    let (Some(name), Some(wanted)) = (&request.availability_set, &request.vm.availability_set) else { return Ok(None) };
    let resource = arm.resource(&request.vm.resource_group, Kind::AvailabilitySet, name);
    let there: Option<serde::de::IgnoredAny> = arm.read(&resource).await?;
    if there.is_none() {
        arm.put(&resource, &availability_set::body(wanted, location)).await?;
    }
    Ok(Some(resource))
}

fn login(image: &Image) -> Result<Login, Failure> {
    if !image.disk.windows {
        return Ok(Login::Key);
    }
    let hex = |uuid: String| uuid.replace('-', "");
    let (name, lower, upper) = (hex(random::uuid()?), random::uuid()?, random::uuid()?.to_uppercase());
    Ok(Login::Password {
        computer: name.chars().take(15).collect(),
        user: hex(random::uuid()?).chars().take(20).collect(),
        password: format!("{lower}{upper}"),
    })
}
