use std::fmt;

use cpi_plugin_sdk::Failure;

use super::pairs::{Written, part};
use crate::disks::Caching;

const MANAGED: &str = "bosh-disk-data";
const BLOB: &str = "bosh-data";

/// A persistent disk, or a snapshot of one: its name, where it is, and how it is cached when it is attached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DiskId {
    pub name: String,
    pub caching: Caching,
    pub resource_group: String,
    /// It is, or was, a blob of this storage account.
    pub storage_account: Option<String>,
    written: Written,
}

impl DiskId {
    /// A disk or snapshot that is about to be made.
    pub(crate) fn new(uuid: &str, caching: Caching, resource_group: &str) -> Self {
        Self::named(&format!("{MANAGED}-{uuid}"), caching, resource_group)
    }

    /// A disk that is about to be made as a blob, or a snapshot of one, whose name has its time.
    pub(crate) fn blob(name: &str, caching: Caching, account: &str, default_group: &str) -> Self {
        Self {
            name: name.to_owned(),
            caching,
            resource_group: default_group.to_owned(),
            storage_account: Some(account.to_owned()),
            written: Written::of([("caching", caching.name()), ("disk_name", name), ("storage_account_name", account)]),
        }
    }

    /// The name of a new disk that is a blob.
    pub(crate) fn blob_name(uuid: &str) -> String {
        format!("{BLOB}-{uuid}")
    }

    /// The same disk's snapshot of this time.
    pub(crate) fn snapshot_of_blob(&self, time: &str) -> Option<Self> {
        let account = self.storage_account.as_ref()?;
        Some(Self::blob(&format!("{}--{time}", self.name), self.caching, account, &self.resource_group))
    }

    /// Of a snapshot of a blob: the disk's name, and the snapshot's time.
    pub(crate) fn snapshot_parts(&self) -> Result<(&str, &str), Failure> {
        self.name.rsplit_once("--").ok_or_else(|| {
            Failure::rejected(format!("Invalid snapshot id '{self}': its disk_name must be 'bosh-data-…--time'"))
        })
    }

    fn named(name: &str, caching: Caching, resource_group: &str) -> Self {
        let group = ("resource_group_name", resource_group);
        Self {
            name: name.to_owned(),
            caching,
            resource_group: resource_group.to_owned(),
            storage_account: None,
            written: Written::of([("caching", caching.name()), ("disk_name", name), group]),
        }
    }

    /// The same disk under an identifier that says another caching.
    pub(crate) fn cached(&self, caching: Caching) -> Self {
        Self::named(&self.name, caching, &self.resource_group)
    }

    pub(crate) fn parse(text: &str, default_group: &str) -> Result<Self, Failure> {
        match Written::parse(text)? {
            Written::Plain(name) => Self::plain(name, default_group),
            Written::Pairs(mut pairs) => {
                let blob = pairs.contains_key("storage_account_name");
                if !blob {
                    pairs.entry("resource_group_name".to_owned()).or_insert_with(|| default_group.to_owned());
                }
                let name = part(&pairs, "disk_name", "disk")?;
                check_name(&name)?;
                let mut storage_account = None;
                if blob || !name.starts_with(MANAGED) {
                    storage_account = Some(part(&pairs, "storage_account_name", "disk")?);
                    pairs.remove("resource_group_name");
                }
                let resource_group = match storage_account {
                    // What was a blob became a managed disk there.
                    Some(_) => default_group.to_owned(),
                    None => part(&pairs, "resource_group_name", "disk")?,
                };
                let caching = Caching::parse(&part(&pairs, "caching", "disk")?)?;
                Ok(Self { name, caching, resource_group, storage_account, written: Written::Pairs(pairs) })
            }
        }
    }

    /// `bosh-disk-data-{uuid}-{caching}`, or `bosh-data-{storage account}-{uuid}-{caching}`, which is the whole name.
    fn plain(name: String, default_group: &str) -> Result<Self, Failure> {
        check_name(&name)?;
        // A snapshot of a blob has its time behind the caching.
        let disk = name.split_once("--").map_or(name.as_str(), |(disk, _)| disk);
        let caching = Caching::parse(disk.rsplit_once('-').map_or("", |(_, caching)| caching))?;
        let account = name.strip_prefix("bosh-data-").and_then(|rest| rest.split('-').next());
        let storage_account = account.map(str::to_owned);
        let written = Written::Plain(name.clone());
        Ok(Self { name, caching, resource_group: default_group.to_owned(), storage_account, written })
    }

    /// Whether it was made as a managed disk. Others may have become one.
    pub(crate) fn is_managed(&self) -> bool {
        self.name.starts_with(MANAGED)
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    if name.starts_with(MANAGED) || name.starts_with(BLOB) {
        return Ok(());
    }
    Err(Failure::rejected(format!(
        "Invalid disk id '{name}': names of data disks start with '{MANAGED}-' or '{BLOB}-'"
    )))
}

impl fmt::Display for DiskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_blob_and_its_snapshot_say_their_account() {
        let disk = DiskId::blob(&DiskId::blob_name("u"), Caching::ReadOnly, "sa", "rg");
        assert_eq!(disk.to_string(), "caching:ReadOnly;disk_name:bosh-data-u;storage_account_name:sa");
        assert_eq!(DiskId::parse(&disk.to_string(), "rg").unwrap(), disk);
        let snapshot = disk.snapshot_of_blob("2026-11-21T17:11:43.5650000Z").unwrap();
        let text = "caching:ReadOnly;disk_name:bosh-data-u--2026-11-21T17:11:43.5650000Z;storage_account_name:sa";
        assert_eq!(snapshot.to_string(), text);
        let read = DiskId::parse(text, "rg").unwrap();
        assert_eq!(read.snapshot_parts().unwrap(), ("bosh-data-u", "2026-11-21T17:11:43.5650000Z"));
        assert!(disk.snapshot_parts().unwrap_err().message().starts_with("Invalid snapshot id"));
    }

    #[test]
    fn every_form_is_read_and_printed() {
        for (text, printed, name, group, storage, caching) in [
            ("bosh-disk-data-u-v-None", None, "bosh-disk-data-u-v-None", "rg", None, Caching::None),
            ("bosh-data-sa-u-v-ReadOnly", None, "bosh-data-sa-u-v-ReadOnly", "rg", Some("sa"), Caching::ReadOnly),
            (
                "bosh-data-sa-u-ReadOnly--2026T",
                None,
                "bosh-data-sa-u-ReadOnly--2026T",
                "rg",
                Some("sa"),
                Caching::ReadOnly,
            ),
            (
                "disk_name:bosh-disk-data-u;caching:ReadWrite",
                Some("caching:ReadWrite;disk_name:bosh-disk-data-u;resource_group_name:rg"),
                "bosh-disk-data-u",
                "rg",
                None,
                Caching::ReadWrite,
            ),
            (
                "caching:None;disk_name:bosh-disk-data-u;resource_group_name:other",
                None,
                "bosh-disk-data-u",
                "other",
                None,
                Caching::None,
            ),
            (
                "caching:None;disk_name:bosh-data-u;storage_account_name:sa",
                None,
                "bosh-data-u",
                "rg",
                Some("sa"),
                Caching::None,
            ),
        ] {
            let id = DiskId::parse(text, "rg").unwrap();
            assert_eq!((id.name.as_str(), id.resource_group.as_str()), (name, group), "{text}");
            assert_eq!((id.storage_account.as_deref(), id.caching), (storage, caching), "{text}");
            assert_eq!(id.to_string(), printed.unwrap_or(text));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let refusal = |text: &str| DiskId::parse(text, "rg").unwrap_err().message().to_owned();
        assert!(refusal("vol-1").contains("'vol-1'"));
        assert!(refusal("bosh-disk-data-u-Sometimes").contains("Unknown disk caching Sometimes"));
        assert!(refusal("disk_name:bosh-disk-data-u;caching:").starts_with("Invalid caching in disk id"));
        assert!(refusal("disk_name:bosh-data-u;caching:None").starts_with("Invalid storage_account_name in disk id"));
    }

    #[test]
    fn another_caching_is_another_id_of_the_same_disk() {
        let id = DiskId::new("u", Caching::None, "rg").cached(Caching::ReadOnly);
        assert_eq!(id.to_string(), "caching:ReadOnly;disk_name:bosh-disk-data-u;resource_group_name:rg");
    }

    proptest! {
        #[test]
        fn ids_read_back(uuid in "[a-f0-9-]{1,36}", group in "[a-zA-Z0-9_.()-]{1,30}") {
            let id = DiskId::new(&uuid, Caching::ReadOnly, &group);
            prop_assert_eq!(DiskId::parse(&id.to_string(), "rg").unwrap(), id);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = DiskId::parse(&text, "rg");
        }
    }
}
