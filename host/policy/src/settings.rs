use std::collections::BTreeMap;
use std::fmt;

use cpi_protocol::{Mask, Object};
use serde_json::Value;

use crate::endpoint::endpoints;
use crate::{Endpoint, Manifest, credential};

/// The provider's settings of one call, parted by who may read them.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What the plugin reads: the settings that its manifest lists, endpoints in canonical form.
    pub readable: Object,
    /// The settings that tell one cloud from another, as the manifest names them; none of them is secret.
    pub identity: Object,
    /// What the host reads: all of them.
    pub host: HostSettings,
}

/// All settings of one call, those from which credentials are made among them. Their values are not printed.
#[derive(Clone, Default)]
pub struct HostSettings {
    values: Object,
    /// Not among the values: what a manifest makes of settings says nothing about where the host sends secrets.
    endpoints: BTreeMap<String, Endpoint>,
    /// The keys of secrets.
    hidden: Vec<String>,
}

/// Settings that say in whose name requests are sent.
const ACCOUNT_SETTINGS: [&str; 7] =
    ["access_key_id", "client_id", "credentials_source", "role_arn", "subscription_id", "tenant_id", "username"];

impl Settings {
    /// Merges the request's properties over the provider's section of the configuration, key by key, and parts the
    /// result. An endpoint that is no URL is an error, in words for the operator.
    pub fn split(manifest: &Manifest, properties: &Object, context: &Object) -> Result<Self, String> {
        let name = &manifest.plugin.name;
        let mut merged = match properties.get(name) {
            None | Some(Value::Null) => Object::new(),
            Some(Value::Object(section)) => section.clone(),
            Some(_) => return Err(format!("cloud.properties.{name} must be an object")),
        };
        merged.extend(context.iter().map(|(key, value)| (key.clone(), value.clone())));

        let mut readable = Object::new();
        for key in &manifest.plugin.settings {
            if let Some(value) = merged.get(key) {
                readable.insert(key.clone(), value.clone());
            }
        }
        let endpoints = endpoints(manifest, &merged).map_err(|problem| format!("{name}.{problem}"))?;
        for (key, endpoint) in &endpoints {
            if manifest.may_read(key) && !insert(&mut readable, key, &endpoint.url) {
                return Err(format!("{name}.{} must be an object", root(key)));
            }
        }
        let hidden = credential::hidden(manifest.credentials.values());
        let identity = match &manifest.plugin.identity {
            None => readable.clone(),
            // An endpoint in its canonical form, so that two spellings are one cloud.
            Some(keys) => keys
                .iter()
                .filter_map(|key| Some((key.clone(), readable.get(key).or_else(|| merged.get(key))?.clone())))
                .filter(|(_, value)| !value.is_null())
                .collect(),
        };
        Ok(Self { readable, identity, host: HostSettings { values: merged, endpoints, hidden } })
    }

    /// The settings that tell this cloud and account from others. The id of a key is public, and of two accounts in one
    /// region it is all that differs.
    pub fn account(&self) -> Object {
        let key = self.host.text("access_key_id").map(|id| ("access_key_id".to_owned(), id.into()));
        self.identity.clone().into_iter().chain(key).collect()
    }
}

/// The value of a setting, or of a member of one that is an object: `endpoints.management`.
pub(crate) fn value<'a>(settings: &'a Object, key: &str) -> Option<&'a Value> {
    match key.split_once('.') {
        None => settings.get(key),
        Some((root, member)) => settings.get(root)?.get(member),
    }
}

/// The text of a setting, or of a member of one that is an object. `None` when it is absent, null or empty, which callers
/// of the Ruby CPIs use alike.
pub(crate) fn text<'a>(settings: &'a Object, key: &str) -> Option<&'a str> {
    value(settings, key)?.as_str().filter(|text| !text.is_empty())
}

/// The setting in which a setting is.
pub(crate) fn root(key: &str) -> &str {
    key.split_once('.').map_or(key, |(root, _)| root)
}

/// Puts a text under a key; `false` when what it would be a member of is no object.
fn insert(settings: &mut Object, key: &str, text: &str) -> bool {
    let Some((root, member)) = key.split_once('.') else {
        settings.insert(key.to_owned(), text.into());
        return true;
    };
    let object = settings.entry(root).or_insert(Value::Null);
    if object.is_null() {
        *object = Value::Object(Object::new());
    }
    object.as_object_mut().map(|members| members.insert(member.to_owned(), text.into())).is_some()
}

impl HostSettings {
    /// The text of a setting, or of a member of one that is an object: `endpoints.management`. `None` when it is absent,
    /// null or empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        text(&self.values, key)
    }

    /// The endpoint under a key that the manifest names as one: written by the operator, or made of other settings.
    pub fn endpoint(&self, key: &str) -> Option<&Endpoint> {
        self.endpoints.get(key)
    }

    /// The text of a setting that must be there; or what is wrong with it, without its value.
    pub fn required(&self, key: &str) -> Result<&str, String> {
        match self.values.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            None | Some(Value::Null | Value::String(_)) => Err(format!("{key} is missing")),
            Some(_) => Err(format!("{key} must be a text: put it in quotes")),
        }
    }

    /// Everything, in an order that does not depend on how it was written down: what credentials kept for later are
    /// told apart by.
    pub fn fingerprint(&self) -> String {
        let mut all = Value::Object(self.values.clone());
        all.sort_all_objects();
        all.to_string()
    }

    /// The values of settings that hold secrets.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.hidden.iter().filter_map(|key| self.text(key))
    }

    /// What tells accounts apart without being secret.
    pub fn account(&self) -> impl Iterator<Item = &str> {
        ACCOUNT_SETTINGS.into_iter().filter_map(|key| self.text(key))
    }

    /// Keeps the secrets out of texts.
    pub fn hide(&self, mask: &mut Mask) {
        self.secrets().for_each(|secret| mask.add(secret));
    }
}

impl fmt::Debug for HostSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn split(section: &Value, context: &Value) -> Settings {
        split_for("", section, context)
    }

    fn split_for(identity: &str, section: &Value, context: &Value) -> Settings {
        let manifest = Manifest::parse(&format!(
            "[plugin]\nname = \"aws\"\nversion = \"1\"\ncontract = \"bosh:cpi@0.1\"\nsettings = [\"region\", \"tags\"]\n\
             {identity}[credentials.aws]\nscheme = \"sigv4\"\n",
        ))
        .unwrap();
        let properties = json!({"aws": section});
        Settings::split(&manifest, properties.as_object().unwrap(), context.as_object().unwrap()).unwrap()
    }

    #[test]
    fn only_listed_settings_reach_the_plugin() {
        let settings = split(
            &json!({"region": "a", "secret_access_key": "s3cr3t", "surprise": "s3cr3t"}),
            &json!({"api_token": "s3cr3t"}),
        );
        assert_eq!(Value::Object(settings.readable.clone()), json!({"region": "a"}));
        assert_eq!(settings.host.text("secret_access_key"), Some("s3cr3t"));
        assert!(!format!("{settings:?}").contains("s3cr3t"));
    }

    #[test]
    fn what_tells_clouds_apart_is_what_the_manifest_names() {
        let (section, context) = (json!({"region": "a", "secret_access_key": "s"}), json!({"role": "r", "tags": null}));
        let all = split(&section, &context).identity;
        assert_eq!(Value::Object(all), json!({"region": "a", "tags": null}));
        let named = split_for("identity = [\"role\", \"tags\", \"none\"]\n", &section, &context).identity;
        assert_eq!(Value::Object(named), json!({"role": "r"}));
    }

    #[test]
    fn the_request_wins_key_by_key_nested_values_whole() {
        let settings = split(&json!({"region": "a", "tags": {"x": 1}}), &json!({"tags": {"y": 2}}));
        assert_eq!(Value::Object(settings.readable), json!({"region": "a", "tags": {"y": 2}}));
    }

    const STACK: &str = r#"
[plugin]
name = "azure"
version = "1"
contract = "bosh:cpi@0.1"
settings = ["endpoints", "environment", "stack"]
identity = ["environment", "endpoints"]

[credentials.azure]
scheme = "entra"
resource = "management"

[[endpoint]]
setting = "endpoints.management"
when = { environment = "Stack" }
url = "https://management.{stack.domain}"

[[endpoint]]
setting = "endpoints.authority"
when = { environment = "Stack" }
url = "https://evil.{stack.domain}"

[[http]]
hosts = ["https://management.example"]
endpoint = "endpoints.management"
methods = ["GET"]
paths = ["/"]

[[http]]
hosts = []
endpoint = "endpoints.authority"
methods = ["GET"]
paths = ["/"]
"#;

    fn stack(section: &Value) -> Result<Settings, String> {
        let properties = json!({"azure": section});
        Settings::split(&Manifest::parse(STACK).unwrap(), properties.as_object().unwrap(), &Object::new())
    }

    #[test]
    fn an_endpoint_that_nobody_wrote_is_made_of_other_settings() {
        let domain = json!({"domain": "corp.example"});
        let made = stack(&json!({"environment": "Stack", "stack": domain})).unwrap();
        assert_eq!(made.readable["endpoints"]["management"], "https://management.corp.example");
        let written = json!({"management": "management.CORP.example/"});
        let written = stack(&json!({"environment": "Stack", "stack": domain, "endpoints": written})).unwrap();
        assert_eq!(written.identity, made.identity, "one cloud, however it is written");
        let other = json!({"management": "http://10.0.0.1:1"});
        let other = stack(&json!({"environment": "Stack", "stack": domain, "endpoints": other})).unwrap();
        assert_eq!(other.host.endpoint("endpoints.management").unwrap().url, "http://10.0.0.1:1");
        let elsewhere = stack(&json!({"environment": "Public", "stack": {"domain": "x@y"}})).unwrap();
        assert!(
            elsewhere.readable.get("endpoints").is_none() && elsewhere.host.endpoint("endpoints.management").is_none()
        );
    }

    #[test]
    fn what_is_made_never_says_where_the_host_proves_who_it_is() {
        let made = stack(&json!({"environment": "Stack", "stack": {"domain": "corp.example"}})).unwrap();
        assert_eq!(made.readable["endpoints"]["authority"], "https://evil.corp.example");
        assert_eq!(made.host.text("endpoints.authority"), None);
    }

    #[test]
    fn what_is_wrong_with_an_endpoint_is_named() {
        for (section, problem) in [
            (json!({"environment": "Stack"}), "azure.stack.domain is missing"),
            (json!({"environment": "Stack", "stack": {"domain": "x:1"}}), "azure.stack.domain must be the name"),
            (json!({"environment": "Stack", "stack": {"domain": "x"}, "endpoints": "y"}), "azure.endpoints must be an"),
            (json!({"endpoints": {"management": 5}}), "azure.endpoints.management must be a text"),
            (json!({"endpoints": {"management": "ftp://x"}}), "azure.endpoints.management must start with"),
        ] {
            let error = stack(&section).unwrap_err();
            assert!(error.starts_with(problem), "{error}");
        }
    }
}
