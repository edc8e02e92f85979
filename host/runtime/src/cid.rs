use cpi_protocol::CpiError;
use serde_json::Value;

/// Longer than any cloud's identifiers, short enough for a director's database.
const LONGEST: usize = 2048;

/// An identifier that a director can store and show.
pub(crate) fn cid(text: String) -> Result<Value, CpiError> {
    if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
        let shown: String = text.chars().take(40).flat_map(char::escape_default).collect();
        return Err(CpiError::host(format!(
            "the plugin returned an identifier that is empty, longer than {LONGEST} bytes or has control characters: \
             '{shown}'"
        )));
    }
    Ok(Value::String(text))
}

/// Identifiers of the disks of one VM.
pub(crate) fn cids(texts: Vec<String>) -> Result<Value, CpiError> {
    const MOST: usize = 1000;
    if texts.len() > MOST {
        let count = texts.len();
        return Err(CpiError::host(format!("the plugin returned {count} disks of one VM, more than {MOST}")));
    }
    texts.into_iter().map(cid).collect::<Result<_, _>>().map(Value::Array)
}

/// A device hint in a shape that director and agent accept: text, or an object of texts, not empty.
pub(crate) fn hint(text: &str) -> Result<Value, CpiError> {
    let value = json("a device hint", text)?;
    let good = match &value {
        Value::String(path) => !path.is_empty(),
        Value::Object(object) => {
            !object.is_empty() && object.values().all(|member| member.is_string() || member.is_object())
        }
        _ => false,
    };
    if good { Ok(value) } else { Err(wrong("a device hint", "text or an object of texts, not empty")) }
}

/// JSON text of the plugin's that must be an object.
pub(crate) fn object(name: &str, text: &str) -> Result<Value, CpiError> {
    match json(name, text)? {
        Value::Object(object) => Ok(Value::Object(object)),
        _ => Err(wrong(name, "a JSON object")),
    }
}

fn json(name: &str, text: &str) -> Result<Value, CpiError> {
    serde_json::from_str(text)
        .map_err(|error| CpiError::host(format!("the plugin returned {name} that is not JSON: {error}")))
}

fn wrong(name: &str, expected: &str) -> CpiError {
    CpiError::host(format!("the plugin returned {name} that is not {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_printable_identifiers_leave_the_host() {
        assert!(cid("ami-1 light".to_owned()).is_ok());
        for bad in ["", "a\nb", "a\u{0}", &"x".repeat(LONGEST + 1)] {
            assert!(cid(bad.to_owned()).is_err());
        }
    }

    #[test]
    fn hints_are_texts_or_objects_of_texts() {
        for good in [r#""/dev/sdf""#, r#"{"path":"/dev/sdf"}"#, r#"{"iscsi_settings":{"target":"x"}}"#] {
            assert!(hint(good).is_ok(), "{good}");
        }
        let deep = "[".repeat(100_000);
        for bad in ["", "null", "7", r#""""#, "{}", r#"{"lun":0}"#, "[]", &deep] {
            assert!(hint(bad).is_err(), "{bad}");
        }
    }
}
