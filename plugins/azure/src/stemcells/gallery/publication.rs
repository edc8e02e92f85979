use cpi_plugin_sdk::Failure;
use serde_json::json;

use super::definition::{Definition, PUBLISHER};
use super::{Gallery, version};
use crate::stemcells::marketplace::MarketplaceImage;
use crate::stemcells::metadata::{self, Metadata};

/// Where in a gallery a stemcell goes.
#[derive(Debug, PartialEq)]
pub(crate) struct Publication {
    pub gallery: Gallery,
    pub definition: Definition,
    /// Of the version.
    pub number: String,
}

/// What its blob says of it, so that a version can be made of that again.
const GALLERY: &str = "compute_gallery_name";
const DEFINITION: &str = "compute_gallery_image_definition";
const DIGEST: &str = "image_sha256";

impl Publication {
    /// Of a stemcell that is about to be uploaded.
    pub(crate) fn of(gallery: Gallery, metadata: &Metadata) -> Result<Self, Failure> {
        Ok(Self { gallery, definition: Definition::of(metadata)?, number: version::number(metadata)? })
    }

    /// Of a stemcell whose blob says that it was meant for this gallery.
    pub(crate) fn meant(gallery: Gallery, metadata: &Metadata) -> Option<Self> {
        let is_here = metadata::get(metadata, GALLERY).is_some_and(|name| name.eq_ignore_ascii_case(gallery.name()));
        let name = metadata::get(metadata, DEFINITION).filter(|_| is_here)?;
        let MarketplaceImage { version: number, .. } = MarketplaceImage::parse(metadata).ok()??;
        let mut definition = Definition::of(metadata).ok()?;
        name.clone_into(&mut definition.name);
        Some(Self { gallery, definition, number })
    }

    /// Writes into the metadata where the stemcell is, and the SHA-256 of its file.
    pub(crate) fn note(&self, metadata: &mut Metadata, sha256: &str) {
        let Definition { name, generation, .. } = &self.definition;
        let image = json!({"publisher": PUBLISHER, "offer": name, "sku": generation, "version": self.number});
        for (key, value) in [
            ("image", image.to_string()),
            (GALLERY, self.gallery.name().to_owned()),
            (DEFINITION, name.clone()),
            (DIGEST, sha256.to_owned()),
        ] {
            metadata.insert(key.to_owned(), value);
        }
    }
}

/// The SHA-256 of the file that a stemcell was uploaded from.
pub(super) fn digest(metadata: &Metadata) -> Option<&str> {
    metadata::get(metadata, DIGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn gallery(name: &str) -> Gallery {
        Gallery::of(&testing::settings(&json!({"compute_gallery_name": name}))).unwrap()
    }

    #[test]
    fn what_is_noted_is_found_again() {
        let json = r#"{"name": "n", "version": "1.2", "os_type": "linux", "generation": "gen2"}"#;
        let mut metadata = metadata::of(json, &[]).unwrap();
        assert_eq!(Publication::meant(gallery("g"), &metadata), None);
        let publication = Publication::of(gallery("g"), &metadata).unwrap();
        publication.note(&mut metadata, "ab");
        assert_eq!(metadata["image"], r#"{"publisher":"bosh","offer":"n-gen2","sku":"gen2","version":"1.2.0"}"#);
        assert_eq!((metadata[GALLERY].as_str(), metadata[DEFINITION].as_str()), ("g", "n-gen2"));
        assert_eq!(digest(&metadata), Some("ab"));
        assert_eq!(Publication::meant(gallery("G"), &metadata).unwrap().number, "1.2.0");
        assert_eq!(Publication::meant(gallery("other"), &metadata), None);
    }
}
