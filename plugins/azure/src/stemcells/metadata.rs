use std::collections::BTreeMap;

use cpi_plugin_sdk::{Failure, Tag, settings};
use serde_json::Value;

use crate::properties::Properties;

/// What a stemcell says of itself: its cloud properties as texts. Azure keeps them as metadata of its blob and as tags of
/// its images, where they are read when a VM is made.
pub(crate) type Metadata = BTreeMap<String, String>;

/// What has a meaning there, and no tag of an operator's may say.
const RESERVED: [&str; 14] = [
    "accelerated_networking",
    "architecture",
    "compute_gallery_image_definition",
    "compute_gallery_name",
    "disk",
    "disk_controller_types",
    "generation",
    "hibernation",
    "image",
    "image_sha256",
    "os_type",
    "security_type",
    "stemcell_name",
    "stemcell_references",
];

/// What is written down for people.
const CARRIED: [&str; 8] = [
    "container_format",
    "disk_format",
    "hypervisor",
    "infrastructure",
    "name",
    "os_distro",
    "root_device_name",
    "version",
];
/// Of an image in the marketplace.
const OF_IMAGES: [&str; 4] = ["image.publisher", "image.offer", "image.sku", "image.version"];

/// The metadata of a stemcell with these cloud properties, a JSON object, and the tags that the director wants on it.
pub(crate) fn of(properties: &str, tags: &[Tag]) -> Result<Metadata, Failure> {
    let properties = settings::object(properties, "cloud_properties")?;
    let known = Properties::new(properties.clone()).knowing(&RESERVED).knowing(&CARRIED).knowing(&OF_IMAGES);
    known.tell_unknown("the stemcell");
    let mut all: Metadata =
        properties.iter().filter_map(|(key, value)| Some((name(key), header(&text(value)?)))).collect();
    for Tag { key, value } in tags.iter().filter(|tag| !tag.key.is_empty()) {
        let key = name(key);
        if !RESERVED.contains(&key.to_ascii_lowercase().as_str()) {
            all.entry(key).or_insert_with(|| header(value));
        }
    }
    Ok(all)
}

/// A value of the stemcell's own, which is missing when it is empty.
pub(crate) fn get<'a>(metadata: &'a Metadata, key: &str) -> Option<&'a str> {
    metadata.get(key).map(String::as_str).filter(|value| !value.is_empty())
}

/// The generation of the machines that the image is for: 1 or 2.
pub(crate) fn generation(metadata: &Metadata) -> Result<u8, Failure> {
    match get(metadata, "generation").map(str::to_ascii_lowercase).as_deref() {
        None | Some("gen1") => Ok(1),
        Some("gen2") => Ok(2),
        Some(other) => {
            Err(Failure::rejected(format!("the stemcell's 'generation' can be gen1 or gen2, got: '{other}'")))
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Names of metadata are identifiers of C#, and headers.
pub(crate) fn name(key: &str) -> String {
    let legal = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
    let start = if key.starts_with(|first: char| first.is_ascii_digit()) { "_" } else { "" };
    start.chars().chain(key.chars().map(legal)).collect()
}

/// What a header can carry.
pub(crate) fn header(value: &str) -> String {
    let legal = |character: char| if matches!(character, ' '..='~') { character } else { '?' };
    value.trim().chars().map(legal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.into(), value: value.into() }
    }

    #[test]
    fn properties_become_texts() {
        let json = r#"{"name": "n", "disk": 3072, "x": null, "disk_controller_types": ["scsi", "nvme"],
            "image": {"publisher": "p", "offer": "o"}}"#;
        let all = of(json, &[]).unwrap();
        let pairs: Vec<_> = all.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("disk", "3072"),
                ("disk_controller_types", r#"["scsi","nvme"]"#),
                ("image", r#"{"publisher":"p","offer":"o"}"#),
                ("name", "n"),
            ]
        );
    }

    #[test]
    fn tags_are_made_legal_and_change_nothing_of_the_stemcell() {
        let tags =
            [tag("my-team", "blü\n"), tag("name", "other"), tag("OS_type", "windows"), tag("1st", "x"), tag("", "y")];
        let all = of(r#"{"name": "n"}"#, &tags).unwrap();
        let pairs: Vec<_> = all.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("_1st", "x"), ("my_team", "bl?"), ("name", "n")]);
    }

    #[test]
    fn there_are_two_generations() {
        let generation_of = |text: &str| generation(&[("generation".to_owned(), text.to_owned())].into());
        assert_eq!((generation(&Metadata::new()), generation_of("Gen2")), (Ok(1), Ok(2)));
        assert!(generation_of("gen3").unwrap_err().message().contains("can be gen1 or gen2, got: 'gen3'"));
    }
}
