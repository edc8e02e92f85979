use std::fmt;
use std::net::IpAddr;

use cpi_plugin_sdk::{Failure, Network, NetworkKind, agents, settings};
use serde::{Deserialize, Serialize};

use super::network;

/// One network of a VM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Interface {
    network: String,
    kind: Kind,
    /// The address that the caller gave; a hint on a dynamic network is ignored.
    ip: Option<IpAddr>,
    /// Networks of one group share it; a vip has none.
    mac: Option<String>,
    /// The network of this cloud that it is on, if the cloud properties name one.
    pub(super) managed: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Manual,
    Dynamic,
    Vip,
}

/// The interfaces of a new VM.
pub(super) fn of(vm: &str, networks: &[Network]) -> Result<Vec<Interface>, Failure> {
    let same_group =
        |a: &Network, b: &Network| a.name == b.name || (a.nic_group.is_some() && a.nic_group == b.nic_group);
    networks
        .iter()
        .map(|network| {
            let number = networks.iter().position(|first| same_group(first, network)).unwrap_or_default();
            Interface::new(network, mac(vm, number))
                .map_err(|failure| failure.within(&format!("network '{}'", network.name)))
        })
        .collect()
}

impl Interface {
    fn new(network: &Network, mac: String) -> Result<Self, Failure> {
        let kind = match &network.kind {
            NetworkKind::Manual => Kind::Manual,
            NetworkKind::Dynamic => Kind::Dynamic,
            NetworkKind::Vip => Kind::Vip,
            NetworkKind::Other(kind) => return Err(Failure::rejected(format!("unknown kind of network '{kind}'"))),
        };
        if !matches!(network.prefix.as_deref(), None | Some("32" | "128")) {
            return Err(Failure::rejected("the simulated cloud gives single addresses, no prefixes"));
        }
        let properties = settings::object(&network.cloud_properties, "cloud_properties")?;
        Ok(Self {
            network: network.name.clone(),
            kind,
            ip: if kind == Kind::Dynamic { None } else { Some(address(network)?) },
            mac: (kind != Kind::Vip).then_some(mac),
            managed: properties.get(network::PROPERTY).and_then(|cid| cid.as_str()).map(str::to_owned),
        })
    }

    /// What the agent must know to find the interface.
    pub(super) fn facts(&self) -> Option<agents::InterfaceFacts> {
        let mac = self.mac.clone()?;
        let use_dhcp = self.kind == Kind::Dynamic;
        Some(agents::InterfaceFacts { network: self.network.clone(), mac: Some(mac), use_dhcp })
    }

    /// Whether both cannot exist at the same time. A vip may move from VM to VM.
    pub(super) fn clashes(&self, other: &Self) -> bool {
        self.kind == Kind::Manual && self.kind == other.kind && self.network == other.network && self.ip == other.ip
    }

    /// The fixed address within its network.
    pub(super) fn fixed_ip(&self) -> Option<IpAddr> {
        self.ip.filter(|_| self.kind == Kind::Manual)
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "network '{}'", self.network)?;
        self.ip.map_or(Ok(()), |ip| write!(f, ", address {ip}"))
    }
}

fn address(network: &Network) -> Result<IpAddr, Failure> {
    let ip = network.ip.as_ref().ok_or_else(|| Failure::rejected("it needs an ip"))?;
    ip.parse().map_err(|_| Failure::rejected(format!("'{ip}' is no address")))
}

/// A locally administered address that follows from the VM and the number of the interface.
fn mac(vm: &str, number: usize) -> String {
    let seed = vm.bytes().fold(number as u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let [_, _, _, a, b, c, d, e] = seed.to_be_bytes();
    format!("02:{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(name: &str, kind: NetworkKind) -> Network {
        Network {
            name: name.to_owned(),
            kind,
            ip: Some("10.0.0.9".to_owned()),
            prefix: Some("32".to_owned()),
            netmask: None,
            gateway: None,
            dns: Vec::new(),
            defaults: Vec::new(),
            nic_group: None,
            cloud_properties: "{}".to_owned(),
        }
    }

    fn refusal(network: Network) -> String {
        of("vm-1", &[network]).unwrap_err().message().to_owned()
    }

    #[test]
    fn every_interface_has_a_mac_and_a_group_shares_one() {
        let grouped = |name| Network { nic_group: Some("1".to_owned()), ..network(name, NetworkKind::Manual) };
        let networks = [grouped("a"), network("b", NetworkKind::Dynamic), grouped("c"), network("d", NetworkKind::Vip)];
        let interfaces = of("vm-1", &networks).unwrap();
        let facts: Vec<_> = interfaces.iter().filter_map(Interface::facts).collect();
        assert_eq!(
            facts.iter().map(|it| (it.network.as_str(), it.use_dhcp)).collect::<Vec<_>>(),
            [("a", false), ("b", true), ("c", false)]
        );
        assert_eq!(facts[0].mac, facts[2].mac);
        assert_ne!(facts[0].mac, facts[1].mac);
        assert_eq!(interfaces[1].ip, None, "an address on a dynamic network is a hint");
        assert_ne!(of("vm-2", &networks).unwrap()[0].mac, interfaces[0].mac);
    }

    #[test]
    fn what_cannot_be_served_is_refused_by_name() {
        assert!(refusal(network("a", NetworkKind::Other("bridge".to_owned()))).contains("network 'a': unknown kind"));
        assert!(refusal(Network { ip: None, ..network("a", NetworkKind::Manual) }).contains("needs an ip"));
        assert!(refusal(Network { ip: Some("x".to_owned()), ..network("a", NetworkKind::Manual) }).contains("'x'"));
        assert!(
            refusal(Network { prefix: Some("28".to_owned()), ..network("a", NetworkKind::Manual) }).contains("prefix")
        );
    }
}
