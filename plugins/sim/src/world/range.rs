use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A block of addresses, such as `10.9.0.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Range {
    first: IpAddr,
    bits: u8,
}

impl Range {
    /// The block of so many fixed bits that an address lies in. It has room for a gateway and a name server.
    pub(super) fn new(address: IpAddr, bits: u8) -> Result<Self, String> {
        let width: u8 = if address.is_ipv4() { 32 } else { 128 };
        if bits == 0 || bits > width - 2 {
            return Err(format!("{address}/{bits} is no range: between 1 and {} bits are", width - 2));
        }
        let free = width - bits;
        Ok(Self { first: same_family(address, number(address) >> free << free), bits })
    }

    /// The address at a place, counted from zero.
    pub(super) fn address(self, place: u8) -> IpAddr {
        same_family(self.first, number(self.first) + u128::from(place))
    }

    pub(super) fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && Self::new(address, self.bits) == Ok(self)
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(address, bits)| Some((address.parse().ok()?, bits.parse().ok()?)));
        let (address, bits) = parts.ok_or_else(|| format!("'{text}' is no range such as 10.9.0.0/24"))?;
        Self::new(address, bits)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl TryFrom<String> for Range {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Range> for String {
    fn from(range: Range) -> Self {
        range.to_string()
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn same_family(family: IpAddr, number: u128) -> IpAddr {
    match family {
        // A number made from a version 4 address has 32 bits.
        IpAddr::V4(_) => IpAddr::V4((number as u32).into()),
        IpAddr::V6(_) => IpAddr::V6(number.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_starts_at_its_first_address() {
        assert_eq!(range("10.9.7.5/16").to_string(), "10.9.0.0/16");
        assert_eq!(range("10.9.0.0/16").address(2).to_string(), "10.9.0.2");
        assert_eq!(range("fd00::9/64").address(1).to_string(), "fd00::1");
    }

    #[test]
    fn addresses_are_in_their_own_family() {
        assert!(range("10.9.0.0/24").contains("10.9.0.255".parse().unwrap()));
        assert!(!range("10.9.0.0/24").contains("10.9.1.0".parse().unwrap()));
        assert!(!range("10.9.0.0/24").contains("fd00::".parse().unwrap()));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "10.9.0.0", "10.9.0.0/0", "10.9.0.0/31", "10.9.0.0/33", "a/24", "fd00::/127"] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }
}
