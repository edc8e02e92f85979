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
    /// Every other member: the properties of the selected CPI configuration.
    pub properties: Object,
}

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
            properties: object
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "director_uuid" | "request_id" | "vm"))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
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
