//! JSON that belongs to the provider: settings and properties.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Call, Failure};

/// Reads the provider's settings of this call.
pub fn parse<T: DeserializeOwned>(call: &Call) -> Result<T, Failure> {
    read(&call.settings, "the provider's settings")
}

/// Reads JSON text into a type. `what` is named in the failure, such as `cloud_properties`.
pub fn read<T: DeserializeOwned>(json: &str, what: &str) -> Result<T, Failure> {
    serde_json::from_str(json).map_err(|error| Failure::invalid(format!("{what}: {error}")))
}

/// Reads JSON text as an object; `null` and no text at all are empty ones.
pub fn object(json: &str, what: &str) -> Result<Map<String, Value>, Failure> {
    let json = if json.trim().is_empty() { "null" } else { json };
    match read(json, what)? {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Map::new()),
        other => Err(Failure::invalid(format!("{what} must be an object, got: {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_nothing_are_empty_objects() {
        assert!(object("null", "x").unwrap().is_empty());
        assert!(object("", "x").unwrap().is_empty());
        assert!(object("[]", "x").is_err());
    }
}
