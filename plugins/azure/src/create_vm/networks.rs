use std::net::IpAddr;

use cpi_plugin_sdk::{Failure, Network, NetworkKind};

use crate::properties::Properties;
use crate::settings::{Settings, named};

/// The networks of a VM, checked and ordered.
#[derive(Debug)]
pub(crate) struct Networks {
    /// The first is the primary one.
    pub interfaces: Vec<Interface>,
    pub vip: Option<Vip>,
    /// Name servers for the agent.
    pub dns: Vec<String>,
}

/// One interface, and all addresses that it has.
#[derive(Debug)]
pub(crate) struct Interface {
    /// Of its networks.
    pub names: Vec<String>,
    /// Networks with the same one share an interface.
    pub group: Option<String>,
    pub subnet: Subnet,
    /// That with IPv4 comes first.
    pub addresses: Vec<Address>,
    pub security_group: Option<(String, Option<String>)>,
    pub application_security_groups: Vec<String>,
    pub ip_forwarding: bool,
    pub accelerated_networking: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subnet {
    pub resource_group: String,
    pub network: String,
    pub name: String,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Address {
    Dynamic,
    Static(IpAddr),
}

/// An address that exists, and which interface gets it.
#[derive(Debug, PartialEq)]
pub(crate) struct Vip {
    pub name: String,
    pub ip: String,
    pub resource_group: String,
    pub group: Option<String>,
}

/// Properties that have a meaning in networks with interfaces only.
const OF_INTERFACES: [&str; 6] = [
    "virtual_network_name",
    "subnet_name",
    "security_group",
    "application_security_groups",
    "ip_forwarding",
    "accelerated_networking",
];

impl Address {
    pub(crate) fn is_v6(&self) -> bool {
        matches!(self, Self::Static(IpAddr::V6(_)))
    }
}

impl Networks {
    /// Names of all networks, in the order of their interfaces; last the one without.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        let with = self.interfaces.iter().flat_map(|interface| &interface.names);
        with.chain(self.vip.iter().map(|vip| &vip.name))
    }

    pub(crate) fn parse(given: &[Network], settings: &Settings) -> Result<Self, Failure> {
        let vip = vip(given, settings)?;
        let ordered = ordered(given);
        let mut interfaces: Vec<Interface> = Vec::new();
        for network in &ordered {
            let next = interface(network, settings)?;
            let same = |known: &&mut Interface| next.group.is_some() && known.group == next.group;
            match interfaces.iter_mut().find(same) {
                Some(known) => known.join(next)?,
                None => interfaces.push(next),
            }
        }
        for interface in &mut interfaces {
            interface.addresses.sort_by_key(Address::is_v6);
        }
        let Some(primary) = ordered.first() else {
            return Err(Failure::rejected("At least one dynamic or manual network must be defined"));
        };
        let wanted = vip.as_ref().and_then(|vip| vip.group.as_ref());
        if let Some(group) = wanted.filter(|group| !interfaces.iter().any(|known| known.group.as_ref() == Some(group)))
        {
            return Err(Failure::rejected(format!("Cannot find nic_group '{group}' referenced by the vip network")));
        }
        let dns = ordered.iter().find(|network| carries(network, "dns")).unwrap_or(primary).dns.clone();
        Ok(Self { interfaces, vip, dns })
    }
}

impl Interface {
    fn join(&mut self, other: Self) -> Result<(), Failure> {
        if self.subnet != other.subnet {
            let group = self.group.as_deref().unwrap_or_default();
            return Err(Failure::rejected(format!(
                "networks of nic_group '{group}' must have the same resource_group_name, virtual_network_name and subnet_name"
            )));
        }
        self.addresses.extend(other.addresses);
        self.names.extend(other.names);
        Ok(())
    }
}

fn carries(network: &Network, default: &str) -> bool {
    network.defaults.iter().any(|known| known == default)
}

/// Those with an interface; that with the gateway comes first, of several the last.
fn ordered(given: &[Network]) -> Vec<&Network> {
    let mut networks: Vec<_> = given.iter().filter(|network| network.kind != NetworkKind::Vip).collect();
    if let Some(gateway) = networks.iter().rposition(|network| carries(network, "gateway")) {
        let primary = networks.remove(gateway);
        networks.insert(0, primary);
    }
    networks
}

fn interface(network: &Network, settings: &Settings) -> Result<Interface, Failure> {
    let (name, word) = (
        &network.name,
        match &network.kind {
            NetworkKind::Manual => "manual",
            NetworkKind::Dynamic => "dynamic",
            NetworkKind::Vip => "vip",
            NetworkKind::Other(kind) => {
                return Err(Failure::rejected(format!(
                    "Invalid network type '{kind}' of network '{}': it can be manual, dynamic or vip",
                    network.name
                )));
            }
        },
    );
    let properties = Properties::parse(&network.cloud_properties)?;
    let required = |key: &str| {
        let missing = || Failure::rejected(format!("{key} required for {word} network: '{name}'"));
        properties.text(key)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    };
    let address = match (&network.kind, network.ip.as_deref()) {
        (NetworkKind::Dynamic, _) => Address::Dynamic,
        (_, Some(ip)) => Address::Static(
            ip.parse().map_err(|_| Failure::rejected(format!("ip address '{ip}' of network '{name}' is none")))?,
        ),
        (_, None) => return Err(Failure::rejected(format!("ip address required for manual network: '{name}'"))),
    };
    let interface = Interface {
        names: vec![name.clone()],
        group: network.nic_group.clone(),
        subnet: Subnet {
            resource_group: properties.text("resource_group_name")?.unwrap_or_else(|| settings.resource_group.clone()),
            network: required("virtual_network_name")?,
            name: required("subnet_name")?,
        },
        addresses: vec![address],
        security_group: named(&properties, "security_group")?,
        application_security_groups: properties.strings("application_security_groups")?,
        ip_forwarding: properties.flag("ip_forwarding")?.unwrap_or(false),
        accelerated_networking: properties.flag("accelerated_networking")?.unwrap_or(false),
    };
    properties.tell_unknown(&format!("the network '{name}'"));
    Ok(interface)
}

fn vip(given: &[Network], settings: &Settings) -> Result<Option<Vip>, Failure> {
    let mut vips = given.iter().filter(|network| network.kind == NetworkKind::Vip);
    let Some(network) = vips.next() else { return Ok(None) };
    if let Some(second) = vips.next() {
        return Err(Failure::rejected(format!("More than one vip network for '{}'", second.name)));
    }
    let properties = Properties::parse(&network.cloud_properties)?.knowing(&OF_INTERFACES);
    let missing = || Failure::rejected(format!("ip address required for vip network: '{}'", network.name));
    let vip = Vip {
        name: network.name.clone(),
        ip: network.ip.clone().ok_or_else(missing)?,
        resource_group: properties.text("resource_group_name")?.unwrap_or_else(|| settings.resource_group.clone()),
        group: network.nic_group.clone(),
    };
    properties.tell_unknown(&format!("the network '{}'", network.name));
    Ok(Some(vip))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing;

    fn network(name: &str, kind: NetworkKind, ip: &str, defaults: &[&str]) -> Network {
        Network {
            name: name.into(),
            kind,
            ip: (!ip.is_empty()).then(|| ip.to_owned()),
            prefix: None,
            netmask: None,
            gateway: None,
            dns: vec![format!("{name}-dns")],
            defaults: defaults.iter().map(|&text| text.to_owned()).collect(),
            nic_group: None,
            cloud_properties: json!({"virtual_network_name": "v", "subnet_name": "s"}).to_string(),
        }
    }

    fn parse(given: &[Network]) -> Result<Networks, Failure> {
        Networks::parse(given, &testing::settings(&json!({})))
    }

    fn refusal(given: &[Network]) -> String {
        parse(given).unwrap_err().message().to_owned()
    }

    #[test]
    fn the_network_with_the_gateway_is_the_first() {
        let networks = parse(&[
            network("a", NetworkKind::Manual, "10.0.0.1", &["dns"]),
            network("b", NetworkKind::Dynamic, "", &["gateway"]),
            network("v", NetworkKind::Vip, "1.2.3.4", &[]),
        ])
        .unwrap();
        assert_eq!(networks.interfaces[0].addresses, [Address::Dynamic]);
        assert_eq!(networks.interfaces.len(), 2);
        assert_eq!(networks.names().collect::<Vec<_>>(), ["b", "a", "v"]);
        assert_eq!(networks.dns, ["a-dns"]);
        assert_eq!(
            networks.vip,
            Some(Vip { name: "v".into(), ip: "1.2.3.4".into(), resource_group: "rg".into(), group: None })
        );
    }

    #[test]
    fn networks_of_a_group_share_an_interface() {
        let grouped = |ip: &str| Network { nic_group: Some("1".into()), ..network("n", NetworkKind::Manual, ip, &[]) };
        let networks = parse(&[grouped("fd00::1"), grouped("10.0.0.1")]).unwrap();
        assert_eq!(networks.interfaces.len(), 1);
        assert!(!networks.interfaces[0].addresses[0].is_v6() && networks.interfaces[0].addresses[1].is_v6());
        let other = json!({"virtual_network_name": "v", "subnet_name": "other"}).to_string();
        let elsewhere = Network { cloud_properties: other, ..grouped("10.0.0.2") };
        assert!(refusal(&[grouped("10.0.0.1"), elsewhere]).contains("networks of nic_group '1'"));
        let vip = Network { nic_group: Some("2".into()), ..network("v", NetworkKind::Vip, "1.1.1.1", &[]) };
        assert_eq!(refusal(&[grouped("10.0.0.1"), vip]), "Cannot find nic_group '2' referenced by the vip network");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(refusal(&[]), "At least one dynamic or manual network must be defined");
        let vip = || network("v", NetworkKind::Vip, "1.1.1.1", &[]);
        assert_eq!(refusal(&[vip(), vip()]), "More than one vip network for 'v'");
        assert_eq!(
            refusal(&[network("a", NetworkKind::Manual, "", &[])]),
            "ip address required for manual network: 'a'"
        );
        let bare = Network { cloud_properties: "{}".into(), ..network("a", NetworkKind::Dynamic, "", &[]) };
        assert_eq!(refusal(&[bare]), "virtual_network_name required for dynamic network: 'a'");
    }
}
