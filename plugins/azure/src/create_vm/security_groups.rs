use cpi_plugin_sdk::Failure;

use super::networks::Interface;
use super::properties::VmProperties;
use crate::settings::Settings;

/// A group to look for: its name, and the resource groups in which it may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub name: String,
    pub resource_groups: Vec<String>,
}

/// The network security group of an interface: the VM's, else the network's, else the configuration's.
pub(crate) fn network(
    vm: &VmProperties,
    interface: &Interface,
    settings: &Settings,
) -> Result<Option<Wanted>, Failure> {
    let first = vm.security_group.as_ref().or(interface.security_group.as_ref()).or(settings.security_group.as_ref());
    let Some((name, group)) = first else { return Ok(None) };
    if name.is_empty() {
        return Err(Failure::rejected("Cannot specify an empty string to the network security group"));
    }
    let resource_groups = group.clone().map_or_else(|| near(interface, settings), |group| vec![group]);
    Ok(Some(Wanted { name: name.clone(), resource_groups }))
}

/// The application security groups of an interface: the VM's list, also an empty one, else the network's.
pub(crate) fn application(vm: &VmProperties, interface: &Interface, settings: &Settings) -> Vec<Wanted> {
    let names = vm.application_security_groups.as_ref().unwrap_or(&interface.application_security_groups);
    let wanted = |name: &String| Wanted { name: name.clone(), resource_groups: near(interface, settings) };
    names.iter().map(wanted).collect()
}

/// That of the network, then the default one.
fn near(interface: &Interface, settings: &Settings) -> Vec<String> {
    let mut groups = vec![interface.subnet.resource_group.clone(), settings.resource_group.clone()];
    groups.dedup();
    groups
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::create_vm::networks::{Address, Subnet};
    use crate::testing;

    fn interface(group: Option<&str>) -> Interface {
        Interface {
            names: vec!["n".into()],
            group: None,
            subnet: Subnet { resource_group: "net".into(), network: "v".into(), name: "s".into() },
            addresses: vec![Address::Dynamic],
            security_group: group.map(|name| (name.to_owned(), None)),
            application_security_groups: vec!["n".into()],
            ip_forwarding: false,
            accelerated_networking: false,
        }
    }

    fn vm(extra: &Value, settings: &Settings) -> VmProperties {
        let mut all = json!({"instance_type": "S"});
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        VmProperties::parse(&all.to_string(), settings).unwrap()
    }

    #[test]
    fn the_nearest_group_wins() {
        let settings =
            testing::settings(&json!({"default_security_group": {"name": "d", "resource_group_name": "far"}}));
        let found =
            |extra: Value, group| network(&vm(&extra, &settings), &interface(group), &settings).unwrap().unwrap();
        assert_eq!(found(json!({}), None), Wanted { name: "d".into(), resource_groups: vec!["far".into()] });
        assert_eq!(found(json!({}), Some("n")).resource_groups, ["net", "rg"]);
        assert_eq!(found(json!({"security_group": "v"}), Some("n")).name, "v");
        let empty = vm(&json!({"security_group": ""}), &settings);
        assert!(network(&empty, &interface(None), &settings).is_err());
    }

    #[test]
    fn the_list_of_the_vm_replaces_that_of_the_network() {
        let settings = testing::settings(&json!({}));
        let names = |extra: Value| {
            application(&vm(&extra, &settings), &interface(None), &settings)
                .into_iter()
                .map(|wanted| wanted.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(json!({})), ["n"]);
        assert_eq!(names(json!({"application_security_groups": ["a", "b"]})), ["a", "b"]);
        assert!(names(json!({"application_security_groups": []})).is_empty());
    }
}
