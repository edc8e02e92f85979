use aws_sdk_ec2::types::{Filter, InstanceStateName, NetworkInterface};
use cpi_plugin_sdk::smithy;

use super::nic_groups::NicGroup;
use crate::client::Ec2;
use crate::instances;

/// Who has an address that a VM shall get.
#[derive(Debug)]
pub(super) struct Owner {
    /// For messages.
    pub words: String,
    /// It is in use, so waiting for it is no use.
    pub keeps_it: bool,
}

/// Of the addresses of a group, or `None` when that cannot be found out. One that keeps it goes before one that may not.
pub(super) async fn of_any(ec2: &Ec2, group: &NicGroup, subnet: &str) -> Option<Owner> {
    let mut owner = None::<Owner>;
    for (filter, ip) in [("addresses.private-ip-address", &group.ipv4), ("ipv6-addresses.ipv6-address", &group.ipv6)] {
        let Some(ip) = ip else { continue };
        let found = of(ec2, subnet, filter, ip).await;
        if owner.as_ref().is_none_or(|owner| !owner.keeps_it) {
            owner = found.or(owner);
        }
    }
    owner
}

async fn of(ec2: &Ec2, subnet: &str, filter: &str, ip: &str) -> Option<Owner> {
    let request = ec2
        .describe_network_interfaces()
        .filters(Filter::builder().name("subnet-id").values(subnet).build())
        .filters(Filter::builder().name(filter).values(ip).build());
    let answer = request.send().await.map_err(smithy::error("DescribeNetworkInterfaces")).ok()?;
    let interface = answer.network_interfaces().first()?;
    let id = interface.network_interface_id().unwrap_or_default();
    let words = match instance_of(interface) {
        Some(instance) => format!("{ip} belongs to {id} of instance {instance}"),
        None => format!("{ip} belongs to {id}"),
    };
    Some(Owner { words, keeps_it: keeps(ec2, interface).await })
}

/// An interface without a VM may be one that is being removed; one of another service stays.
async fn keeps(ec2: &Ec2, interface: &NetworkInterface) -> bool {
    use InstanceStateName::{Pending, Running, Stopped, Stopping};
    let Some(instance) = instance_of(interface) else { return interface.attachment().is_some() };
    let instance = instances::describe(ec2, instance).await.ok().flatten();
    let state = instance.as_ref().and_then(instances::state);
    matches!(state, Some(Pending | Running | Stopped | Stopping))
}

fn instance_of(interface: &NetworkInterface) -> Option<&str> {
    interface.attachment().and_then(|attachment| attachment.instance_id())
}
