use serde_json::Value;

use crate::{CpiError, Object};

/// The arguments of one call, read by position.
pub(crate) struct Arguments<'a>(pub(crate) &'a [Value]);

impl Arguments<'_> {
    pub(crate) fn string(&self, index: usize, name: &str) -> Result<String, CpiError> {
        self.get(index).as_str().map(str::to_owned).ok_or_else(|| self.wrong(index, name, "a string"))
    }

    pub(crate) fn optional_string(&self, index: usize, name: &str) -> Result<Option<String>, CpiError> {
        match self.get(index) {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(self.wrong(index, name, "a string or null")),
        }
    }

    /// `null` and a missing argument are an empty object.
    pub(crate) fn object(&self, index: usize, name: &str) -> Result<Object, CpiError> {
        match self.get(index) {
            Value::Null => Ok(Object::new()),
            Value::Object(object) => Ok(object.clone()),
            _ => Err(self.wrong(index, name, "an object")),
        }
    }

    /// `null` and a missing argument are an empty list.
    pub(crate) fn strings(&self, index: usize, name: &str) -> Result<Vec<String>, CpiError> {
        match self.get(index) {
            Value::Null => Ok(Vec::new()),
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| self.wrong(index, name, "an array of strings")),
            _ => Err(self.wrong(index, name, "an array of strings")),
        }
    }

    /// A size in MiB.
    pub(crate) fn mebibytes(&self, index: usize, name: &str) -> Result<u64, CpiError> {
        self.get(index).as_u64().ok_or_else(|| {
            CpiError::arguments(format!(
                "disk size needs to be an integer: argument {} ({name}) is {}",
                index + 1,
                kind_of(self.get(index))
            ))
        })
    }

    pub(crate) fn wrong(&self, index: usize, name: &str, expected: &str) -> CpiError {
        let got = kind_of(self.get(index));
        CpiError::arguments(format!("argument {} ({name}) must be {expected}, got {got}", index + 1))
    }

    pub(crate) fn get(&self, index: usize) -> &Value {
        self.0.get(index).unwrap_or(&Value::Null)
    }
}

/// What a value is, without what it holds: arguments may carry secrets.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(number) if number.is_i64() && !number.is_u64() => "a negative number",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
