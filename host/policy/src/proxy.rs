use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;
use url::{Host, Url};

/// The proxy through which requests leave, an `http://` or `https://` URL. Its password is not printed.
#[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Proxy(Url);

/// A target that is reached without the proxy: an address, a network, or a name with all names below it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum NoProxy {
    /// Addresses written as numbers in URLs. Names are not resolved for this.
    Network(IpNet),
    /// `internal.example` stands for itself and for `api.internal.example`.
    Domain(String),
}

impl Proxy {
    /// Its address, user name and password included.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// What must not be printed: the password, as it is written and as it is meant.
    pub fn secrets(&self) -> Vec<String> {
        let Some(written) = self.0.password() else { return Vec::new() };
        let meant = percent_encoding::percent_decode_str(written).decode_utf8_lossy().into_owned();
        vec![written.to_owned(), meant]
    }
}

/// Whether a request to this URL goes through a proxy. The machine itself, and the services that every machine of a cloud
/// finds at a link-local address, are never behind one.
pub(crate) fn serves(target: &Url, except: &[NoProxy]) -> bool {
    let near = match target.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_link_local(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unicast_link_local(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => true,
    };
    !near && !except.iter().any(|entry| entry.covers(target))
}

impl fmt::Display for Proxy {
    /// Scheme, host and port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Proxy {
    type Error = &'static str;

    /// The text of the error does not repeat the value, in which there may be a password.
    fn try_from(text: String) -> Result<Self, &'static str> {
        const WRONG: &str = "the proxy must be http:// or https://, a host and maybe a port, such as http://proxy:3128";
        let url = Url::parse(&text).map_err(|_| WRONG)?;
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain {
            return Err(WRONG);
        }
        Ok(Self(url))
    }
}

impl NoProxy {
    fn covers(&self, target: &Url) -> bool {
        match (self, target.host()) {
            (Self::Network(network), Some(Host::Ipv4(address))) => network.contains(&IpAddr::from(address)),
            (Self::Network(network), Some(Host::Ipv6(address))) => network.contains(&IpAddr::from(address)),
            (Self::Domain(domain), Some(Host::Domain(name))) => {
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            _ => false,
        }
    }
}

impl FromStr for NoProxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(network) = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            return Ok(Self::Network(network));
        }
        let domain = text.strip_prefix('.').unwrap_or(text);
        match Host::parse(domain) {
            Ok(Host::Domain(domain)) if !domain.contains('*') => Ok(Self::Domain(domain)),
            _ => Err(format!(
                "'{text}' is no target: write a name (internal.example stands for all names below it too), \
                 an address, or a network such as 10.0.0.0/8"
            )),
        }
    }
}

impl TryFrom<String> for NoProxy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(text: &str) -> Result<Proxy, &'static str> {
        Proxy::try_from(text.to_owned())
    }

    #[test]
    fn targets_nearby_and_those_excepted_are_reached_directly() {
        let except = ["internal.example", ".lab.example", "10.0.0.0/8", "fd00::1"].map(|text| text.parse().unwrap());
        for (url, through) in [
            ("https://ec2.us-east-1.amazonaws.com/", true),
            ("https://10.1.2.3/", false),
            ("https://11.1.2.3/", true),
            ("http://[fd00::1]/", false),
            ("https://internal.example/", false),
            ("https://api.internal.example/", false),
            ("https://notinternal.example/", true),
            ("https://x.lab.example:8443/", false),
            ("http://127.0.0.1:5000/", false),
            ("http://localhost:5000/", false),
            ("http://169.254.169.254/", false),
            ("http://[fe80::1]/", false),
        ] {
            assert_eq!(serves(&url.parse().unwrap(), &except), through, "{url}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_its_text() {
        for text in ["proxy:3128", "socks5://user:canary@proxy", "http://user:canary@proxy/path", "http://?canary", ""]
        {
            let error = proxy(text).unwrap_err();
            assert!(error.contains("http://proxy:3128") && !error.contains("canary"), "{text}");
        }
        for text in ["", "*.example.com", "10.0.0.0/99", "a b"] {
            assert!(text.parse::<NoProxy>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let proxy = proxy("http://user:can%2Dary@proxy:3128").unwrap();
        assert_eq!(proxy.to_string(), "http://proxy:3128");
        assert_eq!(format!("{proxy:?}"), "http://proxy:3128");
        assert_eq!(proxy.secrets(), ["can%2Dary", "can-ary"]);
    }
}
