use cpi_plugin_sdk::Failure;

use crate::encryption::Encryption;
use crate::properties::Properties;
use crate::settings::Settings;

/// A stemcell whose images are in EC2 already, one for each region.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LightStemcell {
    /// Region and image.
    pub images: Vec<(String, String)>,
    pub encryption: Encryption,
}

/// What stemcells for AWS say of themselves, be it only for people.
const KNOWN: [&str; 18] = [
    "ami",
    "architecture",
    "boot_mode",
    "container_format",
    "disk",
    "disk_format",
    "encrypted",
    "hypervisor",
    "infrastructure",
    "kernel_id",
    "kms_key_arn",
    "name",
    "os_distro",
    "os_type",
    "root_device_name",
    "tags",
    "version",
    "virtualization_type",
];

impl LightStemcell {
    /// None for a stemcell whose image has to be uploaded.
    pub(crate) fn parse(json: &str, settings: &Settings) -> Result<Option<Self>, Failure> {
        let properties = Properties::parse(json)?.overlaid_with(&settings.stemcell);
        properties.clone().knowing(&KNOWN).tell_unknown("the stemcell");
        let by_region = properties.object("ami")?;
        let mut images = Vec::new();
        for region in by_region.keys() {
            images.extend(by_region.text(region)?.map(|image| (region.to_owned(), image)));
        }
        if images.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { images, encryption: Encryption::if_any(&properties, settings)? }))
    }

    pub(crate) fn image_in(&self, region: &str) -> Option<&str> {
        self.images.iter().find(|(name, _)| name == region).map(|(_, image)| image.as_str())
    }
}

impl LightStemcell {
    /// An image that can be copied to a region: partitions know nothing of each other.
    pub(crate) fn image_near(&self, region: &str) -> Option<(&str, &str)> {
        let near = self.images.iter().find(|(name, _)| partition(name) == partition(region));
        near.map(|(name, image)| (name.as_str(), image.as_str()))
    }
}

/// What the names of its regions begin with.
fn partition(region: &str) -> &str {
    const OTHERS: [&str; 7] = ["cn-", "us-gov-", "us-iso-", "us-isob-", "us-isof-", "eu-isoe-", "eusc-"];
    OTHERS.into_iter().find(|start| region.starts_with(start)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn parse(json: &str, settings: &str) -> Option<LightStemcell> {
        LightStemcell::parse(json, &testing::settings(settings)).unwrap()
    }

    #[test]
    fn images_make_it_light() {
        let light = parse(r#"{"ami": {"us-east-1": "ami-1", "eu-west-1": "ami-2"}}"#, "{}").unwrap();
        assert_eq!((light.image_in("eu-west-1"), light.image_in("mars")), (Some("ami-2"), None));
        assert_eq!(parse(r#"{"ami": {}}"#, "{}"), None);
        assert_eq!(parse(r#"{"ami": null}"#, "{}"), None);
        assert_eq!(parse("null", "{}"), None);
    }

    #[test]
    fn images_are_copied_within_a_partition() {
        let images =
            r#"{"ami": {"us-gov-west-1": "ami-1", "cn-north-1": "ami-2", "eu-west-1": "ami-3", "us-east-1": "ami-4"}}"#;
        let light = parse(images, "{}").unwrap();
        assert_eq!(light.image_near("ap-south-1"), Some(("eu-west-1", "ami-3")));
        assert_eq!(light.image_near("cn-northwest-1"), Some(("cn-north-1", "ami-2")));
        assert_eq!(light.image_near("us-iso-east-1"), None);
    }

    #[test]
    fn encryption_of_settings_then_stemcell_then_configured_stemcell() {
        let encrypted = |json: &str, settings: &str| parse(json, settings).unwrap().encryption.encrypted;
        let plain = r#"{"ami": {"r": "ami-1"}}"#;
        let not = r#"{"ami": {"r": "ami-1"}, "encrypted": false}"#;
        assert!(!encrypted(plain, "{}"));
        assert!(encrypted(plain, r#"{"encrypted": true}"#));
        assert!(!encrypted(not, r#"{"encrypted": true}"#));
        assert!(encrypted(not, r#"{"stemcell": {"encrypted": true}}"#));
    }
}
