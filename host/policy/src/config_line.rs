use std::fmt;

use toml::Value;

/// A line of the host's configuration, in the words that the configuration is read with.
///
/// Denials and refusals name it, so that what they tell an operator to write is what this program understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigLine(String);

impl ConfigLine {
    pub(crate) fn new(table: impl fmt::Display, key: &str, value: impl Into<Value>) -> Self {
        Self(format!("[{table}] {key} = {}", value.into()))
    }

    /// A line with a list: what is there, and one entry more.
    pub(crate) fn adding<T: ToString>(table: impl fmt::Display, key: &str, before: &[T], more: String) -> Self {
        let list: Vec<Value> = before.iter().map(|entry| Value::from(entry.to_string())).chain([more.into()]).collect();
        Self::new(table, key, list)
    }
}

impl fmt::Display for ConfigLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
