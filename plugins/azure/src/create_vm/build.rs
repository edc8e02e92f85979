use cpi_plugin_sdk::{Failure, Intent, Plan, Retriable, log};
use futures_concurrency::prelude::*;
use serde_json::{Value, json};

use super::interfaces::{self, Common};
use super::launch;
use super::request::{Candidate, Request};
use super::survey::{self, Site};
use crate::arm::{Arm, Kind, Resource};
use crate::leftovers::declare;
use crate::vms::belongings::{self, Belongings};
use crate::vms::{delete, find};

/// Makes a VM. On any failure everything that was made is removed.
pub(crate) async fn create(arm: &Arm, plan: Plan) -> Result<String, Failure> {
    let mut request = Request::check(plan, &arm.settings)?;
    request.vm.sizes = survey::fitting_sizes(arm, &request).await?;
    let candidates = request.candidates();
    let Some(first) = candidates.first() else { return Err(Failure::rejected("no size of a VM is named")) };
    let site = survey::survey(arm, &request, *first).await.map_err(not_created)?;
    let mut made = Vec::new();
    match build(arm, &request, site, &candidates, &mut made).await {
        Ok(()) => Ok(request.id.to_string()),
        Err(failure) => Err(undo(arm, &request, &made, failure).await),
    }
}

async fn build(
    arm: &Arm,
    request: &Request,
    mut site: Site,
    candidates: &[Candidate<'_>],
    made: &mut Vec<Intent>,
) -> Result<(), Failure> {
    let settings = &arm.settings;
    if site.lacks_group {
        let group = Resource::group(settings, &request.vm.resource_group);
        arm.put(&group, &json!({"location": site.location, "tags": {"user-agent": "bosh"}})).await?;
    }
    if request.vm.dynamic_public_ip && request.networks.vip.is_none() {
        let address = belongings::address(settings, &request.id);
        let body = address_body(request, &site, settings.idle_timeout_minutes);
        made.push(declare::make(arm, "public-ip-address", &address, &body).await?);
        if let Some(primary) = site.references.first_mut() {
            primary.public_address = Some((address.id, false));
        }
    }
    let set = request.availability_set.as_deref();
    let common = Common { settings, vm: &request.vm, location: &site.location, availability_set: set };
    let orders = request.networks.interfaces.iter().zip(&site.references).enumerate();
    let orders: Vec<_> = orders
        .map(|(index, (interface, references))| {
            let name = belongings::interface_name(&request.id, index);
            let resource = arm.resource(&request.vm.resource_group, Kind::NetworkInterface, &name);
            (resource, interfaces::body(&common, index, interface, references))
        })
        .collect();
    let makes = orders.iter().map(|(resource, body)| declare::make(arm, "network-interface", resource, body));
    let mut failed = None;
    // All of them end before anything is removed: what is still being made cannot be.
    for result in makes.collect::<Vec<_>>().join().await {
        match result {
            Ok(intent) => made.push(intent),
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    let interfaces: Vec<_> = orders.into_iter().map(|(resource, _)| resource).collect();
    launch::launch(arm, request, site, &interfaces, candidates, made).await?;
    if let Some(change) = request.vm.ephemeral_disk.performance() {
        arm.patch(&belongings::ephemeral_disk(settings, &request.id), &change, None).await?;
    }
    Ok(())
}

/// An address of the VM's own. Where it may come up in several zones, it serves them all.
fn address_body(request: &Request, site: &Site, idle_minutes: u64) -> Value {
    let mut body = json!({
        "location": site.location,
        "tags": {"user-agent": "bosh"},
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static", "idleTimeoutInMinutes": idle_minutes},
    });
    let zones = match request.vm.zones.as_slice() {
        [] => return body,
        [zone] => json!([zone]),
        _ => json!(["1", "2", "3"]),
    };
    if let Some(body) = body.as_object_mut() {
        body.insert("zones".to_owned(), zones);
    }
    body
}

/// Removes everything and returns the failure that made it necessary, with what could not be removed at its end.
async fn undo(arm: &Arm, request: &Request, made: &[Intent], failure: Failure) -> Failure {
    let failure = not_created(failure);
    if arm.settings.keep_failed_vms && matches!(&failure, Failure::VmNotCreated(Retriable { retry: true, .. })) {
        let (vm, group) = (&request.id.name, &request.id.resource_group);
        return Failure::vm_not_created(failure.message(), false).and(&format!(
            "This VM fails in provisioning after multiple retries. You need to delete the VM '{vm}' in the resource group \
             '{group}', its network interfaces '{vm}-N', its disks 'bosh-disk-os-{vm}*' and its public IP address '{vm}' \
             yourself, since keep_failed_vms is set"
        ));
    }
    log::info("removing what was made", &[("reason", &failure.describe())]);
    match remove(arm, request).await {
        Ok(()) => {
            made.iter().for_each(Intent::removed);
            failure
        }
        Err(second) => {
            log::error("not everything was removed", &[("error", &second.describe())]);
            let left = format!("and not everything was removed: {}", second.describe());
            // Another attempt would find the addresses taken.
            Failure::vm_not_created(failure.and(&left).message(), false)
        }
    }
}

/// The VM, if it is there, and all that goes with it.
async fn remove(arm: &Arm, request: &Request) -> Result<(), Failure> {
    arm.delete(&find::resource(arm, &request.id)).await?;
    let interfaces = (0..request.networks.interfaces.len()).map(|index| {
        let name = belongings::interface_name(&request.id, index);
        arm.resource(&request.vm.resource_group, Kind::NetworkInterface, &name)
    });
    let set = request.availability_set.as_deref();
    delete::remove(arm, &Belongings::left(&arm.settings, &request.id, interfaces.collect(), set)).await
}

/// Whatever went wrong, no VM came of it.
fn not_created(failure: Failure) -> Failure {
    match failure {
        Failure::Cloud(_) | Failure::Rejected(_) | Failure::NotFound(_) => {
            Failure::vm_not_created(failure.describe(), false)
        }
        other => other,
    }
}
