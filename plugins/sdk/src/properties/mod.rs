//! What operators write: JSON objects, read key by key.

mod asked;

use serde_json::{Map, Value};

pub use asked::Unknown;

use asked::Asked;

use crate::{Failure, Tag, log, settings, tags};

/// A JSON object of the operator's, read key by key. What is wrong with a value is said with its full name, and so is what
/// was never read.
#[derive(Clone, Debug, Default)]
pub struct Properties {
    object: Map<String, Value>,
    /// Put before a key in messages, such as `root_disk.`.
    prefix: String,
    /// Of this object and those in it, clones too.
    asked: Asked,
}

impl Properties {
    /// An object whose keys need no prefix.
    pub fn new(object: Map<String, Value>) -> Self {
        Self { object, ..Self::default() }
    }

    /// The cloud properties of a call: JSON text of an object.
    pub fn parse(json: &str) -> Result<Self, Failure> {
        settings::object(json, "cloud_properties").map(Self::new)
    }

    /// Keys that have a meaning though they are not read in this call, with a dot in those of inner objects.
    #[must_use]
    pub fn knowing(self, keys: &[&str]) -> Self {
        for key in keys {
            self.note(key);
        }
        self
    }

    /// The keys that were not read until now, of inner objects as well. Nulls say nothing, and an object of which no key was
    /// read is the operator's own, such as tags.
    pub fn unknown(&self) -> Vec<Unknown> {
        self.asked.unknown(&self.object, &self.prefix)
    }

    /// Warns of each unknown key: to be called when all is read. `of` says whose properties these are, such as `the VM`.
    pub fn tell_unknown(&self, of: &str) {
        for unknown in self.unknown() {
            let mut fields = vec![("key", unknown.key.as_str()), ("of", of)];
            fields.extend(unknown.likely.as_deref().map(|likely| ("probably", likely)));
            log::warn("there is no such property: it has no effect", &fields);
        }
    }

    /// Whether the key is there, be it with a null.
    pub fn has(&self, key: &str) -> bool {
        self.note(key);
        self.object.contains_key(key)
    }

    /// Whether the key is there with a value that is no null.
    pub fn is_given(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// The object under a key, empty when absent.
    pub fn object(&self, key: &str) -> Result<Self, Failure> {
        let object = match self.value(key) {
            None => Map::new(),
            Some(Value::Object(object)) => object.clone(),
            Some(other) => return Err(self.wrong(key, "an object", other)),
        };
        Ok(self.inner(key, object))
    }

    /// A string.
    pub fn text(&self, key: &str) -> Result<Option<String>, Failure> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.wrong(key, "a string", other)),
        }
    }

    /// A number as the operator wrote it, or a string.
    pub fn decimal(&self, key: &str) -> Result<Option<String>, Failure> {
        match self.value(key) {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            _ => self.text(key),
        }
    }

    /// A whole number; fractions are rounded up.
    pub fn number(&self, key: &str) -> Result<Option<u64>, Failure> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let rounded = value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(ceil));
        rounded.map(Some).ok_or_else(|| self.wrong(key, "a number that is not negative", value))
    }

    /// `true` or `false`, also as words. Anything else would be guessed at, so it is an error.
    pub fn flag(&self, key: &str) -> Result<Option<bool>, Failure> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(other) => Err(self.wrong(key, "true or false", other)),
        }
    }

    /// A list of strings; one string alone is a list of one.
    pub fn strings(&self, key: &str) -> Result<Vec<String>, Failure> {
        match self.value(key) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| self.wrong(key, "a list of strings", item)))
                .collect(),
            Some(other) => Err(self.wrong(key, "a list of strings", other)),
        }
    }

    /// A list of objects.
    pub fn objects(&self, key: &str) -> Result<Vec<Self>, Failure> {
        let items = match self.value(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.wrong(key, "a list of objects", other)),
        };
        let read = |item: &Value| match item {
            Value::Object(object) => Ok(self.inner(key, object.clone())),
            other => Err(self.wrong(key, "a list of objects", other)),
        };
        items.iter().map(read).collect()
    }

    /// An object that stands under the key in a way of its own, such as in a list with other things.
    #[must_use]
    pub fn inner(&self, key: &str, object: Map<String, Value>) -> Self {
        Self { object, prefix: format!("{}{key}.", self.prefix), asked: self.asked.clone() }
    }

    /// The items of a list, whatever they are.
    pub fn values(&self, key: &str) -> Option<&[Value]> {
        self.value(key)?.as_array().map(Vec::as_slice)
    }

    /// The labels under `tags`.
    pub fn tags(&self) -> Result<Vec<Tag>, Failure> {
        match self.value("tags") {
            None => Ok(Vec::new()),
            Some(Value::Object(object)) => Ok(tags::from_object(object)),
            Some(other) => {
                let class = ruby_class(other);
                Err(Failure::rejected(format!("Invalid value for 'tags': expected a Hash but got {class} ({other})")))
            }
        }
    }

    /// The keys with a value.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.object.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str())
    }

    /// The same, with the other's members on top; nulls count.
    #[must_use]
    pub fn overlaid_with(mut self, other: &Self) -> Self {
        self.object.extend(other.object.clone());
        self
    }

    fn note(&self, key: &str) {
        self.asked.note(format!("{}{key}", self.prefix));
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.note(key);
        self.object.get(key).filter(|value| !value.is_null())
    }

    fn wrong(&self, key: &str, expected: &str, got: &Value) -> Failure {
        Failure::invalid(format!("'{}{key}' must be {expected}, got: {got}", self.prefix))
    }
}

/// A size given in MiB in whole GiB, as clouds want it: rounded up.
pub fn gib(mib: u64) -> u64 {
    mib.div_ceil(1024)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be positive; casts saturate")]
fn ceil(number: f64) -> u64 {
    number.ceil() as u64
}

/// Operators know the message with these words.
fn ruby_class(value: &Value) -> &'static str {
    match value {
        Value::Null => "NilClass",
        Value::Bool(true) => "TrueClass",
        Value::Bool(false) => "FalseClass",
        Value::Number(number) if number.is_f64() => "Float",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Hash",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(json: &str) -> Properties {
        Properties::parse(json).unwrap()
    }

    #[test]
    fn what_is_not_read_is_unknown() {
        let given = properties(
            r#"{"instance_typ": 1, "root_disk": {"siz": 1, "size": 2}, "zzz": 1, "none": null, "old": 1,
                "lb": [{"name": "a", "nam": "b"}, "c", {"nam": "d"}], "tags": {"any": 1}, "ephemeral_disk_size": 1}"#,
        )
        .knowing(&["old"]);
        given.text("instance_type").unwrap();
        given.object("root_disk").unwrap().number("size").unwrap();
        given.object("ephemeral_disk").unwrap().number("size").unwrap();
        given.tags().unwrap();
        for item in given.values("lb").unwrap().iter().filter_map(Value::as_object) {
            given.inner("lb", item.clone()).text("name").unwrap();
        }
        let told = |key: &str, likely: Option<&str>| Unknown { key: key.into(), likely: likely.map(str::to_owned) };
        assert_eq!(
            given.unknown(),
            [
                told("ephemeral_disk_size", Some("ephemeral_disk.size")),
                told("instance_typ", Some("instance_type")),
                told("lb.nam", Some("lb.name")),
                told("root_disk.siz", Some("root_disk.size")),
                told("zzz", None),
            ]
        );
    }

    #[test]
    fn inner_objects_are_read_as_part_of_the_whole() {
        let given = properties(r#"{"disk": {"type": "a", "cache": 1}}"#);
        assert_eq!(given.unknown()[0].key, "disk");
        given.clone().overlaid_with(&properties("{}")).object("disk").unwrap().text("type").unwrap();
        assert_eq!(given.unknown()[0].key, "disk.cache");
    }

    #[test]
    fn nulls_are_absent_but_there() {
        let given = properties(r#"{"a": null}"#);
        assert!(given.has("a"));
        assert!(!given.is_given("a"));
        assert_eq!(given.text("a").unwrap(), None);
        assert_eq!(given.keys().count(), 0);
    }

    #[test]
    fn numbers_are_rounded_up() {
        let given = properties(r#"{"a": 10.2, "b": 7, "c": -1, "d": "x"}"#);
        assert_eq!((given.number("a").unwrap(), given.number("b").unwrap()), (Some(11), Some(7)));
        assert!(given.number("c").is_err());
        assert!(given.number("d").is_err());
    }

    #[test]
    fn booleans_are_not_guessed() {
        let given = properties(r#"{"a": true, "b": "false", "c": "no", "d": 1}"#);
        assert_eq!((given.flag("a").unwrap(), given.flag("b").unwrap()), (Some(true), Some(false)));
        let nested = properties(r#"{"disk": {"c": "no"}}"#).object("disk").unwrap();
        assert_eq!(nested.flag("c").unwrap_err(), Failure::invalid(r#"'disk.c' must be true or false, got: "no""#));
        assert!(given.flag("d").is_err());
    }

    #[test]
    fn one_string_is_a_list_of_one() {
        assert_eq!(properties(r#"{"a": "x"}"#).strings("a").unwrap(), ["x"]);
        assert_eq!(properties(r#"{"a": ["x", "y"]}"#).strings("a").unwrap(), ["x", "y"]);
        assert!(properties(r#"{"a": [1]}"#).strings("a").is_err());
    }

    #[test]
    fn tags_of_the_wrong_type_are_refused_in_the_known_words() {
        let refused = properties(r#"{"tags": "x"}"#).tags().unwrap_err();
        assert_eq!(refused, Failure::rejected(r#"Invalid value for 'tags': expected a Hash but got String ("x")"#));
    }

    #[test]
    fn prices_keep_their_digits() {
        assert_eq!(properties(r#"{"p": 0.05}"#).decimal("p").unwrap().as_deref(), Some("0.05"));
        assert_eq!(properties(r#"{"p": "0.001"}"#).decimal("p").unwrap().as_deref(), Some("0.001"));
    }

    #[test]
    fn mebibytes_are_rounded_up_to_gibibytes() {
        assert_eq!((gib(1), gib(1024), gib(1025), gib(40_961)), (1, 1, 2, 41));
    }
}
