use std::collections::BTreeMap;

use cpi_plugin_sdk::Failure;
use serde_json::{Value, json};

use crate::create_vm::disks::ImageDisk;
use crate::stemcells::marketplace::{MarketplaceImage, Purchase};

/// An image that exists, and what it says of itself.
#[derive(Debug, PartialEq)]
pub(crate) struct Image {
    pub source: Source,
    pub disk: ImageDisk,
}

/// Where Azure has it.
#[derive(Debug, PartialEq)]
pub(crate) enum Source {
    /// A managed image or a version in a gallery, by its id.
    Resource(String),
    /// A stemcell's blob in the account of the VM, by its URL.
    Blob(String),
    /// In the marketplace, with what has to be bought.
    Marketplace(MarketplaceImage, Option<Purchase>),
}

impl Source {
    /// `storageProfile.imageReference`, or for a blob the `image` of the disk that is made of it.
    pub(crate) fn reference(&self) -> Value {
        match self {
            Self::Resource(id) => json!({"id": id}),
            Self::Blob(url) => json!({"uri": url}),
            Self::Marketplace(image, _) => image.reference(),
        }
    }
}

impl Image {
    /// What the tags of an image say, which are the properties of its stemcell.
    pub(crate) fn new(id: String, tags: &BTreeMap<String, String>) -> Result<Self, Failure> {
        Self::of(Source::Resource(id), tags)
    }

    pub(crate) fn of(source: Source, tags: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let windows = match tags.get("os_type").map(|kind| kind.to_ascii_lowercase()).as_deref() {
            None | Some("linux") => false,
            Some("windows") => true,
            Some(other) => {
                let image = source.reference();
                return Err(Failure::rejected(format!("Unsupported os type: '{other}' of the image {image}")));
            }
        };
        let usual = if windows { 131_072 } else { 3072 };
        let size_mib = tags.get("disk").and_then(|size| size.parse().ok()).unwrap_or(usual);
        Ok(Self { source, disk: ImageDisk { windows, size_mib } })
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
