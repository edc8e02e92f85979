use cpi_plugin_sdk::{ApiError, Failure, Plan};
use futures_concurrency::prelude::*;
use serde_json::{Value, json};

use super::account;
use super::boot::Boot;
use super::interfaces::{self, Common};
use super::launch;
use super::request::Request;
use super::survey::{self, Site};
use super::undo::{self, Broken, Made};
use crate::arm::{Arm, Kind, Resource};
use crate::errors;
use crate::leftovers::declare;
use crate::settings::Settings;
use crate::vms::belongings;

/// Makes a VM. On any failure everything that was made is removed.
pub(crate) async fn create(arm: &Arm, plan: Plan) -> Result<String, Failure> {
    let mut request = Request::check(plan, &arm.settings)?;
    let location = survey::location(arm, &request).await?;
    if !arm.settings.managed_disks {
        let account = account::choose(arm, &request.vm.account, &location).await.map_err(errors::no_vm)?;
        let vhds = account::vhds(arm, &account, &request.id.name)?;
        request.put_into(&account.name, vhds);
    }
    request.vm.sizes = survey::fitting(arm, &request).await.map_err(errors::no_vm)?;
    let site = survey::survey(arm, &request, location).await.map_err(errors::no_vm)?;
    let boot = Boot::of(&request, &site.image).map_err(errors::no_vm)?;
    let mut made = Made::default();
    match build(arm, &request, site, &boot, &mut made).await {
        Ok(()) => Ok(request.id.to_string()),
        Err(broken) => Err(undo::undo(arm, &request, &made, broken).await),
    }
}

async fn build(arm: &Arm, request: &Request, mut site: Site, boot: &Boot, made: &mut Made) -> Result<(), Broken> {
    let settings = &arm.settings;
    if site.lacks_group {
        let group = Resource::group(settings, &request.vm.resource_group);
        arm.put(&group, &json!({"location": site.location})).await?;
    }
    if let Some(minutes) = request.idle_minutes {
        let address = belongings::address(settings, &request.id);
        let body = address_body(request, &site, settings, minutes);
        made.intents.push(declare::make(arm, "public-ip-address", &address, &body).await?);
        if let Some(primary) = site.references.first_mut() {
            primary.public_address = Some((address.id, false));
        }
    }
    let interfaces = make_interfaces(arm, request, &site, made).await?;
    launch::launch(arm, request, site, boot, &interfaces, made).await?;
    Ok(finish_disks(arm, request).await?)
}

/// Gives the disks what Azure takes only when they are there.
async fn finish_disks(arm: &Arm, request: &Request) -> Result<(), ApiError> {
    if request.vhds.is_some() {
        return Ok(());
    }
    let (settings, vm) = (&arm.settings, &request.vm);
    let tags = settings.tag_all_resources.then(|| request.tags_of_parts(true));
    let (os, ephemeral) = (vm.root_disk.change(tags.as_ref()), vm.ephemeral_disk.change(tags.as_ref()));
    let changes = [
        (belongings::os_disk(settings, &request.id), os),
        (belongings::ephemeral_disk(settings, &request.id), ephemeral),
    ];
    let change = async |(disk, change): &(Resource, Option<Value>)| match change {
        Some(change) => arm.patch(disk, change, None).await,
        None => Ok(()),
    };
    changes.iter().map(change).collect::<Vec<_>>().join().await.into_iter().collect()
}

async fn make_interfaces(arm: &Arm, request: &Request, site: &Site, made: &mut Made) -> Result<Vec<Resource>, Failure> {
    let set = request.availability_set.as_deref();
    let tags = &request.tags_of_parts(arm.settings.tag_all_resources);
    let common =
        Common { settings: &arm.settings, vm: &request.vm, location: &site.location, availability_set: set, tags };
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
            Ok(intent) => made.intents.push(intent),
            Err(failure) => failed = failed.or(Some(failure)),
        }
    }
    failed.map_or(Ok(()), Err)?;
    Ok(orders.into_iter().map(|(resource, _)| resource).collect())
}

/// An address of the VM's own. Where it may come up in several zones, it serves them all.
fn address_body(request: &Request, site: &Site, settings: &Settings, idle_minutes: u64) -> Value {
    let mut body = json!({
        "location": site.location,
        "tags": request.tags_of_parts(settings.tag_all_resources),
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
