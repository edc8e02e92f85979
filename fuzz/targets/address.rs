//! Whatever clothes an address wears, it is as public as what is in them.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cpi_policy::is_public;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: [u8; 16]| {
    let six = Ipv6Addr::from(bytes);
    if is_public(IpAddr::V6(six)) {
        assert_eq!(six.segments()[0] >> 13, 1, "global unicast");
        assert!(!six.is_loopback() && !six.is_unspecified() && !six.is_multicast() && !six.is_unique_local());
        assert!(!six.is_unicast_link_local() && six.to_ipv4().is_none());
    }
    let four = Ipv4Addr::new(bytes[12], bytes[13], bytes[14], bytes[15]);
    if is_public(IpAddr::V4(four)) {
        assert!(!four.is_private() && !four.is_loopback() && !four.is_link_local() && !four.is_multicast());
        assert!(!four.is_broadcast() && !four.is_documentation() && !four.is_unspecified());
    }
    for clothed in [four.to_ipv6_mapped(), four.to_ipv6_compatible()] {
        assert!(!is_public(IpAddr::V6(clothed)), "{clothed}");
    }
});
