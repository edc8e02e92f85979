use cpi_plugin_sdk::{Failure, properties::gib};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::properties::DiskProperties;
use crate::arm::nullable;

/// What is read of a managed disk.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Disk {
    pub location: String,
    #[serde(default, deserialize_with = "nullable")]
    pub zones: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub sku: Sku,
    #[serde(default, deserialize_with = "nullable")]
    pub properties: State,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Sku {
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct State {
    #[serde(rename = "diskSizeGB", default, deserialize_with = "nullable")]
    size_gib: u64,
    #[serde(rename = "diskIOPSReadWrite")]
    iops: Option<u64>,
    #[serde(rename = "diskMBpsReadWrite")]
    mbps: Option<u64>,
}

impl Disk {
    /// Whether it can only be attached to VMs of its own zone, or to those without one.
    pub(crate) fn is_local(&self) -> bool {
        !self.sku.name.ends_with("_ZRS")
    }

    /// Whether it has to be brought into the zone of a VM. One that is in another zone stays there.
    pub(crate) fn lacks_zone(&self, vm_zone: Option<&str>) -> bool {
        vm_zone.is_some() && self.zones.is_empty() && self.is_local()
    }
}

/// The change that makes a disk as large; none when it is.
pub(super) fn resize(disk: &Disk, size_mib: u64) -> Result<Option<Value>, Failure> {
    let (old, new) = (disk.properties.size_gib, gib(size_mib));
    match new {
        _ if new < old => Err(Failure::not_supported(format!(
            "Disk size cannot be decreased: it has {old} GiB, wanted are {new} GiB"
        ))),
        _ if new == old => Ok(None),
        _ => Ok(Some(json!({"properties": {"diskSizeGB": new}}))),
    }
}

/// The change that makes a disk what the properties say; none when it is.
pub(super) fn update(disk: &Disk, size_mib: u64, wanted: &DiskProperties) -> Result<Option<Value>, Failure> {
    let mut body = Map::new();
    if let Some(sku) = wanted.sku.as_ref().filter(|sku| **sku != disk.sku.name) {
        body.insert("sku".to_owned(), json!({"name": sku}));
    }
    let resized = resize(disk, size_mib)?;
    let mut properties = resized.and_then(|body| body.get("properties")?.as_object().cloned()).unwrap_or_default();
    for (key, wanted, is) in [
        ("diskIOPSReadWrite", wanted.iops, disk.properties.iops),
        ("diskMBpsReadWrite", wanted.mbps, disk.properties.mbps),
    ] {
        if let Some(value) = wanted.filter(|value| Some(*value) != is) {
            properties.insert(key.to_owned(), json!(value));
        }
    }
    if !properties.is_empty() {
        body.insert("properties".to_owned(), Value::Object(properties));
    }
    Ok((!body.is_empty()).then_some(Value::Object(body)))
}

/// Azure's words for a change of type that it does not make in place.
pub(super) fn is_no_conversion(message: &str) -> bool {
    message
        .split_once("Changing a disk's account type from '")
        .is_some_and(|(_, rest)| rest.contains("' is not supported."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> Disk {
        serde_json::from_value(json!({
            "location": "eastus", "sku": {"name": "Standard_LRS"}, "zones": null,
            "properties": {"diskSizeGB": 10, "diskIOPSReadWrite": 500},
        }))
        .unwrap()
    }

    #[test]
    fn only_regional_disks_are_brought_into_a_zone() {
        let of = |zones: Value, sku: &str| {
            serde_json::from_value::<Disk>(json!({"location": "l", "sku": {"name": sku}, "zones": zones})).unwrap()
        };
        assert!(of(json!(null), "Premium_LRS").lacks_zone(Some("1")));
        assert!(!of(json!(null), "Premium_LRS").lacks_zone(None));
        assert!(!of(json!(null), "Premium_ZRS").lacks_zone(Some("1")));
        assert!(!of(json!(["2"]), "Premium_LRS").lacks_zone(Some("1")));
    }

    #[test]
    fn disks_only_grow() {
        assert_eq!(resize(&disk(), 10_240).unwrap(), None);
        assert_eq!(resize(&disk(), 10_241).unwrap(), Some(json!({"properties": {"diskSizeGB": 11}})));
        assert!(
            matches!(resize(&disk(), 9_000), Err(Failure::NotSupported(text)) if text.starts_with("Disk size cannot be decreased"))
        );
    }

    #[test]
    fn only_differences_are_sent() {
        let wanted = |json: &str| DiskProperties::parse(json).unwrap();
        assert_eq!(
            update(&disk(), 10_240, &wanted(r#"{"storage_account_type": "Standard_LRS", "iops": 500}"#)).unwrap(),
            None
        );
        let rich = wanted(r#"{"storage_account_type": "Premium_LRS", "iops": 600, "mbps": 70}"#);
        assert_eq!(
            update(&disk(), 20_480, &rich).unwrap(),
            Some(json!({
                "sku": {"name": "Premium_LRS"},
                "properties": {"diskSizeGB": 20, "diskIOPSReadWrite": 600, "diskMBpsReadWrite": 70},
            }))
        );
    }

    #[test]
    fn a_conversion_that_azure_does_not_make_is_known_by_its_words() {
        assert!(is_no_conversion("x: Changing a disk's account type from 'A' to 'B' is not supported. y"));
        assert!(!is_no_conversion("Changing something else is not supported."));
    }
}
