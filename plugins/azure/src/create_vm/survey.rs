use cpi_plugin_sdk::Failure;
use futures_concurrency::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::availability_set::Set;
use super::image::{self, Image};
use super::interfaces::References;
use super::networks::{Interface, Vip};
use super::pools::{Balancer, Pool};
use super::request::{Candidate, Request};
use super::security_groups::{self, Wanted};
use crate::arm::{Arm, Kind, Resource, nullable, same_id};
use crate::disks;
use crate::instance_types::takes_premium_disks;
use crate::settings::same_location;

/// What is there already and what is not, before anything is made.
#[derive(Debug)]
pub(super) struct Site {
    pub location: String,
    /// The VM's resource group has to be made.
    pub lacks_group: bool,
    /// One for each interface.
    pub references: Vec<References>,
    /// The image for the first size.
    pub image: Image,
}

#[derive(Deserialize)]
struct Network {
    location: String,
    properties: NetworkProperties,
}

#[derive(Deserialize)]
struct NetworkProperties {
    #[serde(default, deserialize_with = "nullable")]
    subnets: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

pub(super) async fn survey(arm: &Arm, request: &Request, first: Candidate<'_>) -> Result<Site, Failure> {
    let location = location(arm, request).await?;
    let sku = request.vm.root_disk.sku_for(first.size);
    let (image, references, set, lacks_group) = (
        image::find(arm, &request.stemcell, sku, &location),
        all_references(arm, request),
        check_set(arm, request, &location),
        lacks_group(arm, &request.vm.resource_group),
    )
        .join()
        .await;
    set?;
    Ok(Site { location, lacks_group: lacks_group?, references: references?, image: image? })
}

/// The sizes that take the disks which will be attached. Where only one is named, it is the operator's word.
pub(super) async fn fitting_sizes(arm: &Arm, request: &Request) -> Result<Vec<String>, Failure> {
    let sizes = &request.vm.sizes;
    if sizes.len() < 2 {
        return Ok(sizes.clone());
    }
    let look = async |id: &String| {
        let disk = disks::find::parse(arm, id)?;
        Ok::<_, Failure>(disks::find::get(arm, &disk).await?.sku.name.starts_with("Premium"))
    };
    let found = request.near_disks.iter().map(look).collect::<Vec<_>>().join().await;
    let premium = found.into_iter().collect::<Result<Vec<_>, _>>()?.contains(&true);
    let fitting: Vec<_> = sizes.iter().filter(|size| !premium || takes_premium_disks(size)).cloned().collect();
    if fitting.is_empty() {
        let sizes = sizes.join(", ");
        return Err(Failure::rejected(format!(
            "No available instance type is found: none of {sizes} takes premium disks"
        )));
    }
    Ok(fitting)
}

/// Everything is made where the first network is. All subnets have to be there.
async fn location(arm: &Arm, request: &Request) -> Result<String, Failure> {
    let found: Vec<_> = request.networks.interfaces.iter().map(|interface| network(arm, interface)).collect();
    let locations = found.join().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let location = locations.into_iter().next().unwrap_or_default();
    match &arm.settings.location {
        Some(wanted) if !same_location(wanted, &location) => Err(Failure::rejected(format!(
            "The location in the global configuration '{wanted}' is different from the location of the virtual network \
             '{location}'"
        ))),
        _ => Ok(location),
    }
}

async fn network(arm: &Arm, interface: &Interface) -> Result<String, Failure> {
    let subnet = &interface.subnet;
    let (group, name) = (&subnet.resource_group, &subnet.network);
    let found: Option<Network> = arm.read(&arm.resource(group, Kind::VirtualNetwork, name)).await?;
    let found = found.ok_or_else(|| {
        Failure::rejected(format!("Cannot find the virtual network '{name}' under resource group '{group}'"))
    })?;
    if found.properties.subnets.iter().any(|known| known.name.eq_ignore_ascii_case(&subnet.name)) {
        return Ok(found.location);
    }
    let subnet = &subnet.name;
    Err(Failure::rejected(format!("Cannot find the subnet '{name}/{subnet}' in the resource group '{group}'")))
}

/// The default one is there, or nothing would be.
async fn lacks_group(arm: &Arm, group: &str) -> Result<bool, Failure> {
    if same_id(group, &arm.settings.resource_group) {
        return Ok(false);
    }
    let found: Option<IgnoredAny> = arm.read(&Resource::group(&arm.settings, group)).await?;
    Ok(found.is_none())
}

async fn check_set(arm: &Arm, request: &Request, location: &str) -> Result<(), Failure> {
    let Some(name) = &request.availability_set else { return Ok(()) };
    let resource = arm.resource(&request.vm.resource_group, Kind::AvailabilitySet, name);
    let found: Option<Set> = arm.read(&resource).await?;
    found.map_or(Ok(()), |found| found.check(name, location))
}

async fn all_references(arm: &Arm, request: &Request) -> Result<Vec<References>, Failure> {
    let groups: Vec<_> = request.networks.interfaces.iter().map(|interface| groups(arm, request, interface)).collect();
    let (groups, address, pools, gateways) = (
        groups.join(),
        address(arm, request.networks.vip.as_ref()),
        pools(arm, &request.vm.load_balancers, Kind::LoadBalancer, "load balancer"),
        pools(arm, &request.vm.application_gateways, Kind::ApplicationGateway, "application gateway"),
    )
        .join()
        .await;
    let mut all = groups.into_iter().collect::<Result<Vec<_>, _>>()?;
    let (address, pools, gateways) = (address?, pools?, gateways?);
    let vip_group = request.networks.vip.as_ref().and_then(|vip| vip.group.as_ref());
    let holder =
        request.networks.interfaces.iter().position(|known| vip_group.is_some() && known.group.as_ref() == vip_group);
    if let Some(holder) = all.get_mut(holder.unwrap_or(0)) {
        holder.public_address = address;
    }
    if let Some(primary) = all.first_mut() {
        for (balancer, wanted) in &pools {
            primary.pools.extend(balancer.pool(wanted.backend.as_deref(), &wanted.name)?);
            if let Some(pool) = &wanted.backend_v6 {
                primary.pools_v6.extend(balancer.pool(Some(pool), &wanted.name)?);
            }
            for rule in balancer.nat_rules() {
                if !primary.nat_rules.contains(&rule) {
                    primary.nat_rules.push(rule);
                }
            }
        }
        for (gateway, wanted) in &gateways {
            primary.gateway_pools.extend(gateway.pool(wanted.backend.as_deref(), &wanted.name)?);
        }
    }
    Ok(all)
}

async fn groups(arm: &Arm, request: &Request, interface: &Interface) -> Result<References, Failure> {
    let network = security_groups::network(&request.vm, interface, &arm.settings)?;
    let applications = security_groups::application(&request.vm, interface, &arm.settings);
    let looks: Vec<_> = applications
        .iter()
        .map(|wanted| group(arm, wanted, Kind::ApplicationSecurityGroup, "application security group"))
        .collect();
    let network = async {
        match &network {
            Some(wanted) => group(arm, wanted, Kind::NetworkSecurityGroup, "network security group").await.map(Some),
            None => Ok(None),
        }
    };
    let (network, applications) = (network, looks.join()).join().await;
    Ok(References {
        security_group: network?,
        application_security_groups: applications.into_iter().collect::<Result<_, _>>()?,
        ..References::default()
    })
}

/// The id of a group, in the first of the resource groups that has it.
async fn group(arm: &Arm, wanted: &Wanted, kind: Kind, what: &str) -> Result<String, Failure> {
    for resource_group in &wanted.resource_groups {
        let resource = arm.resource(resource_group, kind, &wanted.name);
        if arm.read::<IgnoredAny>(&resource).await?.is_some() {
            return Ok(resource.id);
        }
    }
    let (name, groups) = (&wanted.name, wanted.resource_groups.join("' or '"));
    Err(Failure::rejected(format!("Cannot find the {what} '{name}' in the resource group '{groups}'")))
}

#[derive(Deserialize)]
struct PublicAddress {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    properties: PublicAddressProperties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublicAddressProperties {
    ip_address: Option<String>,
}

/// The id of the address of a VIP, and whether it is one of IPv6.
async fn address(arm: &Arm, vip: Option<&Vip>) -> Result<Option<(String, bool)>, Failure> {
    let Some(Vip { ip, resource_group, .. }) = vip else { return Ok(None) };
    let all = Resource::all(&arm.settings, resource_group, Kind::PublicIpAddress);
    let addresses: Vec<PublicAddress> = arm.list(&all, &[]).await?;
    let found = addresses.into_iter().find(|known| known.properties.ip_address.as_ref() == Some(ip));
    let found = found.ok_or_else(|| {
        Failure::rejected(format!("Cannot find the public IP address '{ip}' in the resource group '{resource_group}'"))
    })?;
    Ok(Some((found.id, ip.contains(':'))))
}

async fn pools<'a>(
    arm: &Arm,
    wanted: &'a [Pool],
    kind: Kind,
    what: &str,
) -> Result<Vec<(Balancer, &'a Pool)>, Failure> {
    let find = async |pool: &'a Pool| {
        let Pool { name, resource_group: group, .. } = pool;
        let found: Option<Balancer> = arm.read(&arm.resource(group, kind, name)).await?;
        let missing = || Failure::rejected(format!("Cannot find the {what} '{name}' in the resource group '{group}'"));
        Ok::<_, Failure>((found.ok_or_else(missing)?, pool))
    };
    wanted.iter().map(find).collect::<Vec<_>>().join().await.into_iter().collect()
}
