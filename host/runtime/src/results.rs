use cpi_protocol::{CpiError, is_disk_hint, is_printable, printable};
use serde_json::Value;

/// Longer than any cloud's identifiers, short enough for a director's database.
const LONGEST: usize = 2048;

/// An identifier that a director can store and show.
pub(crate) fn cid(text: String) -> Result<Value, CpiError> {
    if text.is_empty() || text.len() > LONGEST || !text.chars().all(is_printable) {
        let shown = printable(&text, 40);
        return Err(CpiError::host(format!(
            "the plugin returned an identifier that is empty, longer than {LONGEST} bytes or has characters that cannot be seen: \
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

/// Names of stemcell formats, which every caller of `info` gets.
pub(crate) fn formats(texts: Vec<String>) -> Result<Vec<String>, CpiError> {
    const MOST: usize = 100;
    let short = |text: &String| (1..=MOST).contains(&text.len()) && text.chars().all(is_printable);
    if texts.len() > MOST || !texts.iter().all(short) {
        return Err(CpiError::host(format!(
            "the plugin named stemcell formats that are more than {MOST}, longer than {MOST} bytes or not printable"
        )));
    }
    Ok(texts)
}

/// A device hint in a shape that director and agent accept: text, or an object of texts, not empty.
pub(crate) fn hint(text: &str) -> Result<Value, CpiError> {
    const NAME: &str = "a device hint";
    let value = json(NAME, text)?;
    if is_disk_hint(&value) { Ok(value) } else { Err(wrong(NAME, "text or an object of texts, not empty")) }
}

/// JSON text of the plugin's that must be an object.
pub(crate) fn object(name: &str, text: &str) -> Result<Value, CpiError> {
    match json(name, text)? {
        Value::Object(object) => Ok(Value::Object(object)),
        _ => Err(wrong(name, "a JSON object")),
    }
}

/// A short text for people and databases, such as an address.
pub(crate) fn fact(name: &str, text: String) -> Result<Value, CpiError> {
    cid(text).map_err(|_| wrong(name, "a short printable text"))
}

fn json(name: &str, text: &str) -> Result<Value, CpiError> {
    const LARGEST: usize = 1 << 20;
    if text.len() > LARGEST {
        return Err(wrong(name, "at most one megabyte long"));
    }
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
        for bad in ["", "a\nb", "a\u{0}", "a\u{202e}b", "a\u{feff}", &"x".repeat(LONGEST + 1)] {
            assert!(cid(bad.to_owned()).is_err());
        }
    }

    #[test]
    fn hints_are_json_of_the_right_shape_and_size() {
        assert!(hint(r#"{"path":"/dev/sdf"}"#).is_ok());
        for bad in ["", "not json", "7", &"[".repeat(100_000), &format!("\"{}\"", "x".repeat(2 << 20))] {
            assert!(hint(bad).is_err());
        }
    }
}
