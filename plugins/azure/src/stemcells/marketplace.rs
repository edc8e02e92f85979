use cpi_plugin_sdk::Failure;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::metadata::Metadata;
use crate::arm::Resource;
use crate::properties::Properties;
use crate::settings::Settings;

/// One version of an image in Azure's marketplace.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MarketplaceImage {
    pub publisher: String,
    pub offer: String,
    pub sku: String,
    pub version: String,
}

/// What is bought with an image, where it has a price or terms of its own. Azure wants it in the VM's body.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Purchase {
    pub name: String,
    pub publisher: String,
    pub product: String,
}

/// What is read of a version. See "Virtual Machine Images - Get".
#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    #[serde(default)]
    pub properties: ListedProperties,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListedProperties {
    pub plan: Option<Purchase>,
}

impl MarketplaceImage {
    /// What `image` of a stemcell says, a JSON object.
    pub(crate) fn parse(metadata: &Metadata) -> Result<Option<Self>, Failure> {
        let Some(text) = metadata.get("image") else { return Ok(None) };
        let wrong =
            |why: &str| Failure::rejected(format!("the stemcell's 'image' is no reference to an image: {why}: {text}"));
        let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
        let all = Properties::new(object);
        let part = |key: &str| {
            let value = all.decimal(key)?.filter(|value| !value.is_empty());
            value.ok_or_else(|| wrong(&format!("'{key}' is missing")))
        };
        Ok(Some(Self {
            publisher: part("publisher")?,
            offer: part("offer")?,
            sku: part("sku")?,
            version: part("version")?,
        }))
    }

    /// As `imageReference` of a VM, and as the stemcell's `image`.
    pub(crate) fn reference(&self) -> Value {
        let Self { publisher, offer, sku, version } = self;
        json!({"publisher": publisher, "offer": offer, "sku": sku, "version": version})
    }

    /// Where Azure says whether a location has it.
    pub(crate) fn resource(&self, settings: &Settings, location: &str) -> Resource {
        let Self { publisher, offer, sku, version } = self;
        Resource::offered(settings, location, [publisher, offer, sku, version])
    }

    pub(crate) fn missing(&self, location: &str) -> Failure {
        let reference = self.reference();
        Failure::rejected(format!("Cannot find the light stemcell {reference} in the location '{location}'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn offer(json: &str) -> Result<Option<MarketplaceImage>, Failure> {
        MarketplaceImage::parse(&[("image".to_owned(), json.to_owned())].into())
    }

    #[test]
    fn a_reference_is_read_and_written() {
        let json = r#"{"publisher":"p","offer":"o","sku":"s","version":"1.2.3"}"#;
        let read = offer(json).unwrap().unwrap();
        assert_eq!(read.reference().to_string(), json);
        assert_eq!(
            read.resource(&testing::settings(&json!({})), "eastus").id,
            "/subscriptions/sub/providers/Microsoft.Compute/locations/eastus/publishers/p/artifacttypes/vmimage/offers/o/\
             skus/s/versions/1.2.3"
        );
        assert_eq!(MarketplaceImage::parse(&Metadata::new()).unwrap(), None);
    }

    #[test]
    fn what_is_none_is_refused() {
        assert!(offer("[]").unwrap_err().message().starts_with("the stemcell's 'image' is no reference"));
        let missing = offer(r#"{"publisher": "p", "offer": "o", "sku": "", "version": "1"}"#);
        assert!(missing.unwrap_err().message().contains("'sku' is missing"));
    }
}
