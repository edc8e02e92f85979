use aws_sdk_ec2::types::{AttributeBooleanValue, Instance, NetworkInterfaceAttachmentChanges};
use cpi_plugin_sdk::{ApiError, Failure, Intent, smithy};
use futures_concurrency::prelude::*;
use serde_json::json;

use super::cleanup::Made;
use super::interfaces::{self, Interface};
use super::request::Request;
use super::routes::{self, Target};
use super::survey::Site;
use crate::client::Ec2;
use crate::errors;
use crate::leftovers::find;
use crate::patience::Patience;
use crate::wait;

/// Everything that can only be done once the instance runs.
pub(super) async fn finish(
    ec2: &Ec2,
    request: &Request,
    site: &Site,
    interfaces: &[Interface],
    instance: &Instance,
    made: &Made,
) -> Result<(), Failure> {
    let vm = instance.instance_id().unwrap_or_default();
    delete_with_instance(ec2, interfaces, instance).await?;
    for route in &site.routes {
        let target = match interfaces {
            [first, _, ..] => Target::Interface(&first.id),
            _ => Target::Instance(vm),
        };
        let first = interfaces.first().map(|first| first.id.as_str()).unwrap_or_default();
        routes::advertise(ec2, route, target, [vm, first], made).await?;
    }
    if !request.vm.source_dest_check {
        stop_source_dest_check(ec2, vm, interfaces).await?;
    }
    if let Some(membership) = &site.load_balancers {
        membership.register(vm, interfaces::addresses(interfaces)).await?;
    }
    associate_address(ec2, request, site, interfaces, made).await
}

/// The interfaces shall go when the instance goes.
async fn delete_with_instance(ec2: &Ec2, interfaces: &[Interface], instance: &Instance) -> Result<(), Failure> {
    let change = async |interface: &Interface| {
        let attachment = attachment_of(&interface.id, instance)?;
        let changes =
            NetworkInterfaceAttachmentChanges::builder().attachment_id(attachment).delete_on_termination(true).build();
        let request = ec2.modify_network_interface_attribute().network_interface_id(&interface.id).attachment(changes);
        let ordered = wait::until_known(async || {
            request.clone().send().await.map(drop).map_err(smithy::error("ModifyNetworkInterfaceAttribute"))
        });
        Ok(ordered.await?)
    };
    let changes: Vec<_> = interfaces.iter().map(change).collect();
    changes.join().await.into_iter().collect()
}

fn attachment_of<'a>(id: &str, instance: &'a Instance) -> Result<&'a str, Failure> {
    let mut attached = instance.network_interfaces().iter();
    let found = attached.find(|interface| interface.network_interface_id() == Some(id));
    found
        .and_then(|interface| interface.attachment()?.attachment_id())
        .ok_or_else(|| Failure::rejected(format!("Network interface '{id}' is not attached to any instance")))
}

/// EC2 refuses the attribute of an instance with several interfaces, so then it is set on each of them.
async fn stop_source_dest_check(ec2: &Ec2, vm: &str, interfaces: &[Interface]) -> Result<(), Failure> {
    let off = AttributeBooleanValue::builder().value(false).build();
    if let [_, _, ..] = interfaces {
        let change = async |interface: &Interface| {
            let request = ec2.modify_network_interface_attribute().network_interface_id(&interface.id);
            let request = request.source_dest_check(off.clone());
            let changed = wait::until_known(async || {
                request.clone().send().await.map(drop).map_err(smithy::error("ModifyNetworkInterfaceAttribute"))
            });
            changed.await
        };
        let changes: Vec<_> = interfaces.iter().map(change).collect();
        return Ok(changes.join().await.into_iter().collect::<Result<(), _>>()?);
    }
    let request = ec2.modify_instance_attribute().instance_id(vm).source_dest_check(off);
    let changed = wait::until_known(async || {
        request.clone().send().await.map(drop).map_err(smithy::error("ModifyInstanceAttribute"))
    });
    Ok(changed.await?)
}

async fn associate_address(
    ec2: &Ec2,
    request: &Request,
    site: &Site,
    interfaces: &[Interface],
    made: &Made,
) -> Result<(), Failure> {
    let (Some(vip), Some(allocation)) = (&request.vip, &site.allocation) else { return Ok(()) };
    let interface = interfaces.get(vip.device).ok_or_else(|| {
        Failure::rejected(format!("Could not find network interface with device_index {} for '{}'", vip.device, vip.ip))
    })?;
    let note = json!({"allocation": allocation, "interface": interface.id});
    let intent = Intent::begin("address", &format!("{allocation} {}", interface.id), &note).await?;
    let not_ready =
        |error: &ApiError| error.is(&["IncorrectInstanceState", "InvalidInstanceID"]) || errors::not_known_yet(error);
    let associated = wait::retry(Patience::CONSISTENT, not_ready, async || {
        let request = ec2.associate_address().network_interface_id(&interface.id).allocation_id(allocation);
        request.send().await.map_err(smithy::error("AssociateAddress"))
    });
    match associated.await {
        Ok(answer) => {
            answer.association_id().into_iter().for_each(|id| intent.created(id));
            made.address(intent);
            Ok(())
        }
        Err(error) if !error.may_have_arrived() => {
            intent.removed();
            Err(error.into())
        }
        Err(error) => {
            // The answer was lost; the address tells.
            made.address(intent);
            let found = find::association(ec2, allocation, &interface.id).await;
            if found.is_ok_and(|found| !found.is_empty()) { Ok(()) } else { Err(error.into()) }
        }
    }
}
