use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use url::Url;

use crate::{ConfigLine, LimitsPatch, NoProxy, PluginRules, Proxy, is_plugin_name, proxy};

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
    /// How credentials are kept.
    #[serde(default)]
    pub credentials: CredentialStore,
    /// How much a call may use.
    #[serde(default)]
    pub limits: LimitsPatch,
    /// How much the compilation of a component may use.
    #[serde(default)]
    pub compile: CompileLimits,
    /// What is left to single plugins, by their names.
    #[serde(default, rename = "plugin", deserialize_with = "by_plugin")]
    pub rules: BTreeMap<String, PluginRules>,
    /// Where images of stemcells may be.
    #[serde(default)]
    pub images: Images,
}

/// The `[images]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Images {
    /// Folders below which images of stemcells must be; none for anywhere.
    #[serde(default)]
    pub roots: Vec<PathBuf>,
    /// How large they may be when they are unpacked.
    #[serde(default = "largest_image")]
    pub largest: ByteSize,
}

impl Default for Images {
    fn default() -> Self {
        Self { roots: Vec::new(), largest: largest_image() }
    }
}

/// Some fifty times what stemcells have.
fn largest_image() -> ByteSize {
    ByteSize::gib(256)
}

/// The `[compile]` table: limits of the process that compiles a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct CompileLimits {
    /// Address space.
    pub memory: ByteSize,
    /// Time that it may compute, all its threads together.
    #[serde(with = "humantime_serde")]
    pub cpu: Duration,
    /// Time that it may take.
    #[serde(with = "humantime_serde")]
    pub wall: Duration,
}

impl Default for CompileLimits {
    /// Some fifty times what the largest of our own plugins takes.
    fn default() -> Self {
        Self { memory: ByteSize::gib(8), cpu: Duration::from_mins(10), wall: Duration::from_mins(15) }
    }
}

/// The `[egress]` table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Egress {
    /// Networks that are not public but may be dialled all the same, such as the VPC endpoints of a cloud:
    /// `10.1.0.0/16:443`, `[fd00::/8]:443`, or without a port for every port.
    #[serde(default)]
    pub allow_private: Vec<AllowedAddress>,
    /// The proxy through which requests leave; none when absent, whatever the environment says.
    pub proxy: Option<Proxy>,
    /// What is reached without the proxy.
    #[serde(default)]
    pub no_proxy: Vec<NoProxy>,
}

impl Egress {
    /// The line that opens one more address.
    pub(crate) fn opening(before: &[AllowedAddress], address: SocketAddr) -> ConfigLine {
        let exactly = AllowedAddress { network: IpNet::from(address.ip()), port: Some(address.port()) };
        ConfigLine::adding("egress", "allow-private", before, exactly.to_string())
    }

    /// The proxy for requests to this URL.
    pub fn proxy_for(&self, target: &Url) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|_| proxy::serves(target, &self.no_proxy))
    }
}

/// The `[credentials]` table.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CredentialStore {
    /// Whether tokens that a service gave are kept, encrypted, for the next calls.
    #[serde(default = "yes")]
    pub cache: bool,
}

impl Default for CredentialStore {
    fn default() -> Self {
        Self { cache: true }
    }
}

fn yes() -> bool {
    true
}

/// A table for a plugin that there cannot be would restrict nothing.
fn by_plugin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, PluginRules>, D::Error> {
    let rules = BTreeMap::<String, PluginRules>::deserialize(deserializer)?;
    match rules.keys().find(|name| !is_plugin_name(name)) {
        Some(name) => Err(D::Error::custom(format!("[plugin.{name}]: no plugin can have this name"))),
        None => Ok(rules),
    }
}

/// Why the host's settings are refused: the operator is at fault. The line itself is not shown, because the address of
/// a proxy may have a password in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct HostConfigError {
    /// Where, counted from 1.
    line: usize,
    /// What is wrong.
    problem: String,
}

impl HostConfig {
    /// Reads the settings from the text of their file.
    pub fn parse(text: &str) -> Result<Self, HostConfigError> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            HostConfigError { line: before.matches('\n').count() + 1, problem: error.message().replace('\n', ", ") }
        })
    }

    /// What is left to a plugin: with no table of its own, all that it asks for.
    pub fn rules(&self, plugin: &str) -> PluginRules {
        self.rules.get(plugin).cloned().unwrap_or_default()
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

impl fmt::Display for AllowedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.network, self.port) {
            (network, None) => write!(f, "{network}"),
            (IpNet::V4(network), Some(port)) => write!(f, "{network}:{port}"),
            (IpNet::V6(network), Some(port)) => write!(f, "[{network}]:{port}"),
        }
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
            let parsed: AllowedAddress = text.parse().unwrap();
            assert_eq!(parsed.covers(address.parse().unwrap()), covered, "{text}");
            assert_eq!(parsed.to_string().parse::<AllowedAddress>().unwrap(), parsed, "{text}");
        }
        for text in ["", "10.0.0.0/99", "example.com", "10.0.0.0/8:http", "[fd00::/8]443"] {
            assert!(text.parse::<AllowedAddress>().unwrap_err().contains("is not a network"), "{text}");
        }
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let error = HostConfig::parse("plugins = \"x\"\ncolour = \"x\"").unwrap_err().to_string();
        assert!(error.starts_with("line 2: unknown field `colour`"), "{error}");
        let refusal = |text| HostConfig::parse(text).unwrap_err().to_string();
        assert!(refusal("[plugin.aws]\nhost = []").contains("unknown field `host`"));
        assert!(refusal("[plugin.AWS]\nhosts = []").contains("[plugin.AWS]"));
    }

    #[test]
    fn a_proxy_that_is_none_is_refused_without_its_password() {
        for text in ["proxy = 'socks5://user:canary@proxy'", "proxy = 'http://user:canary@proxy'\nproxy = 1"] {
            let error = HostConfig::parse(&format!("[egress]\n{text}")).unwrap_err();
            assert!(error.to_string().starts_with("line ") && !error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn credentials_are_kept_unless_said_otherwise() {
        assert!(HostConfig::parse("").unwrap().credentials.cache);
        assert!(HostConfig::parse("[credentials]").unwrap().credentials.cache);
        assert!(!HostConfig::parse("[credentials]\ncache = false").unwrap().credentials.cache);
    }
}
