use serde::Deserialize;

/// The provider's settings: what `plugin.toml` lists.
#[derive(Debug, Deserialize)]
pub(crate) struct Settings {
    /// Name of the simulated cloud.
    #[serde(default = "default_world")]
    pub(crate) world: String,
    #[serde(default)]
    pub(crate) capacity: Capacity,
}

/// How much the simulated cloud has; what is absent is unlimited.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capacity {
    pub(crate) vms: Option<usize>,
    /// MiB of all disks together.
    pub(crate) disk_mib: Option<u64>,
}

fn default_world() -> String {
    "default".to_owned()
}
