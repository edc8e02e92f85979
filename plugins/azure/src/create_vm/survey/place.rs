use cpi_plugin_sdk::Failure;
use futures_concurrency::prelude::*;
use serde::Deserialize;

use crate::arm::{Arm, Kind, nullable};
use crate::create_vm::networks::Subnet;
use crate::create_vm::request::Request;
use crate::errors;
use crate::settings::same_location;

#[derive(Deserialize)]
struct Network {
    location: String,
    #[serde(default, deserialize_with = "nullable")]
    properties: NetworkProperties,
}

#[derive(Default, Deserialize)]
struct NetworkProperties {
    #[serde(default, deserialize_with = "nullable")]
    subnets: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Everything is made where the virtual network of the first interface is. All subnets have to be there.
pub(in crate::create_vm) async fn location(arm: &Arm, request: &Request) -> Result<String, Failure> {
    let subnets: Vec<_> = request.networks.interfaces.iter().map(|interface| &interface.subnet).collect();
    let mut networks: Vec<(&str, &str)> = Vec::new();
    for Subnet { resource_group, network, .. } in &subnets {
        if !networks.contains(&(resource_group, network)) {
            networks.push((resource_group, network));
        }
    }
    let looks: Vec<_> = networks
        .iter()
        .map(|(group, name)| async move { arm.read(&arm.resource(group, Kind::VirtualNetwork, name)).await })
        .collect();
    let found: Vec<Option<Network>> = looks.join().await.into_iter().collect::<Result<_, _>>()?;
    let Some((Some(Network { location, .. }), (group, name))) = found.first().zip(networks.first()) else {
        let (group, name) = networks.first().copied().unwrap_or_default();
        return Err(Failure::rejected(format!(
            "Cannot find the virtual network '{name}' under resource group '{group}'"
        )));
    };
    if let Some(wanted) = arm.settings.location.as_ref().filter(|wanted| !same_location(wanted, location)) {
        return Err(Failure::rejected(format!(
            "The location in the global configuration '{wanted}' is different from the location of the virtual network \
             '{location}': '{name}' in the resource group '{group}'"
        )));
    }
    for subnet in subnets {
        let of = networks.iter().position(|known| *known == (&subnet.resource_group, &subnet.network));
        let network = of.and_then(|position| found.get(position)).and_then(Option::as_ref);
        check(subnet, network).map_err(errors::no_vm)?;
    }
    Ok(location.clone())
}

fn check(subnet: &Subnet, network: Option<&Network>) -> Result<(), Failure> {
    let Subnet { resource_group: group, network: name, name: subnet } = subnet;
    let missing = |why: &str| {
        Failure::rejected(format!("Cannot find the subnet '{name}/{subnet}' in the resource group '{group}': {why}"))
    };
    let network = network.ok_or_else(|| missing("there is no such virtual network"))?;
    let subnets = &network.properties.subnets;
    if subnets.iter().any(|known| known.name.eq_ignore_ascii_case(subnet)) {
        return Ok(());
    }
    let names: Vec<_> = subnets.iter().map(|known| known.name.as_str()).collect();
    Err(missing(&format!("the virtual network has the subnets {}", names.join(", "))))
}
