use cpi_plugin_sdk::{Failure, Network, NetworkKind, log};

use super::properties::alternatives;
use crate::properties::Properties;

/// The networks that share one interface, in the order of their devices.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NicGroup {
    pub name: String,
    /// The subnet of its addresses; for a dynamic network, any of these.
    pub subnets: Vec<String>,
    pub ipv4: Option<String>,
    pub ipv6: Option<String>,
    pub ipv4_prefix: Option<String>,
    pub ipv6_prefix: Option<String>,
    /// The networks whose agent settings name the interface; none for a dynamic network.
    pub manual_networks: Vec<String>,
}

/// One interface for each group of manual networks, in the order of the request, and then one for the first dynamic
/// network.
pub(crate) fn group(networks: &[Network]) -> Result<Vec<NicGroup>, Failure> {
    let mut names: Vec<&str> = Vec::new();
    for network in networks.iter().filter(|network| network.kind == NetworkKind::Manual) {
        if !names.contains(&group_of(network)) {
            names.push(group_of(network));
        }
    }
    let members = |name: &str| -> Vec<&Network> {
        networks.iter().filter(|network| network.kind == NetworkKind::Manual && group_of(network) == name).collect()
    };
    let mut groups = names.iter().map(|name| manual(name, &members(name))).collect::<Result<Vec<_>, _>>()?;

    let mut dynamic = networks.iter().filter(|network| network.kind == NetworkKind::Dynamic);
    if let Some(network) = dynamic.next() {
        let mut subnets = alternatives(&Properties::parse(&network.cloud_properties)?, "subnet", "subnets")?;
        if subnets.is_empty() {
            subnets = vec![common_subnet(&network.name, &[network])?];
        }
        groups.push(NicGroup { name: network.name.clone(), subnets, ..NicGroup::default() });
    }
    for ignored in dynamic {
        log::warn("only the first dynamic network gets an interface", &[("network", &ignored.name)]);
    }
    if groups.is_empty() {
        return Err(Failure::rejected("a VM needs at least one manual or dynamic network"));
    }
    Ok(groups)
}

/// Refuses kinds of networks that AWS does not have.
pub(crate) fn check_kinds(networks: &[Network]) -> Result<(), Failure> {
    networks.iter().try_for_each(|network| match &network.kind {
        NetworkKind::Other(kind) => Err(Failure::rejected(format!(
            "Invalid network type '{kind}' for AWS, can only handle 'dynamic', 'vip', or 'manual' network types"
        ))),
        NetworkKind::Manual | NetworkKind::Dynamic | NetworkKind::Vip => Ok(()),
    })
}

/// The group that a manual network is in.
pub(crate) fn group_of(network: &Network) -> &str {
    network.nic_group.as_deref().unwrap_or(&network.name)
}

fn manual(name: &str, members: &[&Network]) -> Result<NicGroup, Failure> {
    let mut group = NicGroup {
        name: name.to_owned(),
        subnets: vec![common_subnet(name, members)?],
        manual_networks: members.iter().map(|network| network.name.clone()).collect(),
        ..NicGroup::default()
    };
    for network in members {
        let Some(ip) = network.ip.as_deref() else { continue };
        let v6 = ip.contains(':');
        let prefix = network.prefix.as_deref().filter(|length| *length != if v6 { "128" } else { "32" });
        let (place, value) = match (v6, prefix) {
            (false, None) => (&mut group.ipv4, ip.to_owned()),
            (true, None) => (&mut group.ipv6, ip.to_owned()),
            (false, Some(length)) => (&mut group.ipv4_prefix, format!("{ip}/{length}")),
            (true, Some(length)) => (&mut group.ipv6_prefix, format!("{ip}/{length}")),
        };
        match place {
            None => *place = Some(value),
            Some(first) => {
                log::warn("an interface has one address of a kind", &[("kept", first), ("dropped", &value)]);
            }
        }
    }
    if group.ipv4.is_none() && group.ipv6.is_none() {
        return Err(Failure::rejected(format!(
            "Could not find a single ip address for nic group '{name}' and a prefix network can only be a secondary network."
        )));
    }
    Ok(group)
}

fn common_subnet(name: &str, members: &[&Network]) -> Result<String, Failure> {
    let mut subnets: Vec<String> = Vec::new();
    for network in members {
        if let Some(subnet) = Properties::parse(&network.cloud_properties)?.text("subnet")?
            && !subnets.contains(&subnet)
        {
            subnets.push(subnet);
        }
    }
    match <[String; 1]>::try_from(subnets) {
        Ok([subnet]) => Ok(subnet),
        Err(subnets) => Err(Failure::rejected(format!(
            "Networks in nic_group '{name}' have different subnet ids: {} or probably none of them have any subnet id \
             defined. All networks in a nic_group must have the same subnet_id.",
            subnets.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::manual;

    fn in_group(name: &str, ip: &str, prefix: Option<&str>, group: &str) -> Network {
        Network { prefix: prefix.map(str::to_owned), nic_group: Some(group.into()), ..manual(name, ip, "subnet-1") }
    }

    fn dynamic(name: &str) -> Network {
        Network { kind: NetworkKind::Dynamic, ip: None, ..manual(name, "", "subnet-1") }
    }

    fn refusal(networks: &[Network]) -> String {
        group(networks).unwrap_err().message().to_owned()
    }

    #[test]
    fn groups_keep_the_order_and_the_dynamic_network_comes_last() {
        let networks = [
            dynamic("dyn"),
            in_group("b", "10.0.0.2", None, "1"),
            manual("a", "10.0.0.3", "subnet-2"),
            in_group("c", "2600::1", Some("128"), "1"),
            dynamic("ignored"),
        ];
        let groups = group(&networks).unwrap();
        let names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["1", "a", "dyn"]);
        assert_eq!(groups[0].manual_networks, ["b", "c"]);
        assert_eq!((groups[0].ipv4.as_deref(), groups[0].ipv6.as_deref()), (Some("10.0.0.2"), Some("2600::1")));
        assert_eq!((groups[2].ipv4.as_deref(), groups[2].manual_networks.len()), (None, 0));
    }

    #[test]
    fn only_a_dynamic_network_has_a_choice_of_subnets() {
        let properties = r#"{"subnet": "subnet-1", "subnets": ["subnet-2", "subnet-1"]}"#;
        let subnets = |network: Network| {
            let network = Network { cloud_properties: properties.into(), ..network };
            group(&[network]).unwrap().remove(0).subnets
        };
        assert_eq!(subnets(dynamic("d")), ["subnet-1", "subnet-2"]);
        assert_eq!(subnets(manual("m", "10.0.0.2", "")), ["subnet-1"]);
    }

    #[test]
    fn prefixes_are_secondary() {
        let networks = [
            in_group("v4", "10.0.0.2", Some("32"), "0"),
            in_group("v4p", "10.0.0.16", Some("28"), "0"),
            in_group("v6p", "2600:1::", Some("80"), "0"),
        ];
        let groups = group(&networks).unwrap();
        assert_eq!(groups[0].ipv4_prefix.as_deref(), Some("10.0.0.16/28"));
        assert_eq!(groups[0].ipv6_prefix.as_deref(), Some("2600:1::/80"));
        assert_eq!(
            refusal(&networks[1..]),
            "Could not find a single ip address for nic group '0' and a prefix network can only be a secondary network."
        );
    }

    #[test]
    fn a_group_has_one_subnet() {
        let other = Network { nic_group: Some("0".into()), ..manual("b", "10.0.1.2", "subnet-2") };
        assert_eq!(
            refusal(&[in_group("a", "10.0.0.2", None, "0"), other]),
            "Networks in nic_group '0' have different subnet ids: subnet-1, subnet-2 or probably none of them have any \
             subnet id defined. All networks in a nic_group must have the same subnet_id."
        );
        let none = Network { cloud_properties: "{}".into(), ..manual("a", "10.0.0.2", "") };
        assert!(refusal(&[none]).contains("have different subnet ids:  or probably none"));
    }

    #[test]
    fn a_vip_alone_is_no_network() {
        let vip = Network { kind: NetworkKind::Vip, ..manual("v", "1.2.3.4", "s") };
        assert!(refusal(&[vip]).contains("at least one"));
    }

    #[test]
    fn other_kinds_are_refused_in_the_known_words() {
        let bridge = Network { kind: NetworkKind::Other("bridge".into()), ..manual("v", "1.2.3.4", "s") };
        assert_eq!(
            check_kinds(&[bridge]).unwrap_err(),
            Failure::rejected(
                "Invalid network type 'bridge' for AWS, can only handle 'dynamic', 'vip', or 'manual' network types"
            )
        );
    }
}
