use serde_json::Value;

use crate::is_printable;

/// Whether a value tells an agent where a disk is: text, or an object of texts, not empty.
///
/// The agent wants texts at every depth: a number in their place makes it panic.
pub fn is_disk_hint(value: &Value) -> bool {
    const LONGEST: usize = 2048;
    match value {
        Value::String(text) => !text.is_empty() && text.len() <= LONGEST && text.chars().all(is_printable),
        Value::Object(object) => !object.is_empty() && object.values().all(is_disk_hint),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hints_are_texts_or_objects_of_texts() {
        for good in [json!("/dev/sdf"), json!({"path": "/dev/sdf"}), json!({"iscsi_settings": {"target": "x"}})] {
            assert!(is_disk_hint(&good), "{good}");
        }
        let nested = json!({"iscsi_settings": {"lun": 0}});
        for bad in [json!(null), json!(7), json!(""), json!({}), json!({"lun": 0}), json!([]), nested, json!("a\u{0}")]
        {
            assert!(!is_disk_hint(&bad), "{bad}");
        }
    }
}
