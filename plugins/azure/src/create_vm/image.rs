use std::collections::BTreeMap;

use cpi_plugin_sdk::Failure;

use super::disks::ImageDisk;

/// An image that exists, and what it says of itself.
#[derive(Debug, PartialEq)]
pub(crate) struct Image {
    pub id: String,
    pub disk: ImageDisk,
}

const HEAVY: &str = "bosh-stemcell-";
const LIGHT: &str = "bosh-light-stemcell-";

/// Name of the image of a stemcell for a type of disk in a location.
pub(crate) fn name(stemcell: &str, sku: &str, location: &str) -> Result<String, Failure> {
    if stemcell.starts_with(LIGHT) {
        return Err(Failure::not_supported(format!(
            "stemcell '{stemcell}' is a light one, which this CPI cannot use yet: upload the heavy one"
        )));
    }
    let uuid = stemcell.strip_prefix(HEAVY).ok_or_else(|| {
        Failure::rejected(format!("Given stemcell '{stemcell}' does not exist: its id starts with '{HEAVY}'"))
    })?;
    let code = match sku {
        "Standard_LRS" => "S",
        "StandardSSD_LRS" => "SSSD",
        "Premium_LRS" => "P",
        other => other,
    };
    Ok(format!("{uuid}-{code}-{location}"))
}

impl Image {
    /// What the tags of an image say, which are the properties of its stemcell.
    pub(crate) fn new(id: String, tags: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let windows = match tags.get("os_type").map(|kind| kind.to_ascii_lowercase()).as_deref() {
            None | Some("linux") => false,
            Some("windows") => true,
            Some(other) => {
                return Err(Failure::rejected(format!("Unsupported os type: '{other}' of the image '{id}'")));
            }
        };
        let usual = if windows { 131_072 } else { 3072 };
        let size_mib = tags.get("disk").and_then(|size| size.parse().ok()).unwrap_or(usual);
        Ok(Self { id, disk: ImageDisk { windows, size_mib } })
    }
}

/// Whether a version of a gallery's image is one of this stemcell.
pub(crate) fn is_version_of(tags: &BTreeMap<String, String>, stemcell: &str) -> bool {
    let references = tags.get("stemcell_references").map(String::as_str).unwrap_or_default();
    tags.get("stemcell_name").is_some_and(|name| name == stemcell)
        || references.split(',').any(|reference| reference.trim() == stemcell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_stemcell_type_and_location() {
        assert_eq!(name("bosh-stemcell-u", "Premium_LRS", "eastus").unwrap(), "u-P-eastus");
        assert_eq!(name("bosh-stemcell-u", "Premium_ZRS", "eastus").unwrap(), "u-Premium_ZRS-eastus");
        assert!(matches!(name("bosh-light-stemcell-u", "x", "y"), Err(Failure::NotSupported(_))));
        assert!(name("ami-1", "x", "y").unwrap_err().message().starts_with("Given stemcell 'ami-1' does not exist"));
    }

    #[test]
    fn tags_say_system_and_size() {
        let tags = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let disk = |pairs| Image::new("/i".into(), &tags(pairs)).map(|image| image.disk);
        assert_eq!(disk(&[]).unwrap(), ImageDisk { windows: false, size_mib: 3072 });
        assert_eq!(disk(&[("os_type", "Windows")]).unwrap(), ImageDisk { windows: true, size_mib: 131_072 });
        assert_eq!(disk(&[("disk", "5120")]).unwrap().size_mib, 5120);
        assert!(disk(&[("os_type", "plan9")]).is_err());
        assert!(is_version_of(&tags(&[("stemcell_references", "a, b")]), "b"));
        assert!(!is_version_of(&tags(&[("stemcell_references", "ab")]), "b"));
    }
}
