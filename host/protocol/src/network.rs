use serde_json::Value;

use crate::arguments::kind_of;
use crate::metadata::text;
use crate::{CpiError, Object};

/// What kind of address a network gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkKind {
    /// The caller chose the address.
    Manual,
    /// The cloud chooses it.
    Dynamic,
    /// An address that is put upon the interface of another network.
    Vip,
    /// A word that BOSH does not define.
    Other(String),
}

/// One network of `create_vm`.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the members are the protocol's")]
pub struct Network {
    pub name: String,
    pub kind: NetworkKind,
    pub ip: Option<String>,
    pub prefix: Option<String>,
    pub netmask: Option<String>,
    pub gateway: Option<String>,
    pub dns: Vec<String>,
    pub defaults: Vec<String>,
    pub nic_group: Option<String>,
    pub cloud_properties: Object,
}

impl Network {
    /// The networks of a call, in its order.
    pub(crate) fn parse_all(networks: &Object) -> Result<Vec<Self>, CpiError> {
        networks.iter().map(|(name, settings)| Self::parse(name, settings)).collect()
    }

    fn parse(name: &str, settings: &Value) -> Result<Self, CpiError> {
        let settings = Settings {
            network: name,
            object: settings.as_object().ok_or_else(|| wrong(name, "its settings", "an object", settings))?,
        };
        let kind = match settings.optional("type").as_deref() {
            None | Some("manual") => NetworkKind::Manual,
            Some("dynamic") => NetworkKind::Dynamic,
            Some("vip") => NetworkKind::Vip,
            Some(other) => NetworkKind::Other(other.to_owned()),
        };
        Ok(Self {
            name: name.to_owned(),
            kind,
            ip: settings.optional("ip"),
            prefix: settings.optional("prefix"),
            netmask: settings.optional("netmask"),
            gateway: settings.optional("gateway"),
            dns: settings.strings("dns")?,
            defaults: settings.strings("default")?,
            nic_group: settings.optional("nic_group"),
            cloud_properties: match settings.object.get("cloud_properties") {
                None | Some(Value::Null) => Object::new(),
                Some(Value::Object(object)) => object.clone(),
                Some(other) => return Err(wrong(name, "cloud_properties", "an object", other)),
            },
        })
    }
}

/// The definition that `create_network` carries.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the members are the protocol's")]
pub struct NetworkSpec {
    pub kind: String,
    pub range: Option<String>,
    pub gateway: Option<String>,
    pub netmask_bits: Option<u8>,
    pub cloud_properties: Object,
}

impl NetworkSpec {
    pub(crate) fn parse(definition: &Object) -> Result<Self, CpiError> {
        let member = |key: &str| definition.get(key).and_then(text);
        Ok(Self {
            kind: member("type").unwrap_or_else(|| "manual".to_owned()),
            range: member("range"),
            gateway: member("gateway"),
            netmask_bits: match definition.get("netmask_bits") {
                None | Some(Value::Null) => None,
                Some(bits) => Some(bits.as_u64().and_then(|bits| u8::try_from(bits).ok()).ok_or_else(|| {
                    CpiError::arguments(format!("netmask_bits must be an integer up to 255, got {}", kind_of(bits)))
                })?),
            },
            cloud_properties: match definition.get("cloud_properties") {
                None | Some(Value::Null) => Object::new(),
                Some(Value::Object(object)) => object.clone(),
                Some(other) => {
                    return Err(CpiError::arguments(format!(
                        "cloud_properties must be an object, got {}",
                        kind_of(other)
                    )));
                }
            },
        })
    }
}

struct Settings<'a> {
    network: &'a str,
    object: &'a Object,
}

impl Settings<'_> {
    /// Directors send text; other callers may send numbers for `prefix` and `nic_group`.
    fn optional(&self, key: &str) -> Option<String> {
        self.object.get(key).and_then(text)
    }

    fn strings(&self, key: &str) -> Result<Vec<String>, CpiError> {
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items.iter().filter_map(text).collect()),
            Some(other) => Err(wrong(self.network, key, "an array of strings", other)),
        }
    }
}

fn wrong(network: &str, what: &str, expected: &str, got: &Value) -> CpiError {
    CpiError::arguments(format!("network '{network}': {what} must be {expected}, got {}", kind_of(got)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_and_kinds_are_kept() {
        let networks = json!({
            "b": {"ip": "10.0.0.2", "prefix": 32, "cloud_properties": {"subnet": "s"}},
            "a": {"type": "vip", "ip": "1.2.3.4", "nic_group": "1"},
            "c": {"type": "bridge"},
        });
        let parsed = Network::parse_all(networks.as_object().unwrap()).unwrap();
        assert_eq!(parsed.iter().map(|network| network.name.as_str()).collect::<Vec<_>>(), ["b", "a", "c"]);
        assert_eq!(parsed[0].kind, NetworkKind::Manual);
        assert_eq!(parsed[0].prefix.as_deref(), Some("32"));
        assert_eq!(parsed[1].kind, NetworkKind::Vip);
        assert_eq!(parsed[2].kind, NetworkKind::Other("bridge".to_owned()));
    }

    #[test]
    fn settings_of_the_wrong_shape_are_named() {
        let networks = json!({"private": {"dns": "10.0.0.2"}});
        let error = Network::parse_all(networks.as_object().unwrap()).unwrap_err();
        assert!(error.message().contains("network 'private': dns must be an array"), "{error}");
    }
}
