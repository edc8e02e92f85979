use std::cell::RefCell;

use aws_sdk_ec2::types::{Filter, InstanceIpv6Address, NetworkInterface, NetworkInterfaceStatus, ResourceType};
use cpi_plugin_sdk::{ApiError, Failure, smithy};
use futures_concurrency::prelude::*;

use super::address_owner::{self, Owner};
use super::cleanup::{self, Made};
use super::nic_groups::NicGroup;
use super::refusals::Cause;
use super::request::Request;
use super::survey::Site;
use super::zones::{Place, Subnet};
use crate::client::Ec2;
use crate::errors;
use crate::leftovers::declare::Declared;
use crate::load_balancers::register::Addresses;
use crate::patience::Patience;
use crate::tagging;
use crate::wait;

/// An interface that can be attached.
#[derive(Clone, Debug)]
pub(super) struct Interface {
    pub id: String,
    pub mac: String,
    pub ipv4: Option<String>,
    pub ipv6: Option<String>,
}

impl Interface {
    fn of(id: String, described: NetworkInterface) -> Self {
        let mut ipv6 = described.ipv6_addresses.unwrap_or_default().into_iter();
        Self {
            id,
            mac: described.mac_address.unwrap_or_default(),
            ipv4: described.private_ip_address,
            ipv6: ipv6.next().and_then(|address| address.ipv6_address),
        }
    }
}

/// The addresses of a VM are those of its first interface.
pub(super) fn addresses(interfaces: &[Interface]) -> Addresses<'_> {
    let first = interfaces.first();
    Addresses {
        ipv4: first.and_then(|interface| interface.ipv4.as_deref()),
        ipv6: first.and_then(|interface| interface.ipv6.as_deref()),
    }
}

/// Makes the interfaces of all groups in one place, in their order.
pub(super) async fn create_all(
    ec2: &Ec2,
    request: &Request,
    site: &Site,
    place: &Place,
    made: &Made,
) -> Result<Vec<Interface>, Cause> {
    let plan = |(group, subnet)| Planned { group, subnet, security_groups: site.security_groups_in(&subnet.vpc) };
    let planned: Vec<_> = request.groups.iter().zip(&place.subnets).map(plan).collect();
    let creations: Vec<_> = planned.iter().map(|planned| create(ec2, request, planned, made)).collect();
    creations.join().await.into_iter().collect()
}

/// An interface that is to be made.
struct Planned<'a> {
    group: &'a NicGroup,
    subnet: &'a Subnet,
    security_groups: Vec<String>,
}

async fn create(ec2: &Ec2, request: &Request, planned: &Planned<'_>, made: &Made) -> Result<Interface, Cause> {
    let Planned { group, subnet, .. } = planned;
    let owner = RefCell::new(None::<Owner>);
    // A VM that was just deleted may hold the address for a while; one that runs will keep it.
    let passes =
        |error: &ApiError| address_in_use(error) && owner.borrow().as_ref().is_none_or(|owner| !owner.keeps_it);
    let created = wait::retry(Patience::ADDRESS_FREE, passes, async || {
        let attempt = attempt(ec2, request, planned, made).await;
        if attempt.as_ref().is_err_and(own_address_in_use) {
            owner.replace(address_owner::of_any(ec2, group, &subnet.id).await);
        }
        attempt
    });
    match created.await {
        Err(error) if address_in_use(&error) => {
            let owner = owner.take().map(|owner| format!("; {}", owner.words)).unwrap_or_default();
            Err(Failure::vm_not_created(format!("{}{owner}", failed(group, &error)), false).into())
        }
        Err(error @ ApiError::Host { .. }) => Err(Cause::Other(error.into())),
        Err(error) => {
            let failure = Failure::rejected(failed(group, &error));
            Err(if errors::subnet_full(&error) { Cause::SubnetFull(failure) } else { failure.into() })
        }
        Ok(interface) => Ok(interface),
    }
}

async fn attempt(ec2: &Ec2, request: &Request, planned: &Planned<'_>, made: &Made) -> Result<Interface, ApiError> {
    let id = order(ec2, request, planned, made).await?;
    match prepare(ec2, request, planned.group, &id).await {
        Err(error) if address_in_use(&error) => {
            // The next attempt makes another one, which would find this one in its way.
            cleanup::delete_interface(ec2, &id).await?;
            made.interface_gone(&id);
            Err(error)
        }
        Err(error) => Err(error),
        Ok(described) => Ok(Interface::of(id, described)),
    }
}

async fn order(ec2: &Ec2, request: &Request, planned: &Planned<'_>, made: &Made) -> Result<String, ApiError> {
    let Planned { group, subnet, security_groups } = planned;
    let declared = Declared::by_description("network-interface").await;
    let declared = declared.map_err(|failure| incomplete("CreateNetworkInterface", failure.message()))?;
    let ipv6 = group.ipv6.as_ref().map(|ip| vec![InstanceIpv6Address::builder().ipv6_address(ip).build()]);
    let answer = ec2
        .create_network_interface()
        .client_token(&declared.key)
        .description(declared.description())
        .subnet_id(&subnet.id)
        .set_groups(Some(security_groups.clone()))
        .set_private_ip_address(group.ipv4.clone())
        .set_ipv6_addresses(ipv6)
        .set_tag_specifications(tagging::specifications(&[ResourceType::NetworkInterface], &request.tags))
        .send()
        .await
        .map_err(smithy::error("CreateNetworkInterface"));
    let id = match answer {
        Ok(answer) => answer
            .network_interface
            .and_then(|interface| interface.network_interface_id)
            .ok_or_else(|| incomplete("CreateNetworkInterface", "the answer names no interface"))?,
        Err(error) => {
            declared.failed(&error);
            let found = if error.may_have_arrived() { ordered(ec2, &declared).await } else { None };
            found.ok_or(error)?
        }
    };
    made.interface(&id, declared.intent);
    Ok(id)
}

/// The interface of an order whose answer was lost: EC2 may have made it all the same.
async fn ordered(ec2: &Ec2, declared: &Declared) -> Option<String> {
    let filter = Filter::builder().name("description").values(declared.description()).build();
    let found = wait::until(Patience::CONSISTENT, async || {
        let answer = ec2.describe_network_interfaces().filters(filter.clone()).send().await;
        let answer = answer.map_err(smithy::error("DescribeNetworkInterfaces"))?;
        let interface = answer.network_interfaces().first();
        Ok::<_, ApiError>(interface.and_then(|interface| interface.network_interface_id()).map(str::to_owned))
    });
    found.await.ok().flatten()
}

async fn prepare(ec2: &Ec2, request: &Request, group: &NicGroup, id: &str) -> Result<NetworkInterface, ApiError> {
    let available = wait_available(ec2, id).await?;
    if let Some(prefix) = &group.ipv4_prefix {
        let request = ec2.assign_private_ip_addresses().network_interface_id(id).ipv4_prefixes(prefix);
        let order = async || request.clone().send().await.map(drop).map_err(smithy::error("AssignPrivateIpAddresses"));
        assign(ec2, id, prefix, order).await?;
    }
    if let Some(prefix) = &group.ipv6_prefix {
        let request = ec2.assign_ipv6_addresses().network_interface_id(id).ipv6_prefixes(prefix);
        let order = async || request.clone().send().await.map(drop).map_err(smithy::error("AssignIpv6Addresses"));
        assign(ec2, id, prefix, order).await?;
    }
    if request.vm.auto_assign_public_ip {
        associate_public_ip(ec2, id).await?;
    }
    Ok(available)
}

/// Gives the interface a prefix.
async fn assign(
    ec2: &Ec2,
    id: &str,
    prefix: &str,
    mut order: impl AsyncFnMut() -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let look = async || Ok(describe(ec2, id).await?.filter(|interface| has_prefix(interface, prefix)).map(drop));
    wait::carried_out(async || wait::until_known(&mut order).await, look).await
}

fn has_prefix(interface: &NetworkInterface, prefix: &str) -> bool {
    let mut ipv4 = interface.ipv4_prefixes().iter().filter_map(|found| found.ipv4_prefix());
    let mut ipv6 = interface.ipv6_prefixes().iter().filter_map(|found| found.ipv6_prefix());
    ipv4.any(|found| found == prefix) || ipv6.any(|found| found == prefix)
}

async fn associate_public_ip(ec2: &Ec2, id: &str) -> Result<(), ApiError> {
    let request = ec2.modify_network_interface_attribute().network_interface_id(id).associate_public_ip_address(true);
    let associated = wait::until_known(async || {
        request.clone().send().await.map_err(smithy::error("ModifyNetworkInterfaceAttribute"))
    });
    match associated.await {
        Err(ApiError::Service { operation, code, message, request_id }) => {
            let message = format!("Failed to associate public IP address: {message}");
            Err(ApiError::Service { operation, code, message, request_id })
        }
        other => other.map(drop),
    }
}

async fn wait_available(ec2: &Ec2, id: &str) -> Result<NetworkInterface, ApiError> {
    let available = wait::until(Patience::INTERFACE, async || {
        let interface = describe(ec2, id).await?;
        Ok(interface.filter(|interface| interface.status() == Some(&NetworkInterfaceStatus::Available)))
    });
    available.await?.ok_or_else(|| {
        incomplete(
            "DescribeNetworkInterfaces",
            &format!("Timed out waiting for network interface '{id}' to become available"),
        )
    })
}

/// An interface; `None` when there is none of this id, or it is not known everywhere yet.
async fn describe(ec2: &Ec2, id: &str) -> Result<Option<NetworkInterface>, ApiError> {
    let answer = ec2.describe_network_interfaces().network_interface_ids(id).send().await;
    match answer.map_err(smithy::error("DescribeNetworkInterfaces")) {
        Err(error) if errors::interface_gone(&error) => Ok(None),
        other => Ok(other?.network_interfaces.unwrap_or_default().into_iter().next()),
    }
}

/// One of the addresses that the interface was to be made with. Prefixes come later, when it has its addresses.
fn own_address_in_use(error: &ApiError) -> bool {
    matches!(error, ApiError::Service { operation, .. } if operation == "CreateNetworkInterface")
        && address_in_use(error)
}

fn address_in_use(error: &ApiError) -> bool {
    error.is(&["InvalidIPAddress.InUse"])
}

fn failed(group: &NicGroup, error: &ApiError) -> String {
    format!("Failed to create network interface for nic_group '{}': {error}", group.name)
}

fn incomplete(operation: &str, message: &str) -> ApiError {
    ApiError::Client { operation: operation.to_owned(), message: message.to_owned() }
}
