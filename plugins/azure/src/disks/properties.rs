use cpi_plugin_sdk::{Failure, properties::gib};
use serde_json::{Map, Value, json};

use super::Caching;
use crate::arm::Kind;
use crate::ids::id_of;
use crate::properties::Properties;
use crate::settings::Settings;

/// A persistent disk as the operator wants it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DiskProperties {
    pub caching: Option<Caching>,
    /// Such as `Premium_LRS`.
    pub sku: Option<String>,
    pub iops: Option<u64>,
    pub mbps: Option<u64>,
    /// A name in the default resource group, or an id.
    encryption_set: Option<String>,
}

/// Where a disk is made, and for whom.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub location: &'a str,
    pub zone: Option<&'a str>,
    /// Of the VM that it is for.
    pub vm_size: Option<&'a str>,
}

/// Whether disks of a type take no cache of the machine's.
pub(crate) fn is_uncached(sku: &str) -> bool {
    ["PremiumV2_LRS", "UltraSSD_LRS"].contains(&sku)
}

impl DiskProperties {
    pub(crate) fn parse(json: &str) -> Result<Self, Failure> {
        let properties = Properties::parse(json)?;
        let given = Self {
            caching: properties.text("caching")?.map(|text| Caching::parse(&text)).transpose()?,
            sku: properties.text("storage_account_type")?,
            iops: properties.number("iops")?,
            mbps: properties.number("mbps")?,
            encryption_set: properties.text("disk_encryption_set_name")?,
        };
        properties.tell_unknown("the disk");
        match (&given.sku, given.caching) {
            (Some(sku), Some(caching)) if is_uncached(sku) && caching != Caching::None => {
                Err(Failure::rejected(format!("disks of type '{sku}' need caching 'None', not '{}'", caching.name())))
            }
            _ => Ok(given),
        }
    }

    pub(crate) fn caching(&self) -> Caching {
        self.caching.unwrap_or(Caching::None)
    }

    /// The body that makes the disk.
    pub(crate) fn body(&self, settings: &Settings, size_mib: u64, place: &Place<'_>) -> Result<Value, Failure> {
        let usual = match place.vm_size {
            Some(size) if crate::instance_types::takes_premium_disks(size) => "Premium_LRS",
            _ => "Standard_LRS",
        };
        let mut properties = Map::new();
        properties.insert("creationData".to_owned(), json!({"createOption": "Empty"}));
        properties.insert("diskSizeGB".to_owned(), json!(checked_size(size_mib)?));
        for (key, value) in [("diskIOPSReadWrite", self.iops), ("diskMBpsReadWrite", self.mbps)] {
            value.map(|value| properties.insert(key.to_owned(), json!(value)));
        }
        if let Some(set) = &self.encryption_set {
            let encryption = json!({
                "diskEncryptionSetId": encryption_set_id(settings, set)?,
                "type": "EncryptionAtRestWithCustomerKey",
            });
            properties.insert("encryption".to_owned(), encryption);
        }
        let mut body = json!({
            "location": place.location,
            "tags": {"user-agent": "bosh", "caching": self.caching().name()},
            "sku": {"name": self.sku.as_deref().unwrap_or(usual)},
            "properties": properties,
        });
        // One that is in all zones is in none.
        let is_in_all = self.sku.as_deref().is_some_and(|sku| sku.ends_with("_ZRS"));
        if let (Some(zone), Some(body)) = (place.zone.filter(|_| !is_in_all), body.as_object_mut()) {
            body.insert("zones".to_owned(), json!([zone]));
        }
        Ok(body)
    }
}

/// The id of a disk encryption set, by its name in the default resource group or by itself.
pub(crate) fn encryption_set_id(settings: &Settings, name: &str) -> Result<String, Failure> {
    id_of(settings, &settings.resource_group, Kind::DiskEncryptionSet, name)
}

/// Whole GiB.
pub(super) fn checked_size(size_mib: u64) -> Result<u64, Failure> {
    match size_mib {
        0..1024 => Err(Failure::rejected(format!("Azure CPI minimum disk size is 1 GiB, got: {size_mib} MiB"))),
        size => Ok(gib(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn body(properties: &str, size: u64, place: &Place<'_>) -> Value {
        DiskProperties::parse(properties).unwrap().body(&testing::settings(&json!({})), size, place).unwrap()
    }

    const PLACE: Place<'_> = Place { location: "eastus", zone: None, vm_size: None };

    #[test]
    fn the_smallest_body() {
        assert_eq!(
            body("{}", 10_241, &PLACE),
            json!({
                "location": "eastus",
                "tags": {"user-agent": "bosh", "caching": "None"},
                "sku": {"name": "Standard_LRS"},
                "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 11},
            })
        );
    }

    #[test]
    fn a_vm_gives_zone_and_type_and_properties_win() {
        let place = Place { zone: Some("2"), vm_size: Some("Standard_D2s_v3"), ..PLACE };
        let made = body("{}", 1024, &place);
        assert_eq!((&made["zones"], &made["sku"]["name"]), (&json!(["2"]), &json!("Premium_LRS")));
        let everywhere = body(r#"{"storage_account_type": "Premium_ZRS"}"#, 1024, &place);
        assert_eq!(everywhere.get("zones"), None);
        let rich =
            r#"{"storage_account_type": "PremiumV2_LRS", "iops": 5000, "mbps": 200, "disk_encryption_set_name": "d"}"#;
        let made = body(rich, 1024, &place);
        assert_eq!(made["sku"]["name"], "PremiumV2_LRS");
        assert_eq!(
            (&made["properties"]["diskIOPSReadWrite"], &made["properties"]["diskMBpsReadWrite"]),
            (&json!(5000), &json!(200))
        );
        let set = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/diskEncryptionSets/d";
        assert_eq!(made["properties"]["encryption"]["diskEncryptionSetId"], set);
    }

    #[test]
    fn what_azure_would_refuse_is_refused_first() {
        let refusal = |json: &str| DiskProperties::parse(json).unwrap_err().message().to_owned();
        assert!(refusal(r#"{"caching": "Sometimes"}"#).starts_with("Unknown disk caching Sometimes"));
        assert!(
            refusal(r#"{"caching": "ReadOnly", "storage_account_type": "UltraSSD_LRS"}"#)
                .contains("need caching 'None'")
        );
        let small = DiskProperties::parse("{}").unwrap().body(&testing::settings(&json!({})), 1023, &PLACE);
        assert!(small.unwrap_err().message().starts_with("Azure CPI minimum disk size is 1 GiB"));
    }
}
