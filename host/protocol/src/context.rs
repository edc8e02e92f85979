use serde_json::Value;

use crate::arguments::kind_of;
use crate::request::version;
use crate::{CpiError, ErrorType, Object};

/// The `context` of a request: who calls, about which stemcell, and with which provider properties.
#[derive(Debug, Clone)]
pub struct Context {
    /// UUID of the director. Unauthenticated text.
    pub director_uuid: String,
    /// Number of this call in the director's logs.
    pub request_id: Option<String>,
    /// `vm.stemcell.api_version`.
    pub stemcell_api_version: Option<u8>,
    /// The plugin that the CPI configuration selects, if it does.
    pub plugin: Option<String>,
    /// Every other member: the properties of the selected CPI configuration.
    pub properties: Object,
    /// For the log: members of the director's own that do not look like its work. Directors merge the properties of
    /// a CPI configuration over the context, so a property can have replaced them.
    pub doubts: Vec<String>,
}

/// What directors write into a context themselves, and the property that selects a plugin.
const RESERVED: [&str; 4] = ["director_uuid", "request_id", "vm", "plugin"];

impl Context {
    pub(crate) fn parse(value: Option<&Value>) -> Result<Self, CpiError> {
        let (object, director_uuid) = value
            .and_then(Value::as_object)
            .and_then(|object| Some((object, object.get("director_uuid")?.as_str()?)))
            .ok_or_else(|| invalid("Request should include context with director uuid".to_owned()))?;
        if let Some(name) = ["method", "arguments"].into_iter().find(|name| object.contains_key(*name)) {
            return Err(CpiError::host(format!(
                "the CPI configuration has a property named '{name}', a word of the request itself: rename it"
            )));
        }
        Ok(Self {
            director_uuid: director_uuid.to_owned(),
            request_id: request_id(object.get("request_id"))?,
            stemcell_api_version: stemcell_api_version(object.get("vm"))?,
            plugin: selected_plugin(object.get("plugin"))?,
            properties: object
                .iter()
                .filter(|(key, _)| !RESERVED.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            doubts: doubts(object, director_uuid),
        })
    }
}

fn request_id(value: Option<&Value>) -> Result<Option<String>, CpiError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) => Ok(Some(id.clone())),
        Some(Value::Number(id)) => Ok(Some(id.to_string())),
        Some(_) => Err(reserved("request_id", "a string")),
    }
}

fn stemcell_api_version(vm: Option<&Value>) -> Result<Option<u8>, CpiError> {
    let Some(vm) = vm.filter(|vm| !vm.is_null()) else { return Ok(None) };
    let stemcell = match vm.as_object().ok_or_else(|| reserved("vm", "an object"))?.get("stemcell") {
        None | Some(Value::Null) => return Ok(None),
        Some(stemcell) => stemcell.as_object().ok_or_else(|| reserved("vm.stemcell", "an object"))?,
    };
    match stemcell.get("api_version") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => version(value).map(Some).ok_or_else(|| {
            invalid(format!("Stemcell API version is not supported: it must be an integer, got {}", kind_of(value)))
        }),
    }
}

/// The plugin that a CPI configuration's property `plugin` selects, if it is there. An error when it is no text.
pub fn selected_plugin(value: Option<&Value>) -> Result<Option<String>, CpiError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(name.clone())),
        Some(other) => Err(CpiError::host(format!(
            "the CPI configuration's property 'plugin' must name a plugin, such as \"aws\", got {}",
            kind_of(other)
        ))),
    }
}

fn doubts(context: &Object, director_uuid: &str) -> Vec<String> {
    let request_id = context.get("request_id").and_then(Value::as_str);
    let vm = context.get("vm").and_then(Value::as_object);
    let found = [
        ("director_uuid", !is_uuid(director_uuid), "a UUID"),
        ("request_id", request_id.is_some_and(|id| !is_request_id(id)), "'cpi-' and a number"),
        ("vm", vm.is_some_and(|vm| vm.keys().any(|key| key != "stemcell")), "an object with 'stemcell' only"),
    ];
    let said = |(name, _, expected): (&str, _, &str)| {
        format!(
            "context.{name} is not what directors write, which is {expected}: if the CPI configuration has a property \
             named '{name}', rename it"
        )
    };
    found.into_iter().filter(|(_, odd, _)| *odd).map(said).collect()
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_request_id(text: &str) -> bool {
    text.strip_prefix("cpi-").is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// A member that directors write themselves and that a CPI configuration must not replace.
fn reserved(name: &str, expected: &str) -> CpiError {
    CpiError::host(format!(
        "context.{name} must be {expected}: a property of the CPI configuration may not have the name '{name}'"
    ))
}

fn invalid(message: String) -> CpiError {
    CpiError::new(ErrorType::InvalidCall, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn provider_properties_are_what_the_director_did_not_write() {
        let context = Context::parse(Some(&json!({
            "director_uuid": "d", "request_id": "cpi-1", "vm": {"stemcell": {"api_version": 3}}, "region": "eu"
        })))
        .unwrap();
        assert_eq!(context.stemcell_api_version, Some(3));
        assert_eq!(context.properties.keys().collect::<Vec<_>>(), ["region"]);
    }

    #[test]
    fn a_property_selects_the_plugin() {
        let context = Context::parse(Some(&json!({"director_uuid": "d", "plugin": "sim", "a": 1}))).unwrap();
        assert_eq!(context.plugin.as_deref(), Some("sim"));
        assert_eq!(context.properties.keys().collect::<Vec<_>>(), ["a"]);
        assert!(Context::parse(Some(&json!({"director_uuid": "d", "plugin": 7}))).is_err());
    }

    #[test]
    fn a_property_in_the_place_of_a_directors_word_is_doubted() {
        let doubts = |context: &Value| Context::parse(Some(context)).unwrap().doubts;
        let uuid = "8d2c5b62-6f7e-4f6a-9d1b-0d5d0a6f1c11";
        let vm = json!({"stemcell": {"api_version": 3}});
        assert!(doubts(&json!({"director_uuid": uuid, "request_id": "cpi-417210", "vm": vm})).is_empty());
        assert!(doubts(&json!({"director_uuid": uuid})).is_empty());
        for (name, value) in
            [("director_uuid", json!("prod")), ("request_id", json!("mine")), ("vm", json!({"size": "large"}))]
        {
            let mut context = json!({"director_uuid": uuid});
            context[name] = value;
            let doubts = doubts(&context);
            assert!(doubts.len() == 1 && doubts[0].contains(&format!("context.{name} ")), "{doubts:?}");
        }
    }

    #[test]
    fn vm_and_stemcell_may_be_missing_or_empty() {
        for vm in [json!({}), json!({"stemcell": {}}), json!(null)] {
            let context = Context::parse(Some(&json!({"director_uuid": "d", "vm": vm}))).unwrap();
            assert_eq!(context.stemcell_api_version, None);
        }
    }

    #[test]
    fn reserved_names_among_the_properties_are_reported() {
        for context in [
            json!({"director_uuid": "d", "vm": "m5.large"}),
            json!({"director_uuid": "d", "request_id": ["x"]}),
            json!({"director_uuid": "d", "method": "POST"}),
        ] {
            assert_eq!(Context::parse(Some(&context)).unwrap_err().kind(), ErrorType::CpiError, "{context}");
        }
    }
}
