use std::collections::BTreeMap;

use cpi_plugin_sdk::Failure;

use crate::create_vm::disks::ImageDisk;

/// An image that exists, and what it says of itself.
#[derive(Debug, PartialEq)]
pub(crate) struct Image {
    pub id: String,
    pub disk: ImageDisk,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_say_system_and_size() {
        let disk = |pairs: &[(&str, &str)]| {
            let tags = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            Image::new("/i".into(), &tags).map(|image| image.disk)
        };
        assert_eq!(disk(&[]).unwrap(), ImageDisk { windows: false, size_mib: 3072 });
        assert_eq!(disk(&[("os_type", "Windows")]).unwrap(), ImageDisk { windows: true, size_mib: 131_072 });
        assert_eq!(disk(&[("disk", "5120")]).unwrap().size_mib, 5120);
        assert!(disk(&[("os_type", "plan9")]).is_err());
    }
}
