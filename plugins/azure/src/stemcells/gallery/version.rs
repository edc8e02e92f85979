use std::collections::BTreeMap;

use cpi_plugin_sdk::{Failure, Tag};
use serde::Deserialize;
use serde_json::{Value, json};

use super::profile::Profile;
use super::references;
use crate::arm::nullable;
use crate::stemcells::metadata::{self, Metadata};
use crate::tags;

/// What is read of an image version.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Version {
    pub location: String,
    #[serde(default, deserialize_with = "nullable")]
    pub tags: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "nullable")]
    pub properties: VersionProperties,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VersionProperties {
    #[serde(deserialize_with = "nullable")]
    pub provisioning_state: String,
    #[serde(deserialize_with = "nullable")]
    pub publishing_profile: Profile,
}

/// Where the bytes of a new version come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Source {
    /// The id of the storage account.
    pub account: String,
    /// The URL of the blob.
    pub blob: String,
}

/// Azure takes tags of 256 characters, 50 of them.
const MOST_TAGS: usize = 50;

/// The number of a version in a gallery, which has three parts: those that a stemcell has less are zeros.
pub(crate) fn number(metadata: &Metadata) -> Result<String, Failure> {
    let version = metadata::get(metadata, "version").unwrap_or_default();
    let mut parts = version.split('.').chain(["0", "0"]);
    let three: Vec<_> = parts.by_ref().take(3).collect();
    if three.iter().all(|part| part.parse::<u32>().is_ok_and(|number| i32::try_from(number).is_ok())) {
        return Ok(three.join("."));
    }
    Err(Failure::rejected(format!(
        "'version' of the stemcell is '{version}', and a gallery needs numbers with dots between them, such as 1.234"
    )))
}

/// The body that makes a version for a stemcell.
pub(crate) fn body(metadata: &Metadata, stemcell: &str, source: &Source, location: &str, replicas: u64) -> Value {
    json!({
        "location": location,
        "tags": references::with(&as_tags(metadata), stemcell),
        "properties": {
            "storageProfile": {
                "osDiskImage": {"source": {"storageAccountId": source.account, "uri": source.blob}},
            },
            "publishingProfile": Profile::first(location, replicas),
        },
    })
}

fn as_tags(metadata: &Metadata) -> BTreeMap<String, String> {
    let pairs: Vec<_> = metadata.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
    tags::cut(&pairs).into_iter().map(|Tag { key, value }| (key, value)).collect()
}

impl Version {
    /// Whether a stemcell with this content, the SHA-256 of its file, can share it.
    pub(crate) fn check(&self, id: &str, sha256: Option<&str>) -> Result<(), Failure> {
        let known = self.tags.get("image_sha256").map(String::as_str);
        if let (Some(known), Some(new)) = (known, sha256)
            && !known.eq_ignore_ascii_case(new)
        {
            return Err(Failure::rejected(format!(
                "SHA256 mismatch: the image version '{id}' was made of a stemcell with the checksum {known}, and this one \
                 has {new}. Give the stemcell another version, or remove that image version"
            )));
        }
        if references::of(&self.tags).is_none() {
            return Err(Failure::rejected(format!(
                "The image version '{id}' exists and was not created by BOSH CPI: remove it, or use another gallery"
            )));
        }
        Ok(())
    }

    /// The change after which it serves this stemcell, too; none when it does.
    pub(crate) fn shared_with(&self, id: &str, stemcell: &str, sha256: Option<&str>) -> Result<Option<Value>, Failure> {
        let mut tags = references::with(&self.tags, stemcell);
        if let Some(sha256) = sha256 {
            tags.entry("image_sha256".to_owned()).or_insert_with(|| sha256.to_owned());
        }
        if tags.len() > MOST_TAGS {
            return Err(Failure::rejected(format!(
                "The image version '{id}' serves so many stemcells that Azure takes no more tags: delete stemcells that \
                 nobody uses"
            )));
        }
        Ok((tags != self.tags).then(|| self.tagged(&tags)))
    }

    /// The change after which it does not serve this stemcell; none when it served nobody else.
    pub(crate) fn without(&self, stemcell: &str) -> Option<Value> {
        references::without(&self.tags, stemcell).map(|tags| self.tagged(&tags))
    }

    /// The change after which VMs in a location can use it; none when they can.
    pub(crate) fn replicated_to(&self, location: &str, replicas: u64) -> Option<Value> {
        let profile = self.properties.publishing_profile.change(location, replicas)?;
        // Whether Azure keeps tags that are not sent is not said anywhere.
        Some(json!({"location": self.location, "tags": self.tags, "properties": {"publishingProfile": profile}}))
    }

    /// Whether Azure is making or copying it.
    pub(crate) fn is_busy(&self) -> bool {
        ["Creating", "Updating", "Migrating"].contains(&self.properties.provisioning_state.as_str())
    }

    fn tagged(&self, tags: &BTreeMap<String, String>) -> Value {
        json!({"location": self.location, "tags": tags})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(tags: Value) -> Version {
        serde_json::from_value(json!({"location": "eastus", "tags": tags})).unwrap()
    }

    #[test]
    fn numbers_have_three_parts() {
        let number = |text: &str| number(&[("version".to_owned(), text.to_owned())].into());
        assert_eq!(number("1.2").unwrap(), "1.2.0");
        assert_eq!(number("7").unwrap(), "7.0.0");
        assert_eq!(number("1.2.3.4").unwrap(), "1.2.3");
        for wrong in ["", "1.x", "1..2", "99999999999.1"] {
            assert!(number(wrong).unwrap_err().message().contains(&format!("is '{wrong}'")), "{wrong}");
        }
    }

    #[test]
    fn a_new_version_says_what_its_stemcell_says() {
        let metadata = metadata::of(r#"{"name": "n", "disk": 3072}"#, &[]).unwrap();
        let source = Source { account: "/a".into(), blob: "https://a/stemcell/c.vhd".into() };
        assert_eq!(
            body(&metadata, "c", &source, "eastus", 3),
            json!({
                "location": "eastus",
                "tags": {"disk": "3072", "name": "n", "stemcell_references": "c"},
                "properties": {
                    "storageProfile": {"osDiskImage": {"source": {"storageAccountId": "/a", "uri": "https://a/stemcell/c.vhd"}}},
                    "publishingProfile": {"replicaCount": 3, "targetRegions": [{"name": "eastus"}]},
                },
            })
        );
    }

    #[test]
    fn only_the_same_content_is_shared() {
        let ours = version(json!({"stemcell_references": "a", "image_sha256": "AB"}));
        assert!(ours.check("/v", Some("ab")).is_ok() && ours.check("/v", None).is_ok());
        let refused = ours.check("/v", Some("cd")).unwrap_err();
        assert!(refused.message().starts_with("SHA256 mismatch") && refused.message().contains("AB"), "{refused:?}");
        let foreign = version(json!({"owner": "me"})).check("/v", Some("ab")).unwrap_err();
        assert!(foreign.message().contains("was not created by BOSH CPI"));
    }

    #[test]
    fn sharing_changes_only_tags() {
        let ours = version(json!({"stemcell_references": "a"}));
        let change = ours.shared_with("/v", "b", Some("ab")).unwrap().unwrap();
        assert_eq!(change, json!({"location": "eastus", "tags": {"image_sha256": "ab", "stemcell_references": "a,b"}}));
        assert_eq!(ours.shared_with("/v", "a", None).unwrap(), None);
        let full: BTreeMap<_, _> = (0..49).map(|n| (format!("t{n}"), String::new())).collect();
        let full = version(json!(full));
        assert!(full.shared_with("/v", "b", None).is_ok());
        assert!(full.shared_with("/v", "b", Some("ab")).is_err());
        assert_eq!(ours.without("a"), None);
        assert_eq!(
            version(json!({"stemcell_name": "a", "stemcell_references": "b"})).without("a").unwrap()["tags"],
            json!({"stemcell_references": "b"})
        );
    }

    #[test]
    fn replication_keeps_the_tags() {
        let ours = version(json!({"stemcell_references": "a"}));
        let change = ours.replicated_to("westus", 3).unwrap();
        assert_eq!(change["tags"], json!({"stemcell_references": "a"}));
        assert_eq!(change["properties"]["publishingProfile"]["targetRegions"], json!([{"name": "westus"}]));
    }
}
