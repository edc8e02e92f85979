use cpi_plugin_sdk::{Failure, Network, NetworkKind};

use super::nic_groups::NicGroup;

/// An Elastic IP and the interface it goes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Vip {
    pub ip: String,
    pub device: usize,
}

/// The address of the one vip network, if there is one.
pub(crate) fn wanted(networks: &[Network], groups: &[NicGroup]) -> Result<Option<Vip>, Failure> {
    let mut vips = networks.iter().filter(|network| network.kind == NetworkKind::Vip);
    let Some(network) = vips.next() else { return Ok(None) };
    if let Some(second) = vips.next() {
        return Err(Failure::rejected(format!("More than one vip network for '{}'", second.name)));
    }
    let ip = network
        .ip
        .clone()
        .ok_or_else(|| Failure::rejected(format!("No IP provided for vip network '{}'", network.name)))?;
    let named = |name: &String| {
        groups.iter().filter(|group| !group.manual_networks.is_empty()).position(|group| group.name == *name)
    };
    Ok(Some(Vip { ip, device: network.nic_group.as_ref().and_then(named).unwrap_or(0) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::create_vm::nic_groups::group;
    use crate::testing::manual;

    fn vip(name: &str, ip: Option<&str>, nic_group: Option<&str>) -> Network {
        Network {
            kind: NetworkKind::Vip,
            ip: ip.map(str::to_owned),
            nic_group: nic_group.map(str::to_owned),
            ..manual(name, "", "")
        }
    }

    fn device(nic_group: Option<&str>) -> usize {
        let second = Network { nic_group: Some("g".into()), ..manual("b", "10.0.0.3", "s") };
        let networks = [manual("a", "10.0.0.2", "s"), second, vip("v", Some("1.2.3.4"), nic_group)];
        wanted(&networks, &group(&networks).unwrap()).unwrap().unwrap().device
    }

    #[test]
    fn the_interface_is_that_of_the_group_or_the_first() {
        assert_eq!((device(None), device(Some("g")), device(Some("unknown"))), (0, 1, 0));
    }

    #[test]
    fn mistakes_are_found_without_a_request() {
        let message = |networks: &[Network]| wanted(networks, &[]).unwrap_err().message().to_owned();
        assert_eq!(message(&[vip("v", None, None)]), "No IP provided for vip network 'v'");
        let two = [vip("v", Some("1"), None), vip("w", Some("2"), None)];
        assert_eq!(message(&two), "More than one vip network for 'w'");
        assert_eq!(wanted(&[], &[]).unwrap(), None);
    }
}
