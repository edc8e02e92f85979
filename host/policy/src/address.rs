use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::{AllowedAddress, Denial, Egress};

/// Which addresses a permitted request may be sent to: besides those that the operator lists,
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AddressRule {
    /// where the host itself sends requests, to a place that it knows or that the operator wrote: any address,
    Any,
    /// where the provider's configuration names the host: whatever can be a service of the operator's.
    Service(Vec<AllowedAddress>),
    /// otherwise: the public internet.
    Public(Vec<AllowedAddress>),
}

impl AddressRule {
    /// Whether this address may be dialled.
    pub fn allows(&self, address: SocketAddr) -> bool {
        let fits = match self {
            Self::Any => true,
            Self::Service(_) => is_service(address.ip()),
            Self::Public(_) => is_public(address.ip()),
        };
        fits || self.opened().iter().any(|entry| entry.covers(address))
    }

    /// Why an address of this host is not dialled.
    pub fn refusal(&self, host: &str, address: SocketAddr) -> Denial {
        Denial::Address { host: host.to_owned(), address, line: Egress::opening(self.opened(), address) }
    }

    fn opened(&self) -> &[AllowedAddress] {
        match self {
            Self::Any => &[],
            Self::Service(opened) | Self::Public(opened) => opened,
        }
    }
}

/// Whether an address lies in the public internet: not private, not link-local, not a metadata service, and not one of
/// these in the clothes of another notation.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().chain(NO_SERVICE_V4).any(|network| network.contains(&address)),
        // Global unicast only.
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address)
                && !SPECIAL_V6.iter().any(|network| network.contains(&address))
                && embedded(address).is_none()
        }
    }
}

/// Whether an operator's service may have this address, private or not: metadata services hand out credentials of the
/// machine, and a name that leads there is no mistake.
fn is_service(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NO_SERVICE_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_service(IpAddr::V4(inner)),
            None => !NO_SERVICE_V6.iter().any(|network| network.contains(&address)),
        },
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64, 6to4 and Teredo.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [start @ .., high, low] = address.segments();
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match start {
        // Mapped, and NAT64; networks choose where in 64:ff9b:1::/48 they put the address, most at the end.
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] | [0x64, 0xff9b, 1, ..] => v4(high, low),
        // The host itself, and no host, are no IPv4 addresses.
        [0, 0, 0, 0, 0, 0] if (high, low) > (0, 1) => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        [0x2001, 0, ..] => v4(!high, !low),
        _ => None,
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// IANA's registry of special-purpose IPv4 addresses, as far as a service of an operator's may live there.
const SPECIAL_V4: &[Ipv4Net] = &[
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 31, 196, 0, 24),
    v4(192, 52, 193, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(192, 175, 48, 0, 24),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
];

/// Where no service lives that a plugin could want: this network, link-local with the metadata services of most clouds,
/// those of Alibaba, Oracle and Azure, multicast, and what is reserved.
const NO_SERVICE_V4: &[Ipv4Net] = &[
    v4(0, 0, 0, 0, 8),
    v4(100, 100, 100, 200, 32),
    v4(168, 63, 129, 16, 32),
    v4(169, 254, 0, 0, 16),
    v4(192, 0, 0, 192, 32),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// IANA's registry of special-purpose IPv6 addresses, as far as it lies within global unicast.
const SPECIAL_V6: &[Ipv6Net] = &[
    // Teredo, benchmarking, AMT, AS112, ORCHID, drone identifiers.
    v6(0x2001, 0, 0, 23),
    v6(0x2001, 0xdb8, 0, 32),
    v6(0x2002, 0, 0, 16),
    v6(0x2620, 0x4f, 0x8000, 48),
    v6(0x3fff, 0, 0, 20),
];

/// Unspecified, discard-only, segment routing, link-local, site-local, multicast, and the metadata service of AWS.
const NO_SERVICE_V6: &[Ipv6Net] = &[
    v6(0, 0, 0, 128),
    v6(0x100, 0, 0, 32),
    v6(0x5f00, 0, 0, 16),
    v6(0xfd00, 0xec2, 0, 32),
    v6(0xfe80, 0, 0, 10),
    v6(0xfec0, 0, 0, 10),
    v6(0xff00, 0, 0, 8),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Metadata services and other places where no service of an operator's lives, in every clothing.
    const NEVER: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "169.254.170.2",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "100::1",
        "100:0:0:1::1",
        "5f00::1",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "64:ff9b:1:1:2:3:a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378::5601:5601",
    ];

    /// What only an operator's own service has.
    const PRIVATE: &[&str] = &[
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",
        "192.168.1.1",
        "192.175.48.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "::1",
        "fc00::1",
        "fd12::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "::10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::808:808",
        "2002:a00:1::1",
        "2001:1::1",
        "2001:2::1",
        "2001:3::1",
        "2001:4:112::1",
        "2001:10::1",
        "2001:20::1",
        "2001:30::1",
        "2001:db8::1",
        "2620:4f:8000::1",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
    ];

    #[test]
    fn addresses_that_no_plugin_needs_are_not_public() {
        for text in NEVER.iter().chain(PRIVATE) {
            assert!(!is_public(ip(text)), "{text}");
        }
    }

    #[test]
    fn the_internet_is_public() {
        for text in [
            "8.8.8.8",
            "52.95.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "2001:200::1",
            "2600:1f18::1",
            "2a05:d014::1",
        ] {
            assert!(is_public(ip(text)), "{text}");
        }
    }

    #[test]
    fn a_named_service_has_any_address_but_a_metadata_service() {
        let rule = AddressRule::Service(Vec::new());
        for text in PRIVATE {
            assert!(rule.allows(SocketAddr::new(ip(text), 443)), "{text}");
        }
        for text in NEVER {
            let address = SocketAddr::new(ip(text), 443);
            assert!(!rule.allows(address), "{text}");
            let opened = AddressRule::Service(vec![format!("[{text}]:443").parse().unwrap()]);
            assert!(opened.allows(address), "{text}");
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
