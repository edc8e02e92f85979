use std::path::Path;

use cpi_protocol::{CpiError, Object};
use serde_json::Value;

/// The configuration that the BOSH job renders: `{"cloud": {"plugin": "aws", "properties": {…}}}`.
#[derive(Debug)]
pub(crate) struct CloudConfig {
    /// The plugin that answers.
    pub(crate) plugin: String,
    /// `cloud.properties`: one section for each provider, and `agent`, `registry`, `debug`.
    pub(crate) properties: Object,
}

impl CloudConfig {
    pub(crate) fn read(path: &Path) -> Result<Self, CpiError> {
        let wrong = |problem: String| CpiError::host(format!("configuration '{}': {problem}", path.display()));
        let text = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let document: Value = serde_json::from_slice(&text).map_err(|error| wrong(format!("is not JSON: {error}")))?;
        let cloud = document.get("cloud").and_then(Value::as_object);
        let properties = cloud.and_then(|cloud| cloud.get("properties")).and_then(Value::as_object);
        let (Some(cloud), Some(properties)) = (cloud, properties) else {
            return Err(wrong("Could not find cloud properties in the configuration (cloud.properties)".to_owned()));
        };
        match cloud.get("plugin").and_then(Value::as_str) {
            Some(plugin) => Ok(Self { plugin: plugin.to_owned(), properties: properties.clone() }),
            None => Err(wrong("cloud.plugin must name a plugin, such as \"aws\"".to_owned())),
        }
    }

    /// A section that is an object; an empty one when it is missing.
    pub(crate) fn section(&self, name: &str) -> Object {
        self.properties.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// `debug.cpi.api_version`: the highest version that the operator lets this CPI report.
    pub(crate) fn highest_api_version(&self) -> Option<u64> {
        self.properties.get("debug")?.get("cpi")?.get("api_version")?.as_u64()
    }
}
