use serde_json::Value;

use crate::Object;

/// A label for a resource of the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Name of the label.
    pub key: String,
    /// Its text.
    pub value: String,
}

impl Tag {
    /// The labels that an object stands for: values become text, those that are `null` are left out.
    pub fn from_object(object: &Object) -> Vec<Self> {
        object.iter().filter_map(|(key, value)| Some(Self { key: key.clone(), value: text(value)? })).collect()
    }
}

/// A JSON value as the text of a label or a setting.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operator_tags_may_be_numbers_and_booleans() {
        let object = json!({"index": 0, "ok": true, "none": null, "name": "x"});
        let tags = Tag::from_object(object.as_object().unwrap());
        let pairs: Vec<_> = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
        assert_eq!(pairs, [("index", "0"), ("ok", "true"), ("name", "x")]);
    }
}
