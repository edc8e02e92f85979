//! Metadata as clouds take it: cut to their limits rather than refused.

use serde_json::{Map, Value};

use crate::Tag;

/// The value under a key.
#[must_use]
pub fn get<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
}

/// Sets a key, where it already stands or else at the end.
pub fn set(tags: &mut Vec<Tag>, key: &str, value: impl Into<String>) {
    let value = value.into();
    match tags.iter_mut().find(|tag| tag.key == key) {
        Some(tag) => tag.value = value,
        None => tags.push(Tag { key: key.to_owned(), value }),
    }
}

/// Removes a key and returns its value.
pub fn take(tags: &mut Vec<Tag>, key: &str) -> Option<String> {
    let at = tags.iter().position(|tag| tag.key == key)?;
    Some(tags.remove(at).value)
}

/// Cuts keys and values to so many characters each.
pub fn cut(tags: &mut [Tag], key_characters: usize, value_characters: usize) {
    for tag in tags {
        truncate(&mut tag.key, key_characters);
        truncate(&mut tag.value, value_characters);
    }
}

/// Tags from a JSON object: strings as they are, nulls left out, anything else as its JSON text.
#[must_use]
pub fn from_object(object: &Map<String, Value>) -> Vec<Tag> {
    object.iter().filter_map(|(key, value)| Some(Tag { key: key.clone(), value: text(value)? })).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn truncate(text: &mut String, characters: usize) {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tags(value: &Value) -> Vec<Tag> {
        from_object(value.as_object().unwrap())
    }

    #[test]
    fn objects_become_tags_without_nulls() {
        let tags = tags(&json!({"a": "x", "b": null, "c": 7, "d": true}));
        assert_eq!(tags.iter().map(|tag| tag.value.as_str()).collect::<Vec<_>>(), ["x", "7", "true"]);
    }

    #[test]
    fn set_keeps_the_place_and_take_removes() {
        let mut tags = tags(&json!({"a": "1", "b": "2"}));
        set(&mut tags, "a", "3");
        set(&mut tags, "c", "4");
        assert_eq!(take(&mut tags, "b").as_deref(), Some("2"));
        assert_eq!((get(&tags, "a"), get(&tags, "b"), get(&tags, "c")), (Some("3"), None, Some("4")));
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        let mut tags = tags(&json!({"äöü": "ÄÖÜ"}));
        cut(&mut tags, 2, 1);
        assert_eq!((tags[0].key.as_str(), tags[0].value.as_str()), ("äö", "Ä"));
    }
}
