use serde_json::{Map, Value, json};

use super::networks::{Address, Interface};
use super::properties::VmProperties;
use crate::arm::{Kind, Resource};
use crate::settings::Settings;

/// Ids of what an interface refers to; all of them exist.
#[derive(Clone, Debug, Default)]
pub(crate) struct References {
    pub security_group: Option<String>,
    pub application_security_groups: Vec<String>,
    /// Of the primary interface, and whether it is one of IPv6.
    pub public_address: Option<(String, bool)>,
    /// The rest is of the primary interface, too.
    pub pools: Vec<String>,
    pub pools_v6: Vec<String>,
    pub nat_rules: Vec<String>,
    pub gateway_pools: Vec<String>,
}

/// What all interfaces of a VM have in common.
#[derive(Debug)]
pub(crate) struct Common<'a> {
    pub settings: &'a Settings,
    pub vm: &'a VmProperties,
    pub location: &'a str,
    pub availability_set: Option<&'a str>,
    pub tags: &'a Map<String, Value>,
}

/// The body that makes an interface.
pub(crate) fn body(common: &Common<'_>, index: usize, interface: &Interface, references: &References) -> Value {
    let subnet = &interface.subnet;
    let network = Resource::new(common.settings, &subnet.resource_group, Kind::VirtualNetwork, &subnet.network);
    let subnet = format!("{}/subnets/{}", network.id, subnet.name);
    let several = interface.addresses.len() > 1;
    let mut public = references.public_address.as_ref();
    let configurations: Vec<_> = interface
        .addresses
        .iter()
        .enumerate()
        .map(|(position, address)| {
            let name = if several { format!("ipconfig{index}-{position}") } else { format!("ipconfig{index}") };
            let mut properties = configuration(address, &subnet, references);
            properties.insert("primary".to_owned(), json!(position == 0));
            if let Some((id, _)) = public.take_if(|(_, v6)| *v6 == address.is_v6()) {
                properties.insert("publicIPAddress".to_owned(), json!({"id": id}));
            }
            json!({"name": name, "properties": properties})
        })
        .collect();
    let mut tags = common.tags.clone();
    if let (Some(set), 0) = (common.availability_set, index) {
        tags.insert("availability_set".to_owned(), json!(set));
    }
    let mut properties = json!({
        "enableIPForwarding": common.vm.ip_forwarding.unwrap_or(interface.ip_forwarding),
        "enableAcceleratedNetworking": common.vm.accelerated_networking.unwrap_or(interface.accelerated_networking),
        "ipConfigurations": configurations,
        "dnsSettings": {"dnsServers": []},
    });
    if let (Some(id), Some(properties)) = (&references.security_group, properties.as_object_mut()) {
        properties.insert("networkSecurityGroup".to_owned(), json!({"id": id}));
    }
    json!({"location": common.location, "tags": tags, "properties": properties})
}

fn configuration(address: &Address, subnet: &str, references: &References) -> Map<String, Value> {
    let mut properties = Map::new();
    let (method, version) = match address {
        Address::Dynamic => ("Dynamic", "IPv4"),
        Address::Static(ip) if ip.is_ipv6() => ("Static", "IPv6"),
        Address::Static(_) => ("Static", "IPv4"),
    };
    properties.insert("privateIPAllocationMethod".to_owned(), json!(method));
    properties.insert("privateIPAddressVersion".to_owned(), json!(version));
    if let Address::Static(ip) = address {
        properties.insert("privateIPAddress".to_owned(), json!(ip.to_string()));
    }
    properties.insert("subnet".to_owned(), json!({"id": subnet}));
    let nothing = Vec::new();
    let (pools, rules, gateways) = if address.is_v6() {
        (&references.pools_v6, &nothing, &nothing)
    } else {
        (&references.pools, &references.nat_rules, &references.gateway_pools)
    };
    for (key, ids) in [
        ("loadBalancerBackendAddressPools", pools),
        ("loadBalancerInboundNatRules", rules),
        ("applicationGatewayBackendAddressPools", gateways),
        ("applicationSecurityGroups", &references.application_security_groups),
    ] {
        if !ids.is_empty() {
            let ids: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
            properties.insert(key.to_owned(), Value::Array(ids));
        }
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::create_vm::networks::Subnet;
    use crate::testing;

    fn interface(addresses: Vec<Address>) -> Interface {
        Interface {
            names: vec!["n".into()],
            group: None,
            subnet: Subnet { resource_group: "net".into(), network: "v".into(), name: "s".into() },
            addresses,
            security_group: None,
            application_security_groups: Vec::new(),
            ip_forwarding: false,
            accelerated_networking: true,
        }
    }

    fn tags() -> Map<String, Value> {
        Map::from_iter([("user-agent".to_owned(), json!("bosh"))])
    }

    #[test]
    fn one_address_with_all_that_it_joins() {
        let settings = testing::settings(&json!({}));
        let vm = VmProperties::parse(r#"{"instance_type": "S", "ip_forwarding": true}"#, &settings).unwrap();
        let common =
            Common { settings: &settings, vm: &vm, location: "eastus", availability_set: Some("set"), tags: &tags() };
        let references = References {
            security_group: Some("/nsg".into()),
            public_address: Some(("/pip".into(), false)),
            pools: vec!["/p".into()],
            ..References::default()
        };
        let made = body(&common, 0, &interface(vec![Address::Static("10.0.0.4".parse().unwrap())]), &references);
        assert_eq!(
            made,
            json!({
                "location": "eastus",
                "tags": {"user-agent": "bosh", "availability_set": "set"},
                "properties": {
                    "enableIPForwarding": true,
                    "enableAcceleratedNetworking": true,
                    "ipConfigurations": [{"name": "ipconfig0", "properties": {
                        "privateIPAllocationMethod": "Static",
                        "privateIPAddressVersion": "IPv4",
                        "privateIPAddress": "10.0.0.4",
                        "subnet": {"id": "/subscriptions/sub/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s"},
                        "loadBalancerBackendAddressPools": [{"id": "/p"}],
                        "primary": true,
                        "publicIPAddress": {"id": "/pip"},
                    }}],
                    "dnsSettings": {"dnsServers": []},
                    "networkSecurityGroup": {"id": "/nsg"},
                },
            })
        );
    }

    #[test]
    fn a_public_address_goes_to_its_own_family() {
        let settings = testing::settings(&json!({}));
        let vm = VmProperties::parse(r#"{"instance_type": "S"}"#, &settings).unwrap();
        let common = Common { settings: &settings, vm: &vm, location: "eastus", availability_set: None, tags: &tags() };
        let references = References { public_address: Some(("/pip".into(), true)), ..References::default() };
        let both = interface(vec![Address::Dynamic, Address::Static("fd00::4".parse().unwrap())]);
        let made = body(&common, 1, &both, &references);
        let configurations = &made["properties"]["ipConfigurations"];
        assert_eq!(
            (&configurations[0]["name"], &configurations[1]["name"]),
            (&json!("ipconfig1-0"), &json!("ipconfig1-1"))
        );
        assert_eq!(configurations[0]["properties"]["publicIPAddress"], Value::Null);
        assert_eq!(configurations[1]["properties"]["publicIPAddress"]["id"], "/pip");
        assert_eq!(configurations[1]["properties"]["primary"], false);
    }
}
