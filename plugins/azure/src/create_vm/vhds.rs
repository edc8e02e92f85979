use cpi_plugin_sdk::Failure;
use serde_json::{Map, Value, json};

use super::image::{Image, Source};
use crate::disks::data_disks::EPHEMERAL;
use crate::properties::Properties;
use crate::settings::Settings;

/// Where the disks of a VM are that has no managed ones: blobs in a storage account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Vhds {
    /// URL of the container.
    pub container: String,
    /// The name of the VM.
    pub vm: String,
}

/// The storage account that an operator wants for a VM.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WantedAccount {
    pub which: Which,
    /// Of one that has to be made.
    pub sku: Option<String>,
    /// Of one that has to be made.
    pub kind: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Which {
    /// That of the configuration.
    Default,
    Named(String),
    /// Any of those with this word in their names that have not more disks than this.
    Any(String, u64),
}

impl WantedAccount {
    pub(crate) fn parse(all: &Properties) -> Result<Self, Failure> {
        let most = all.number("storage_account_max_disk_number")?.unwrap_or(30);
        let which = match all.text("storage_account_name")? {
            None => Which::Default,
            Some(name) if name.contains('*') => Which::Any(keyword(&name)?, most),
            Some(name) => Which::Named(name),
        };
        let kind = all.text("storage_account_kind")?.unwrap_or_else(|| "Storage".to_owned());
        Ok(Self { which, sku: all.text("storage_account_type")?, kind })
    }
}

/// `*keyword*`
fn keyword(pattern: &str) -> Result<String, Failure> {
    let word = pattern.strip_prefix('*').and_then(|rest| rest.strip_suffix('*'));
    let is_legal =
        |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    word.filter(is_legal).map(str::to_owned).ok_or_else(|| {
        Failure::rejected(format!(
            "storage_account_name in vm_type is invalid: '{pattern}' has to be a name, or a keyword of lower-case letters and \
             digits between two asterisks, such as *keyword*"
        ))
    })
}

/// Refuses what only managed disks have.
pub(crate) fn check(settings: &Settings, zones: &[String]) -> Result<(), Failure> {
    if settings.managed_disks || zones.is_empty() {
        return Ok(());
    }
    Err(Failure::rejected(
        "Virtual Machines deployed to an Availability Zone must use managed disks: set use_managed_disks",
    ))
}

/// The name of the blob with a VM's operating system.
pub(crate) fn os_blob(vm: &str) -> String {
    format!("bosh-os-{vm}.vhd")
}

/// The name of the blob with what a VM may lose.
pub(crate) fn ephemeral_blob(vm: &str) -> String {
    format!("bosh-os-{vm}-{EPHEMERAL}.vhd")
}

/// The blobs in which Azure keeps the state of a VM begin with its name and end so.
pub(crate) const STATUS: &str = "status";

impl Vhds {
    /// What the disks of a VM become when they are blobs: `storageProfile`.
    pub(crate) fn profile(&self, managed: &Value, image: &Image) -> Value {
        let system = if image.disk.windows { "Windows" } else { "Linux" };
        let mut os = kept(managed.get("osDisk"), &["createOption", "caching", "diskSizeGB"]);
        os.insert("name".to_owned(), json!(os_blob(&self.vm).trim_end_matches(".vhd")));
        os.insert("osType".to_owned(), json!(system));
        os.insert("vhd".to_owned(), json!({"uri": self.url(&os_blob(&self.vm))}));
        let mut profile = Map::new();
        match &image.source {
            blob @ Source::Blob(_) => drop(os.insert("image".to_owned(), blob.reference())),
            other => drop(profile.insert("imageReference".to_owned(), other.reference())),
        }
        profile.insert("osDisk".to_owned(), Value::Object(os));
        if let Some(disk) = managed.pointer("/dataDisks/0") {
            let mut disk = kept(Some(disk), &["lun", "createOption", "diskSizeGB"]);
            disk.insert("name".to_owned(), json!(EPHEMERAL));
            disk.insert("caching".to_owned(), json!("ReadWrite"));
            disk.insert("vhd".to_owned(), json!({"uri": self.url(&ephemeral_blob(&self.vm))}));
            profile.insert("dataDisks".to_owned(), json!([disk]));
        }
        Value::Object(profile)
    }

    fn url(&self, blob: &str) -> String {
        format!("{}/{blob}", self.container)
    }
}

fn kept(of: Option<&Value>, keys: &[&str]) -> Map<String, Value> {
    let members = of.and_then(Value::as_object).into_iter().flatten();
    members.filter(|(key, _)| keys.contains(&key.as_str())).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::create_vm::disks::ImageDisk;
    use crate::stemcells::marketplace::MarketplaceImage;

    fn wanted(json: &Value) -> Result<WantedAccount, Failure> {
        WantedAccount::parse(&Properties::parse(&json.to_string()).unwrap())
    }

    #[test]
    fn an_account_is_named_or_any_with_a_word() {
        assert_eq!(
            wanted(&json!({})).unwrap(),
            WantedAccount { which: Which::Default, sku: None, kind: "Storage".into() }
        );
        let named = wanted(&json!({"storage_account_name": "a", "storage_account_type": "Premium_LRS"})).unwrap();
        assert_eq!((named.which, named.sku.as_deref()), (Which::Named("a".into()), Some("Premium_LRS")));
        let any = wanted(&json!({"storage_account_name": "*k1*", "storage_account_max_disk_number": 7})).unwrap();
        assert_eq!(any.which, Which::Any("k1".into(), 7));
        for wrong in ["*", "**", "*K*", "*a", "a*", "*a*b*", "*a-b*"] {
            let refused = wanted(&json!({"storage_account_name": wrong})).unwrap_err();
            assert!(refused.message().contains(&format!("'{wrong}' has to be")), "{wrong}");
        }
    }

    #[test]
    fn disks_are_blobs() {
        let managed = json!({
            "imageReference": {"id": "/i"},
            "osDisk": {
                "name": "bosh-disk-os-v", "createOption": "FromImage", "caching": "ReadOnly", "diskSizeGB": 40,
                "managedDisk": {"storageAccountType": "Premium_LRS"},
            },
            "dataDisks": [{
                "name": "bosh-disk-os-v-ephemeral-disk", "lun": 0, "createOption": "Empty", "diskSizeGB": 30, "caching": "None",
                "managedDisk": {},
            }],
        });
        let vhds = Vhds { container: "https://a/bosh".into(), vm: "v".into() };
        let disk = ImageDisk { windows: false, size_mib: 3072 };
        let heavy = Image { source: Source::Blob("https://a/stemcell/s.vhd".into()), disk };
        assert_eq!(
            vhds.profile(&managed, &heavy),
            json!({
                "osDisk": {
                    "name": "bosh-os-v", "createOption": "FromImage", "caching": "ReadOnly", "diskSizeGB": 40, "osType": "Linux",
                    "image": {"uri": "https://a/stemcell/s.vhd"}, "vhd": {"uri": "https://a/bosh/bosh-os-v.vhd"},
                },
                "dataDisks": [{
                    "name": "ephemeral-disk", "lun": 0, "createOption": "Empty", "diskSizeGB": 30, "caching": "ReadWrite",
                    "vhd": {"uri": "https://a/bosh/bosh-os-v-ephemeral-disk.vhd"},
                }],
            })
        );
        let part = || "p".to_owned();
        let offer = MarketplaceImage { publisher: part(), offer: part(), sku: part(), version: part() };
        let light = Image { source: Source::Marketplace(offer.clone(), None), disk };
        let profile = vhds.profile(&json!({"osDisk": {"createOption": "FromImage"}}), &light);
        assert_eq!(profile["imageReference"], offer.reference());
        assert_eq!((&profile["osDisk"]["image"], profile.get("dataDisks")), (&Value::Null, None));
    }

    #[test]
    fn zones_need_managed_disks() {
        let settings = |managed: bool| crate::testing::settings(&json!({"use_managed_disks": managed}));
        assert!(check(&settings(true), &["1".to_owned()]).is_ok() && check(&settings(false), &[]).is_ok());
        assert!(check(&settings(false), &["1".to_owned()]).unwrap_err().message().contains("must use managed disks"));
    }
}
