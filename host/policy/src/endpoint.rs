use std::collections::BTreeMap;

use cpi_protocol::Object;
use serde_json::Value;
use url::Url;

use crate::settings::value;
use crate::{AddressRule, AllowedAddress, Manifest};

mod made;

pub use made::{MadeEndpoint, is_domain};

/// Where a service is, by the settings of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// As [`normalise_endpoint`] writes it.
    pub url: String,
    /// Whether the operator wrote the host, or the domain that it is in. What a manifest falls back on is its author's word.
    pub is_operators: bool,
}

impl Endpoint {
    /// The addresses that it may have: private ones only where the operator named it, or opened them.
    pub fn addresses(&self, opened: &[AllowedAddress]) -> AddressRule {
        let opened = opened.to_vec();
        if self.is_operators { AddressRule::Service(opened) } else { AddressRule::Public(opened) }
    }
}

/// The endpoints of a manifest by their keys: what the operator wrote, or else what the manifest makes of other settings.
/// What is wrong with one is said in words for the operator.
pub(crate) fn endpoints(manifest: &Manifest, settings: &Object) -> Result<BTreeMap<String, Endpoint>, String> {
    let mut endpoints = BTreeMap::new();
    for key in manifest.endpoint_keys() {
        let endpoint = match value(settings, key) {
            None | Some(Value::Null) => manifest.made_endpoint(key, settings)?,
            Some(Value::String(given)) => {
                let url = normalise_endpoint(given).map_err(|problem| format!("{key} {problem}"))?;
                Some(Endpoint { url, is_operators: true })
            }
            // Anything else would leave the manifest's own hosts in force, which is not what was meant.
            Some(_) => return Err(format!("{key} must be a text: the address of an endpoint")),
        };
        endpoints.extend(endpoint.map(|endpoint| (key.to_owned(), endpoint)));
    }
    Ok(endpoints)
}

/// An operator's endpoint in its one canonical form, without a slash at its end; or what is wrong with it, without its
/// text, in which somebody may have put a password.
///
/// `https://` is put before a value without a scheme, so that `host:port` means what it says. `{account}` may stand for
/// the name of a storage account: as the first label of the host, or as the last segment of the path.
pub fn normalise_endpoint(value: &str) -> Result<String, String> {
    const ACCOUNT: &str = "{account}";
    // A name that a URL can have, and that nobody gives.
    const STAND_IN: &str = "account-account-account-account";
    let Some((before, after)) = value.split_once(ACCOUNT) else { return normalise(value) };
    let in_host = before.is_empty() || before.ends_with("://");
    let in_path = before.ends_with('/') && !in_host;
    if !(in_host && after.starts_with('.') || in_path && after.trim_end_matches('/').is_empty()) {
        return Err(format!(
            "may have {ACCOUNT} only as the first label of the host or as the last segment of the path"
        ));
    }
    normalise(&value.replacen(ACCOUNT, STAND_IN, 1)).map(|text| text.replacen(STAND_IN, ACCOUNT, 1))
}

fn normalise(value: &str) -> Result<String, String> {
    let value = value.trim();
    let text = match value.split_once("://") {
        Some((scheme, _)) if ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            value.to_owned()
        }
        Some(_) => return Err("must start with https:// or http://".to_owned()),
        None => format!("https://{value}"),
    };
    let url = Url::parse(&text).map_err(|error| format!("is not a URL: {error}"))?;
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
        return Err("must be a host and maybe a port, without a user name".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must have neither a query nor a fragment".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_have_one_form() {
        for (value, canonical) in [
            ("ec2.example.com", "https://ec2.example.com"),
            ("localhost:4566", "https://localhost:4566"),
            ("127.0.0.1:5000", "https://127.0.0.1:5000"),
            ("http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
            ("HTTPS://EC2.Example.com:443/services/Cloud/", "https://ec2.example.com/services/Cloud"),
            ("http://127.0.0.1:10000/{account}/", "http://127.0.0.1:10000/{account}"),
            ("{account}.blob.stack.example", "https://{account}.blob.stack.example"),
        ] {
            assert_eq!(normalise_endpoint(value).unwrap(), canonical);
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for value in ["", "http://", "user:pass@host", "ftp://host", "https://a.b/?x=1", "https://a.b/#f", "a b"] {
            assert!(normalise_endpoint(value).is_err(), "{value}");
        }
        for value in ["a.b/{account}/c", "x{account}.b", "a.{account}.b", "a.b/{account}.c", "a.b/{account}/{account}"]
        {
            assert!(normalise_endpoint(value).is_err(), "{value}");
        }
    }
}
