use cpi_protocol::{Mask, Object};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::Url;

use super::{Registry, RegistryError};

impl Registry {
    /// The registry of `cloud.properties.registry`: an `endpoint`, or a `host` and maybe a `port`, with `username` (or
    /// `user`) and `password`; `None` when neither is there.
    pub fn of(section: &Object) -> Result<Option<Self>, RegistryError> {
        let wrong = |problem: &str| RegistryError::Configuration(problem.to_owned());
        let text = |key: &str| section.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let user = text("username").or_else(|| text("user"));
        let credentials = match (user, text("password")) {
            (None, None) => None,
            (Some(user), Some(password)) => Some((user.to_owned(), password.to_owned())),
            _ => return Err(wrong("username and password belong together: set both or none")),
        };
        let endpoint = match (text("endpoint"), text("host")) {
            (Some(endpoint), _) if endpoint.contains("://") => endpoint.to_owned(),
            (Some(endpoint), _) => format!("http://{endpoint}"),
            (None, Some(host)) => built(host, section.get("port"), credentials.as_ref())?,
            (None, None) => return Ok(None),
        };
        let mut base = Url::parse(&endpoint).map_err(|error| wrong(&format!("endpoint is not a URL: {error}")))?;
        if !matches!(base.scheme(), "http" | "https") || base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("endpoint must be http:// or https://, a host and a port, without a query"));
        }
        let credentials = credentials.or_else(|| user_info(&base));
        if base.set_username("").and_then(|()| base.set_password(None)).is_err() {
            return Err(wrong("endpoint must have a host"));
        }
        Ok(Some(Self { endpoint, base, credentials }))
    }

    /// Keeps its password out of texts.
    pub fn hide(&self, mask: &mut Mask) {
        if let Some((_, password)) = &self.credentials {
            mask.add(password);
        }
        if self.endpoint.contains('@') {
            mask.add(&self.endpoint);
            Url::parse(&self.endpoint).ok().and_then(|url| url.password().map(str::to_owned)).iter().for_each(
                |encoded| {
                    mask.add(encoded);
                },
            );
        }
    }
}

/// The endpoint as the BOSH job writes it for a host, a port and credentials.
fn built(host: &str, port: Option<&Value>, credentials: Option<&(String, String)>) -> Result<String, RegistryError> {
    const DEFAULT_PORT: u16 = 25_777;
    let wrong = |problem: &str| RegistryError::Configuration(problem.to_owned());
    let port = match port {
        None | Some(Value::Null) => DEFAULT_PORT,
        Some(Value::String(text)) => text.parse().map_err(|_| wrong("port must be a number"))?,
        Some(value) => {
            value.as_u64().and_then(|port| port.try_into().ok()).ok_or_else(|| wrong("port must be a number"))?
        }
    };
    let mut url = Url::parse(&format!("http://{host}:{port}"))
        .map_err(|error| wrong(&format!("host is not the name of a host: {error}")))?;
    if let Some((user, password)) = credentials {
        // A host was parsed, so both can be set.
        _ = url.set_username(user);
        _ = url.set_password(Some(password));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn user_info(url: &Url) -> Option<(String, String)> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decoded(url.username()), decoded(url.password()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn registry(section: &Value) -> Result<Option<Registry>, RegistryError> {
        Registry::of(section.as_object().unwrap())
    }

    #[test]
    fn an_endpoint_is_given_or_built() {
        for (section, endpoint, base) in [
            (json!({"endpoint": "http://10.0.0.6:25777"}), "http://10.0.0.6:25777", "http://10.0.0.6:25777/"),
            (json!({"endpoint": "10.0.0.6:1"}), "http://10.0.0.6:1", "http://10.0.0.6:1/"),
            (json!({"host": "10.0.0.6"}), "http://10.0.0.6:25777", "http://10.0.0.6:25777/"),
            (
                json!({"host": "h", "port": 8, "username": "admin", "password": "p@ss/word"}),
                "http://admin:p%40ss%2Fword@h:8",
                "http://h:8/",
            ),
        ] {
            let registry = registry(&section).unwrap().unwrap();
            assert_eq!((registry.endpoint(), registry.base.as_str()), (endpoint, base));
        }
        assert!(registry(&json!({})).unwrap().is_none());
        assert!(registry(&json!({"endpoint": null})).unwrap().is_none());
    }

    #[test]
    fn credentials_come_from_both_places() {
        let given = registry(&json!({"endpoint": "http://h:1", "user": "u", "password": "secret-1"})).unwrap().unwrap();
        assert_eq!(given.credentials, Some(("u".to_owned(), "secret-1".to_owned())));
        let within = registry(&json!({"endpoint": "http://u:p%40ss+word@h:1"})).unwrap().unwrap();
        assert_eq!(within.credentials, Some(("u".to_owned(), "p@ss+word".to_owned())));
        assert_eq!(format!("{within:?}"), "Registry(http://h:1/)");
        let mut mask = Mask::default();
        within.hide(&mut mask);
        assert!(!mask.apply("p@ss+word p%40ss+word").contains("word"));
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        for (section, problem) in [
            (json!({"host": "h", "password": "canary"}), "username and password"),
            (json!({"endpoint": "ftp://canary:canary@h"}), "http:// or https://"),
            (json!({"endpoint": "http://canary:canary@"}), "not a URL"),
            (json!({"host": "h", "port": "x"}), "port"),
        ] {
            let message = registry(&section).unwrap_err().to_string();
            assert!(message.contains(problem) && !message.contains("canary"), "{message}");
        }
    }
}
