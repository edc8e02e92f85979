use std::fmt;

use cpi_protocol::{Mask, Object};
use serde_json::Value;

use crate::{Manifest, credential, normalise_endpoint};

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
        for key in manifest.http.iter().filter_map(|ask| ask.endpoint.as_ref()) {
            match value_mut(&mut readable, key) {
                None | Some(Value::Null) => {}
                Some(Value::String(endpoint)) => {
                    *endpoint = normalise_endpoint(endpoint).map_err(|problem| format!("{name}.{key} {problem}"))?;
                }
                // Anything else would leave the manifest's own hosts in force, which is not what was meant.
                Some(_) => return Err(format!("{name}.{key} must be a text: the address of an endpoint")),
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
        Ok(Self { readable, identity, host: HostSettings { values: merged, hidden } })
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

fn value_mut<'a>(settings: &'a mut Object, key: &str) -> Option<&'a mut Value> {
    match key.split_once('.') {
        None => settings.get_mut(key),
        Some((root, member)) => settings.get_mut(root)?.get_mut(member),
    }
}

impl HostSettings {
    /// The text of a setting, or of a member of one that is an object: `endpoints.management`. `None` when it is absent,
    /// null or empty, which callers of the Ruby CPIs use alike.
    pub fn text(&self, key: &str) -> Option<&str> {
        value(&self.values, key)?.as_str().filter(|text| !text.is_empty())
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
}
