use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::arm::nullable;

/// What is read of a VM.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Vm {
    pub location: String,
    /// Its version, where Azure says it.
    pub etag: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub zones: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub tags: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "nullable")]
    pub properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Properties {
    #[serde(deserialize_with = "nullable")]
    pub provisioning_state: String,
    #[serde(deserialize_with = "nullable")]
    pub hardware_profile: Hardware,
    #[serde(deserialize_with = "nullable")]
    pub storage_profile: Storage,
    #[serde(deserialize_with = "nullable")]
    pub network_profile: Network,
    pub availability_set: Option<Reference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Hardware {
    #[serde(deserialize_with = "nullable")]
    pub vm_size: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Storage {
    /// As ARM has them: they are sent back when one is attached or detached.
    #[serde(deserialize_with = "nullable")]
    pub data_disks: Vec<Value>,
    #[serde(deserialize_with = "nullable")]
    pub os_disk: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Network {
    #[serde(deserialize_with = "nullable")]
    pub network_interfaces: Vec<Reference>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Reference {
    pub id: String,
}

impl Vm {
    /// Whether it is one still: what Azure is removing is as good as gone.
    pub(crate) fn is_there(&self) -> bool {
        !self.properties.provisioning_state.eq_ignore_ascii_case("deleting")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_or_null_is_empty() {
        let vm: Vm = serde_json::from_value(json!({
            "location": "eastus", "tags": null,
            "properties": {"provisioningState": "Deleting", "storageProfile": {"dataDisks": null}, "networkProfile": null},
        }))
        .unwrap();
        assert!(!vm.is_there());
        assert!(vm.tags.is_empty() && vm.properties.storage_profile.data_disks.is_empty());
        assert!(serde_json::from_value::<Vm>(json!({"location": "eastus"})).unwrap().is_there());
    }
}
