use std::net::{IpAddr, Ipv4Addr};

use cpi_plugin_sdk::{Failure, NetworkCreated, NetworkSpec, Thing, settings};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::interface::Interface;
use super::range::Range;
use super::{Properties, World, unknown};

/// The cloud property with which VMs join a network of this cloud.
pub(super) const PROPERTY: &str = "network";

/// A network that the caller has this cloud manage.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    range: Range,
    gateway: IpAddr,
    properties: Properties,
}

impl World {
    /// Chooses what the definition leaves out.
    pub(crate) fn create_network(&mut self, cid: &str, spec: &NetworkSpec) -> Result<NetworkCreated, Failure> {
        if spec.kind != "manual" {
            return Err(Failure::not_supported(format!("networks of kind '{}' cannot be made", spec.kind)));
        }
        let range = match &spec.range {
            Some(range) => range.parse().map_err(Failure::rejected)?,
            None => self.free_range(spec.netmask_bits.unwrap_or(24))?,
        };
        let gateway = match &spec.gateway {
            Some(gateway) => gateway.parse().map_err(|_| Failure::rejected(format!("'{gateway}' is no address")))?,
            None => range.address(1),
        };
        if !range.contains(gateway) {
            return Err(Failure::rejected(format!("gateway {gateway} is outside of {range}")));
        }
        let properties = settings::object(&spec.properties, "cloud_properties")?;
        self.networks.insert(cid.to_owned(), Network { range, gateway, properties });
        Ok(NetworkCreated {
            network: cid.to_owned(),
            range: Some(range.to_string()),
            gateway: Some(gateway.to_string()),
            // As in real clouds, the name server lives there.
            reserved: vec![range.address(2).to_string()],
            properties: json!({PROPERTY: cid}).to_string(),
        })
    }

    pub(crate) fn delete_network(&mut self, cid: &str) -> Result<(), Failure> {
        if let Some(vm) = self.user_of(cid) {
            return Err(Failure::rejected(format!("network '{cid}' is in use by VM '{vm}'")));
        }
        self.networks.remove(cid).map(drop).ok_or_else(|| unknown(Thing::Network, cid))
    }

    /// Whether an interface fits the network of this cloud that it names, if any.
    pub(super) fn check_network(&self, interface: &Interface) -> Result<(), Failure> {
        let Some(cid) = &interface.managed else { return Ok(()) };
        let Some(network) = self.networks.get(cid) else {
            return Err(Failure::rejected(format!("{interface}: network '{cid}' does not exist")));
        };
        match interface.fixed_ip() {
            Some(ip) if !network.range.contains(ip) => {
                Err(Failure::rejected(format!("{interface} is outside of {}", network.range)))
            }
            _ => Ok(()),
        }
    }

    fn free_range(&self, bits: u8) -> Result<Range, Failure> {
        (0..=255)
            .filter_map(|number| Range::new(Ipv4Addr::new(10, number, 0, 0).into(), bits).ok())
            .find(|range| self.networks.values().all(|network| network.range != *range))
            .ok_or_else(|| Failure::rejected(format!("there is no free range with {bits} bits: give one")))
    }
}
