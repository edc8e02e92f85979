use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;

use crate::LimitsPatch;

/// The host's own settings, a TOML file. Every member may be absent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HostConfig {
    /// Folder of installed plugins; `plugins` beside the program when absent.
    pub plugins: Option<PathBuf>,
    /// Folder for what plugins keep between calls.
    pub state: Option<PathBuf>,
    /// Where requests may go.
    #[serde(default)]
    pub egress: Egress,
    /// How much a call may use.
    #[serde(default)]
    pub limits: LimitsPatch,
}

/// The `[egress]` table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Egress {
    /// Networks that are not public but may be dialled all the same, such as the VPC endpoints of a cloud:
    /// `10.1.0.0/16:443`, `[fd00::/8]:443`, or without a port for every port.
    #[serde(default)]
    pub allow_private: Vec<AllowedAddress>,
}

/// Why the host's settings are refused.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HostConfigError(#[from] toml::de::Error);

impl HostConfig {
    /// Reads the settings from the text of their file.
    pub fn parse(text: &str) -> Result<Self, HostConfigError> {
        Ok(toml::from_str(text)?)
    }
}

/// A network, and the one port or every port there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct AllowedAddress {
    network: IpNet,
    port: Option<u16>,
}

impl AllowedAddress {
    /// Whether an address lies in this network and has this port.
    pub fn covers(&self, address: SocketAddr) -> bool {
        self.network.contains(&address.ip()) && self.port.is_none_or(|port| port == address.port())
    }
}

impl FromStr for AllowedAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a network: write 10.1.0.0/16, 10.1.0.0/16:443 or [fd00::/8]:443");
        let (network, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((network, "")) => (network, None),
            Some((network, port)) => (network, Some(port.strip_prefix(':').ok_or_else(wrong)?)),
            None if text.matches(':').count() == 1 => {
                text.split_once(':').map(|(network, port)| (network, Some(port))).ok_or_else(wrong)?
            }
            None => (text, None),
        };
        Ok(Self {
            network: network.parse().or_else(|_| network.parse::<IpAddr>().map(IpNet::from)).map_err(|_| wrong())?,
            port: port.map(str::parse).transpose().map_err(|_| wrong())?,
        })
    }
}

impl TryFrom<String> for AllowedAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_written_with_and_without_a_port() {
        for (text, address, covered) in [
            ("10.1.0.0/16", "10.1.9.9:80", true),
            ("10.1.0.0/16:443", "10.1.9.9:80", false),
            ("10.1.2.3:443", "10.1.2.3:443", true),
            ("[fd00::/8]:443", "[fd01::1]:443", true),
            ("fd00::/8", "[fd01::1]:80", true),
            ("10.1.0.0/16", "[::ffff:10.1.0.1]:80", false),
        ] {
            assert_eq!(text.parse::<AllowedAddress>().unwrap().covers(address.parse().unwrap()), covered, "{text}");
        }
        for text in ["", "10.0.0.0/99", "example.com", "10.0.0.0/8:http", "[fd00::/8]443"] {
            assert!(text.parse::<AllowedAddress>().unwrap_err().contains("is not a network"), "{text}");
        }
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        assert!(HostConfig::parse("plugin = \"x\"").unwrap_err().to_string().contains("plugin"));
    }
}
