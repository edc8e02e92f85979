use crate::arm::{Kind, Resource};
use crate::settings::Settings;

/// The id of a resource that operators name: by its name in a resource group, or by its id, wherever it is.
pub(crate) fn id_of(settings: &Settings, group: &str, kind: Kind, name: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { Resource::new(settings, group, kind, name).id }
}
