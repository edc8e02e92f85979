use cpi_plugin_sdk::Failure;
use serde_json::{Map, Value, json};

use crate::arm::Kind;
use crate::ids::id_of;
use crate::properties::Properties;
use crate::settings::Settings;

/// What kind of machine it is, and where it stands, as far as that is no more than to pass it on.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Machine {
    /// Disks and cache of the machine are encrypted before they leave it.
    pub encryption_at_host: bool,
    /// It can have disks of type `UltraSSD_LRS`.
    ultra_disks: bool,
    /// `SCSI` or `NVMe`.
    pub disk_controller: Option<String>,
    /// An id.
    proximity_group: Option<String>,
}

impl Machine {
    pub(crate) fn parse(all: &Properties, settings: &Settings, group: &str) -> Result<Self, Failure> {
        let proximity_group = all.text("proximity_placement_group")?;
        let proximity_group =
            proximity_group.map(|name| id_of(settings, group, Kind::ProximityPlacementGroup, &name)).transpose()?;
        let disk_controller = all.text("disk_controller_type")?;
        if let Some(other) = disk_controller.as_ref().filter(|kind| !["SCSI", "NVMe"].contains(&kind.as_str())) {
            return Err(Failure::rejected(format!("'disk_controller_type' can be SCSI or NVMe, got: '{other}'")));
        }
        let ephemeral = all.object("ephemeral_disk")?;
        let is_ultra = ephemeral.text("type")?.as_deref() == Some("UltraSSD_LRS");
        let has_it = is_ultra && !ephemeral.flag("use_root_disk")?.unwrap_or(false);
        Ok(Self {
            encryption_at_host: all.flag("encryption_at_host")?.unwrap_or(false),
            ultra_disks: all.flag("ultra_ssd_enabled")?.unwrap_or(has_it),
            disk_controller,
            proximity_group,
        })
    }

    /// Adds it to the properties of a VM, except for what belongs to its storage and security.
    pub(super) fn add_to(&self, properties: &mut Map<String, Value>) {
        if self.ultra_disks {
            properties.insert("additionalCapabilities".to_owned(), json!({"ultraSSDEnabled": true}));
        }
        if let Some(id) = &self.proximity_group {
            properties.insert("proximityPlacementGroup".to_owned(), json!({"id": id}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn parse(value: &Value) -> Result<Machine, Failure> {
        Machine::parse(&Properties::parse(&value.to_string()).unwrap(), &testing::settings(&json!({})), "rg")
    }

    fn body(value: &Value) -> Value {
        let mut properties = Map::new();
        parse(value).unwrap().add_to(&mut properties);
        Value::Object(properties)
    }

    #[test]
    fn ultra_disks_need_a_machine_for_them() {
        let enabled = json!({"additionalCapabilities": {"ultraSSDEnabled": true}});
        assert_eq!(body(&json!({"ultra_ssd_enabled": true})), enabled);
        assert_eq!(body(&json!({"ephemeral_disk": {"type": "UltraSSD_LRS"}})), enabled);
        assert_eq!(body(&json!({"ephemeral_disk": {"type": "UltraSSD_LRS", "use_root_disk": true}})), json!({}));
    }

    #[test]
    fn what_is_passed_on_is_checked() {
        let near = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/proximityPlacementGroups/near";
        let group = json!({"proximityPlacementGroup": {"id": near}});
        assert_eq!(body(&json!({"proximity_placement_group": "near"})), group);
        assert!(parse(&json!({"disk_controller_type": "IDE"})).unwrap_err().message().contains("got: 'IDE'"));
    }
}
