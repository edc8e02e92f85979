use cpi_plugin_sdk::Failure;

use crate::arm::{Kind, Resource};
use crate::settings::Settings;

/// The id of a resource that operators name: by its name in a resource group, or by its id, wherever it is.
pub(crate) fn id_of(settings: &Settings, group: &str, kind: Kind, name: &str) -> Result<String, Failure> {
    if name.starts_with('/') {
        return Ok(name.to_owned());
    }
    let named = Resource::new(settings, group, kind, name);
    named.check().map_err(Failure::rejected)?;
    Ok(named.id)
}
