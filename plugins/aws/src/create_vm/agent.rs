use cpi_plugin_sdk::{Failure, Network, NetworkKind, agents};
use serde_json::json;

use super::nic_groups::NicGroup;
#[cfg(target_family = "wasm")]
use super::{request::Request, survey::Machine};

/// EC2's limit for the text before it is encoded.
const USER_DATA_LIMIT: u32 = 16_384;

/// What the agent must know of the VM's networks. `macs` has one address for each group.
pub(crate) fn settings(
    vm_name: &str,
    networks: &[Network],
    groups: &[NicGroup],
    macs: &[String],
    disks: agents::Disks,
) -> agents::Settings {
    let mac_of = |network: &Network| {
        let mut pairs = groups.iter().zip(macs);
        pairs.find(|(group, _)| group.manual_networks.contains(&network.name)).map(|(_, mac)| mac.clone())
    };
    let facts = |network: &Network| agents::InterfaceFacts {
        network: network.name.clone(),
        mac: mac_of(network),
        use_dhcp: true,
    };
    let mut manual = networks.iter().filter(|network| network.kind == NetworkKind::Manual);
    let dns = manual.find(|network| !network.dns.is_empty()).map(|network| json!({"nameserver": network.dns}));
    agents::Settings {
        vm_name: vm_name.to_owned(),
        interfaces: networks.iter().map(facts).collect(),
        disks,
        extra: json!({"dns": dns}).to_string(),
    }
}

/// A token that stands for the agent's settings on this machine.
#[cfg(target_family = "wasm")]
pub(super) fn seal(vm_name: &str, request: &Request, macs: &[String], machine: &Machine) -> Result<String, Failure> {
    let settings = settings(vm_name, &request.networks, &request.groups, macs, machine.disks.clone());
    let sealed = agents::seal(&settings).map_err(Failure::rejected)?;
    check_size(sealed.size)?;
    Ok(sealed.token)
}

/// Refuses a document that EC2 would not take.
pub(crate) fn check_size(size: u32) -> Result<(), Failure> {
    if size <= USER_DATA_LIMIT {
        return Ok(());
    }
    Err(Failure::rejected(format!(
        "the agent's settings are {size} bytes, and EC2 takes at most {USER_DATA_LIMIT} bytes of user data: \
         use fewer networks or shorter certificates in 'env'"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::create_vm::nic_groups::group;
    use crate::testing::manual;

    fn disks() -> agents::Disks {
        agents::Disks { system: None, ephemeral: None, raw_ephemeral: Vec::new() }
    }

    #[test]
    fn only_manual_networks_are_told_their_interface() {
        let second = Network { dns: vec!["10.0.0.2".into()], ..manual("b", "10.0.0.3", "s") };
        let vip = Network { kind: NetworkKind::Vip, ..manual("v", "1.2.3.4", "s") };
        let dynamic = Network { kind: NetworkKind::Dynamic, ..manual("d", "", "s") };
        let networks = [dynamic, manual("a", "10.0.0.2", "s"), second, vip];
        let macs = ["m0".to_owned(), "m1".into(), "m2".into()];
        let made = settings("vm-1", &networks, &group(&networks).unwrap(), &macs, disks());
        let macs: Vec<_> = made.interfaces.iter().map(|facts| facts.mac.as_deref()).collect();
        assert_eq!(macs, [None, Some("m0"), Some("m1"), None]);
        assert!(made.interfaces.iter().all(|facts| facts.use_dhcp));
        assert_eq!(made.extra, r#"{"dns":{"nameserver":["10.0.0.2"]}}"#);
    }

    #[test]
    fn no_name_server_is_said_too() {
        assert_eq!(settings("vm-1", &[], &[], &[], disks()).extra, r#"{"dns":null}"#);
    }

    #[test]
    fn the_limit_is_named() {
        assert!(check_size(16_384).is_ok());
        assert!(check_size(16_385).unwrap_err().message().contains("16385 bytes, and EC2 takes at most 16384"));
    }
}
