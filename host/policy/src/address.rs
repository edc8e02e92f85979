use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::AllowedAddress;

/// Which addresses a permitted request may be sent to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AddressRule {
    /// The operator's own file names this host: any address it has.
    Any,
    /// Public addresses, and those that the operator lists.
    Public(Vec<AllowedAddress>),
}

impl AddressRule {
    /// Whether this address may be dialled.
    pub fn allows(&self, address: SocketAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Public(allowed) => is_public(address.ip()) || allowed.iter().any(|entry| entry.covers(address)),
        }
    }
}

/// Whether an address lies in the public internet: not private, not link-local, not a metadata service, and not one of
/// these in the clothes of another notation.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        0 | 10 | 127 | 224.. => true,
        100 => (64..128).contains(&b),
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => b == 168 || (b == 0 && matches!(c, 0 | 2)) || (b == 88 && c == 99),
        198 => matches!(b, 18 | 19) || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => false,
    };
    // Azure's wire server stands in public space.
    !special && address != Ipv4Addr::new(168, 63, 129, 16)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Global unicast only; within it, the forms that wrap an IPv4 address or are set aside.
    let global = segments[0] & 0xe000 == 0x2000;
    let teredo = segments[0] == 0x2001 && segments[1] == 0;
    let orchid = segments[0] == 0x2001 && matches!(segments[1] & 0xfff0, 0x0010 | 0x0020 | 0x0030);
    let documentation = (segments[0] == 0x2001 && segments[1] == 0x0db8) || segments[0] == 0x3fff;
    let six_to_four = segments[0] == 0x2002;
    global && !teredo && !orchid && !documentation && !six_to_four
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_no_plugin_needs_are_not_public() {
        for text in [
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "fd00:ec2::254",
            "::1",
            "::",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2001:0:4136:e378::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn the_internet_is_public() {
        for text in ["8.8.8.8", "52.95.0.1", "2600:1f18::1", "2a05:d014::1"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn operators_open_exact_networks_and_ports() {
        let rule = AddressRule::Public(vec!["10.1.0.0/16:443".parse().unwrap()]);
        assert!(rule.allows("10.1.2.3:443".parse().unwrap()));
        assert!(!rule.allows("10.1.2.3:80".parse().unwrap()));
        assert!(!rule.allows("10.2.2.3:443".parse().unwrap()));
    }
}
