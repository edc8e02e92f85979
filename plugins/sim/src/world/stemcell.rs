use cpi_plugin_sdk::{Facts, Failure, Tag, settings};
use serde::{Deserialize, Serialize};

use super::{Properties, Tags, World};

/// An image that VMs can be made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stemcell {
    properties: Properties,
    tags: Tags,
    /// Absent for a light stemcell, whose image the cloud has already.
    image: Option<Image>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    size: u64,
    sha256: String,
}

impl Stemcell {
    /// A stemcell without its image.
    pub(crate) fn new(properties: &str, tags: &[Tag]) -> Result<Self, Failure> {
        Ok(Self { properties: settings::object(properties, "cloud_properties")?, tags: tags.into(), image: None })
    }

    pub(crate) fn is_light(&self) -> bool {
        self.properties.get("light").and_then(serde_json::Value::as_bool) == Some(true)
    }

    pub(crate) fn with_image(self, Facts { size, sha256 }: Facts) -> Self {
        Self { image: Some(Image { size, sha256 }), ..self }
    }
}

impl World {
    pub(crate) fn create_stemcell(&mut self, cid: &str, stemcell: Stemcell) {
        self.stemcells.insert(cid.to_owned(), stemcell);
    }

    /// One that is gone is fine.
    pub(crate) fn delete_stemcell(&mut self, cid: &str) {
        self.stemcells.remove(cid);
    }
}
