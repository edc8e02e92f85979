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
    serde_json::from_str(json).map_err(|error| Failure::invalid(format!("{what}: {}", words(&error))))
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

/// What is wrong, without the place in the text: operators wrote another one, in which it is somewhere else.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).filter(|_| error.is_data()).map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_without_a_place_that_operators_do_not_have() {
        #[derive(Debug, serde::Deserialize)]
        struct Settings {
            #[expect(dead_code, reason = "it is missing")]
            endpoint: String,
        }
        let refused = |json| read::<Settings>(json, "the provider's settings").unwrap_err();
        assert_eq!(refused("{}"), Failure::invalid("the provider's settings: missing field `endpoint`"));
        assert!(refused("{").message().ends_with("at line 1 column 1"), "{:?}", refused("{"));
    }

    #[test]
    fn null_and_nothing_are_empty_objects() {
        assert!(object("null", "x").unwrap().is_empty());
        assert!(object("", "x").unwrap().is_empty());
        assert!(object("[]", "x").is_err());
    }
}
