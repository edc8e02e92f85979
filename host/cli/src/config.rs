use std::path::{Path, PathBuf};

use cpi_protocol::{CpiError, Object, selected_plugin};
use serde_json::Value;

use crate::HostOptions;

/// The configuration that the BOSH job renders: `{"cloud": {"plugin": "aws", "properties": {…}}}`.
#[derive(Debug)]
pub(crate) struct CloudConfig {
    /// Where it was read.
    pub(crate) path: PathBuf,
    /// The plugin that answers.
    pub(crate) plugin: String,
    /// What named it, for messages.
    pub(crate) selected_by: &'static str,
    /// `cloud.properties`: one section for each provider, and `agent`, `registry`, `debug`.
    pub(crate) properties: Object,
}

/// What a person's command is about.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The provider's configuration (JSON), as the BOSH job renders it.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Properties of a CPI configuration (a JSON object), as the director would send them.
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) host: HostOptions,
}

/// Properties of a CPI configuration.
#[derive(Default)]
pub(crate) struct Context {
    /// The plugin that they select, if they do.
    pub(crate) plugin: Option<String>,
    pub(crate) properties: Object,
}

impl Options {
    pub(crate) fn context(&self) -> Result<Context, CpiError> {
        let mut properties = self.context.as_deref().map_or(Ok(Object::new()), context)?;
        let plugin = selected_plugin(properties.shift_remove("plugin").as_ref())?;
        Ok(Context { plugin, properties })
    }
}

/// Properties of a CPI configuration, as a director would send them in the context of a request.
pub(crate) fn context(path: &Path) -> Result<Object, CpiError> {
    let wrong = |problem: String| CpiError::host(format!("context '{}': {problem}", path.display()));
    let text = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    serde_json::from_slice(&text).map_err(|error| wrong(format!("is not a JSON object: {error}")))
}

impl CloudConfig {
    /// Reads the job's file. A plugin that the request's CPI configuration selects takes the place of the file's.
    pub(crate) fn read(path: &Path, selected: Option<&str>) -> Result<Self, CpiError> {
        let wrong = |problem: String| CpiError::host(format!("configuration '{}': {problem}", path.display()));
        let text = std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let document: Value = serde_json::from_slice(&text).map_err(|error| wrong(format!("is not JSON: {error}")))?;
        let cloud = document.get("cloud").and_then(Value::as_object);
        let properties = cloud.and_then(|cloud| cloud.get("properties")).and_then(Value::as_object);
        let (Some(cloud), Some(properties)) = (cloud, properties) else {
            return Err(wrong("Could not find cloud properties in the configuration (cloud.properties)".to_owned()));
        };
        let (plugin, selected_by) = match (selected, cloud.get("plugin").and_then(Value::as_str)) {
            (Some(plugin), _) => (plugin, "plugin, a property of the CPI configuration"),
            (None, Some(plugin)) => (plugin, "cloud.plugin"),
            (None, None) => return Err(wrong("cloud.plugin must name a plugin, such as \"aws\"".to_owned())),
        };
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Ok(Self { path, plugin: plugin.to_owned(), selected_by, properties: properties.clone() })
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
