use cpi_plugin_sdk::{Failure, properties::gib};
use serde_json::{Map, Value, json};

use crate::disks::Caching;
use crate::disks::properties::{encryption_set_id, is_uncached};
use crate::errors;
use crate::instance_types;
use crate::properties::Properties;
use crate::settings::Settings;

/// The disk of the operating system, as the operator wants it.
#[derive(Debug)]
pub(crate) struct RootDisk {
    size_mib: Option<u64>,
    /// None: by what the size of the VM takes.
    pub sku: Option<String>,
    placement: Placement,
    caching: Caching,
    /// An id.
    encryption_set: Option<String>,
}

/// Where it is: a disk of Azure's, or one of the machine that is gone with it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Placement {
    Remote,
    /// Which, and whether all of the image is brought to the machine before it starts.
    Local(&'static str, bool),
}

/// The disk for what a VM may lose.
#[derive(Debug)]
pub(crate) struct EphemeralDisk {
    pub on_root_disk: bool,
    size_mib: Option<u64>,
    sku: Option<String>,
    caching: Caching,
    /// An id.
    encryption_set: Option<String>,
    pub iops: Option<u64>,
    pub mbps: Option<u64>,
}

/// What the image says of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ImageDisk {
    pub windows: bool,
    pub size_mib: u64,
}

impl RootDisk {
    pub(crate) fn parse(all: &Properties, settings: &Settings) -> Result<Self, Failure> {
        let root = all.object("root_disk")?;
        let full_caching = root.flag("full_caching")?.unwrap_or(false);
        let placement = match root.text("placement")?.as_deref() {
            None | Some("remote") if full_caching => {
                return Err(Failure::rejected(
                    "'root_disk.full_caching' needs a 'root_disk.placement' of resource-disk, cache-disk or nvme-disk",
                ));
            }
            None | Some("remote") => Placement::Remote,
            Some("resource-disk") => Placement::Local("ResourceDisk", full_caching),
            Some("cache-disk") => Placement::Local("CacheDisk", full_caching),
            Some("nvme-disk") => Placement::Local("NvmeDisk", full_caching),
            Some(other) => {
                return Err(Failure::rejected(format!(
                    "'root_disk.placement' can be remote, resource-disk, cache-disk or nvme-disk, got: '{other}'"
                )));
            }
        };
        let caching = all.text("caching")?.map(|text| Caching::parse(&text)).transpose().map_err(errors::no_vm)?;
        let placement = if settings.managed_disks {
            placement
        } else if placement != Placement::Remote && root.is_given("type") {
            return Err(Failure::rejected(
                "'root_disk.placement' and 'root_disk.type' need managed disks: set use_managed_disks",
            ));
        } else {
            // As the Ruby CPI does: the operator switched the whole of it off.
            Placement::Remote
        };
        Ok(Self {
            size_mib: root.number("size").map_err(errors::no_vm)?,
            sku: root.text("type")?.or(all.text("storage_account_type")?),
            placement,
            caching: caching.unwrap_or(Caching::ReadWrite),
            encryption_set: root
                .text("disk_encryption_set_name")?
                .map(|name| encryption_set_id(settings, &name))
                .transpose()?,
        })
    }

    /// Whether Azure needs to be asked in a newer version of its interface.
    pub(crate) fn is_fully_cached(&self) -> bool {
        matches!(self.placement, Placement::Local(_, true))
    }

    /// The change that gives it its tags; a disk of the machine is no resource that could have some.
    pub(crate) fn change(&self, tags: Option<&Map<String, Value>>) -> Option<Value> {
        tags.filter(|_| self.placement == Placement::Remote).map(|tags| json!({"tags": tags}))
    }

    /// The type of disk: the image that fits is of the same.
    pub(crate) fn sku_for(&self, vm_size: &str) -> &str {
        let usual = if instance_types::takes_premium_disks(vm_size) { "Premium_LRS" } else { "Standard_LRS" };
        self.sku.as_deref().unwrap_or(usual)
    }

    /// `storageProfile.osDisk`.
    pub(crate) fn body(&self, name: &str, ephemeral: &EphemeralDisk, image: ImageDisk, vm_size: &str) -> Value {
        let mut disk = Map::new();
        disk.insert("name".to_owned(), json!(name));
        disk.insert("createOption".to_owned(), json!("FromImage"));
        let mut managed = Map::new();
        match self.placement {
            Placement::Remote => {
                disk.insert("caching".to_owned(), json!(self.caching.name()));
                managed.insert("storageAccountType".to_owned(), json!(self.sku_for(vm_size)));
            }
            Placement::Local(place, full_caching) => {
                disk.insert("caching".to_owned(), json!("ReadOnly"));
                let mut settings = json!({"option": "Local", "placement": place});
                if let (true, Some(settings)) = (full_caching, settings.as_object_mut()) {
                    settings.insert("enableFullCaching".to_owned(), json!(true));
                }
                disk.insert("diffDiskSettings".to_owned(), settings);
            }
        }
        if let Some(gib) = self.gib(ephemeral, image) {
            disk.insert("diskSizeGB".to_owned(), json!(gib));
        }
        if let Some(set) = &self.encryption_set {
            managed.insert("diskEncryptionSet".to_owned(), json!({"id": set}));
        }
        if !managed.is_empty() {
            disk.insert("managedDisk".to_owned(), Value::Object(managed));
        }
        Value::Object(disk)
    }

    /// None: as large as the image.
    fn gib(&self, ephemeral: &EphemeralDisk, image: ImageDisk) -> Option<u64> {
        let own = self.size_mib.map(|size| gib(size.max(image.size_mib)));
        if !ephemeral.on_root_disk {
            return own;
        }
        match (self.placement, ephemeral.size_mib) {
            (Placement::Local(..), Some(more)) => Some(own.unwrap_or(image.size_mib / 1024) + more / 1024),
            _ => own.or_else(|| Some(gib(image.size_mib).max(if image.windows { 128 } else { 30 }))),
        }
    }
}

impl EphemeralDisk {
    pub(crate) fn parse(properties: &Properties, settings: &Settings) -> Result<Self, Failure> {
        let caching = properties.text("caching")?.map(|text| Caching::parse(&text)).transpose()?;
        let (size_mib, sku) = (properties.number("size")?, properties.text("type")?);
        let usual = if sku.as_deref().is_some_and(is_uncached) { Caching::None } else { Caching::ReadWrite };
        if let (Caching::None, Some(caching), Some(sku)) = (usual, caching.filter(|it| *it != Caching::None), &sku) {
            return Err(Failure::rejected(format!(
                "disks of type '{sku}' need 'ephemeral_disk.caching' 'None', not '{}'",
                caching.name()
            )));
        }
        let on_root_disk = properties.flag("use_root_disk")?.unwrap_or(false);
        if let Some(size) = size_mib.filter(|size| *size < 1024 && !on_root_disk) {
            return Err(Failure::rejected(format!(
                "Azure CPI minimum disk size is 1 GiB, 'ephemeral_disk.size' is {size} MiB"
            )));
        }
        Ok(Self {
            on_root_disk,
            size_mib,
            sku,
            caching: caching.unwrap_or(usual),
            encryption_set: properties
                .text("disk_encryption_set_name")?
                .map(|name| encryption_set_id(settings, &name))
                .transpose()?,
            iops: properties.number("iops")?,
            mbps: properties.number("mbps")?,
        })
    }

    /// The first of `storageProfile.dataDisks`; none when the root disk serves.
    pub(crate) fn body(&self, name: &str, vm_size: &str) -> Option<Value> {
        if self.on_root_disk {
            return None;
        }
        let mut managed = Map::new();
        if let Some(sku) = &self.sku {
            managed.insert("storageAccountType".to_owned(), json!(sku));
        }
        if let Some(set) = &self.encryption_set {
            managed.insert("diskEncryptionSet".to_owned(), json!({"id": set}));
        }
        let gib = self.size_mib.map_or_else(|| instance_types::ephemeral_gib(vm_size), |size| size / 1024);
        Some(json!({
            "name": name,
            "lun": 0,
            "createOption": "Empty",
            "diskSizeGB": gib,
            "caching": self.caching.name(),
            "managedDisk": managed,
        }))
    }

    /// The change that gives it its speed and its tags; Azure takes it only when the disk is there.
    pub(crate) fn change(&self, tags: Option<&Map<String, Value>>) -> Option<Value> {
        let wanted = [("diskIOPSReadWrite", self.iops), ("diskMBpsReadWrite", self.mbps)];
        let properties: Map<_, _> =
            wanted.into_iter().filter_map(|(key, value)| Some((key.to_owned(), json!(value?)))).collect();
        let mut change = Map::new();
        if !properties.is_empty() {
            change.insert("properties".to_owned(), Value::Object(properties));
        }
        tags.map(|tags| change.insert("tags".to_owned(), json!(tags)));
        (!change.is_empty() && !self.on_root_disk).then_some(Value::Object(change))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const LINUX: ImageDisk = ImageDisk { windows: false, size_mib: 3072 };

    fn both(json: &Value) -> (RootDisk, EphemeralDisk) {
        let all = Properties::parse(&json.to_string()).unwrap();
        let settings = testing::settings(&json!({}));
        let ephemeral = EphemeralDisk::parse(&all.object("ephemeral_disk").unwrap(), &settings).unwrap();
        (RootDisk::parse(&all, &settings).unwrap(), ephemeral)
    }

    fn root(json: &Value) -> Value {
        let (root, ephemeral) = both(json);
        root.body("os", &ephemeral, LINUX, "Standard_D2s_v3")
    }

    #[test]
    fn sizes_of_root_disks() {
        for (json, gib) in [
            (json!({}), None),
            (json!({"root_disk": {"size": 10_241}}), Some(11)),
            (json!({"root_disk": {"size": 1024}}), Some(3)),
            (json!({"ephemeral_disk": {"use_root_disk": true}}), Some(30)),
            (json!({"ephemeral_disk": {"use_root_disk": true, "size": 40_960}}), Some(30)),
            (
                json!({"root_disk": {"placement": "cache-disk"}, "ephemeral_disk": {"use_root_disk": true, "size": 20_480}}),
                Some(23),
            ),
            (
                json!({"root_disk": {"placement": "cache-disk", "size": 5120}, "ephemeral_disk": {"use_root_disk": true, "size": 20_480}}),
                Some(25),
            ),
        ] {
            assert_eq!(root(&json).get("diskSizeGB").and_then(Value::as_u64), gib, "{json}");
        }
    }

    #[test]
    fn a_local_disk_is_read_only_cached_and_of_no_type() {
        assert_eq!(
            root(&json!({"root_disk": {"placement": "resource-disk"}, "caching": "None"})),
            json!({"name": "os", "createOption": "FromImage", "caching": "ReadOnly",
                "diffDiskSettings": {"option": "Local", "placement": "ResourceDisk"}})
        );
        assert_eq!(
            root(&json!({"caching": "None", "storage_account_type": "StandardSSD_LRS"})),
            json!({"name": "os", "createOption": "FromImage", "caching": "None",
                "managedDisk": {"storageAccountType": "StandardSSD_LRS"}})
        );
    }

    #[test]
    fn a_local_disk_may_be_brought_there_whole() {
        let made = root(&json!({"root_disk": {"placement": "nvme-disk", "full_caching": true}}));
        let settings = json!({"option": "Local", "placement": "NvmeDisk", "enableFullCaching": true});
        assert_eq!(made["diffDiskSettings"], settings);
        let all = Properties::parse(r#"{"root_disk": {"full_caching": true}}"#).unwrap();
        let refusal = RootDisk::parse(&all, &testing::settings(&json!({}))).unwrap_err();
        assert!(refusal.message().starts_with("'root_disk.full_caching' needs"));
    }

    #[test]
    fn fast_disks_take_no_cache() {
        let ephemeral = |json: Value| {
            EphemeralDisk::parse(&Properties::parse(&json.to_string()).unwrap(), &testing::settings(&json!({})))
        };
        let made = ephemeral(json!({"type": "UltraSSD_LRS"})).unwrap().body("e", "x").unwrap();
        assert_eq!(made["caching"], "None");
        let refusal = ephemeral(json!({"type": "PremiumV2_LRS", "caching": "ReadOnly"})).unwrap_err();
        assert!(refusal.message().contains("need 'ephemeral_disk.caching' 'None'"));
    }

    #[test]
    fn the_ephemeral_disk_is_the_first_data_disk() {
        let (_, ephemeral) = both(&json!({"ephemeral_disk": {"size": 20_479, "type": "Premium_LRS", "iops": 7}}));
        assert_eq!(
            ephemeral.body("e", "x"),
            Some(json!({"name": "e", "lun": 0, "createOption": "Empty", "diskSizeGB": 19, "caching": "ReadWrite",
                "managedDisk": {"storageAccountType": "Premium_LRS"}}))
        );
        assert_eq!(ephemeral.change(None), Some(json!({"properties": {"diskIOPSReadWrite": 7}})));
        let (_, usual) = both(&json!({}));
        assert_eq!(usual.body("e", "Standard_D4").unwrap()["diskSizeGB"], 400);
        assert_eq!(both(&json!({"ephemeral_disk": {"use_root_disk": true}})).1.body("e", "x"), None);
    }
}
