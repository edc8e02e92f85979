use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::Kind;
use crate::settings::Settings;

/// Something that ARM has, or could have, under its id.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resource {
    /// The type, for messages and permissions: `Microsoft.Compute/disks`.
    pub kind: &'static str,
    /// As ARM writes it: `/subscriptions/…`, not escaped.
    pub id: String,
    /// The version of the interface.
    pub version: &'static str,
    /// A name in it that is none, and would make it another resource.
    misnomer: Option<String>,
}

impl Resource {
    pub(crate) fn new(settings: &Settings, group: &str, kind: Kind, name: &str) -> Self {
        let all = Self::all(settings, group, kind);
        Self { id: format!("{}/{name}", all.id), misnomer: misnomer(&[group, name]), ..all }
    }

    /// All of a type in a resource group.
    pub(crate) fn all(settings: &Settings, group: &str, kind: Kind) -> Self {
        let id = format!("{}/providers/{}", Self::group(settings, group).id, kind.name());
        Self { misnomer: misnomer(&[group]), ..Self::known(settings, kind, &id) }
    }

    pub(crate) fn group(settings: &Settings, name: &str) -> Self {
        Self {
            kind: "Microsoft.Resources/subscriptions/resourceGroups",
            id: format!("/subscriptions/{}/resourceGroups/{name}", settings.subscription),
            version: Kind::resource_groups(settings.stack),
            misnomer: misnomer(&[name]),
        }
    }

    /// Something that is part of this: the last word of its type, and its name.
    pub(crate) fn part(&self, settings: &Settings, kind: Kind, name: &str) -> Self {
        let word = kind.name().rsplit('/').next().unwrap_or_default();
        let misnomer = self.misnomer.clone().or_else(|| misnomer(&[name]));
        Self { misnomer, ..Self::known(settings, kind, &format!("{}/{word}/{name}", self.id)) }
    }

    /// Everything in the resource group that this is in.
    pub(crate) fn neighbours(&self, settings: &Settings) -> Self {
        let group = self.id.split("/providers/").next().unwrap_or_default();
        Self {
            kind: "Microsoft.Resources/subscriptions/resourceGroups/resources",
            id: format!("{group}/resources"),
            version: Kind::resource_groups(settings.stack),
            misnomer: self.misnomer.clone(),
        }
    }

    /// What can be had in the subscription.
    pub(crate) fn skus(settings: &Settings) -> Self {
        Self {
            kind: "Microsoft.Compute/skus",
            id: format!("/subscriptions/{}/providers/Microsoft.Compute/skus", settings.subscription),
            version: Kind::skus(settings.stack),
            misnomer: None,
        }
    }

    /// A version of an image that the marketplace offers in a location.
    pub(crate) fn offered(settings: &Settings, location: &str, [publisher, offer, sku, version]: [&str; 4]) -> Self {
        let subscription = &settings.subscription;
        Self {
            kind: "Microsoft.Compute/locations/publishers/artifactTypes/offers/skus/versions",
            id: format!(
                "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}/publishers/{publisher}/\
                 artifacttypes/vmimage/offers/{offer}/skus/{sku}/versions/{version}"
            ),
            version: Kind::offers(settings.stack),
            misnomer: misnomer(&[location, publisher, offer, sku, version]),
        }
    }

    /// What Azure's storage says of names.
    pub(crate) fn storage(settings: &Settings) -> Self {
        Self {
            kind: "Microsoft.Storage",
            id: format!("/subscriptions/{}/providers/Microsoft.Storage", settings.subscription),
            version: Kind::storage(settings.stack),
            misnomer: None,
        }
    }

    /// Something whose id is known already. Azure compares ids without case and writes them in many ways; the words in
    /// this one are written as everywhere else.
    pub(crate) fn known(settings: &Settings, kind: Kind, id: &str) -> Self {
        let written = canonical(kind.name(), id).unwrap_or_else(|| id.to_owned());
        Self { kind: kind.name(), id: written, version: kind.version(settings.stack), misnomer: None }
    }

    /// Whether its id is one of its type: `…/providers/Microsoft.Compute/disks/{name}`.
    pub(crate) fn is_well_formed(&self) -> bool {
        canonical(self.kind, &self.id).is_some()
    }

    pub(crate) fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }

    /// `{"id": …}`, which is how others refer to it.
    pub(crate) fn reference(&self) -> Value {
        json!({"id": self.id})
    }

    /// An error tells of a name that cannot be one.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Some(name) = &self.misnomer else { return Ok(()) };
        let kind = self.kind;
        Err(format!(
            "'{name}' cannot be in the name of a resource ({kind}): names are not empty and have no '/' in them"
        ))
    }

    /// Its URL, or that of something below it or of an action; with more in the query, if need be. An error tells of a
    /// name that cannot be one.
    pub(crate) fn url(&self, endpoint: &str, below: &str, query: &[(&str, &str)]) -> Result<String, String> {
        self.check()?;
        let mut url = endpoint.to_owned();
        for segment in
            self.id.trim_start_matches('/').split('/').chain(below.split('/').filter(|part| !part.is_empty()))
        {
            url.push('/');
            escape(segment, &mut url);
        }
        url.push_str("?api-version=");
        url.push_str(self.version);
        for (key, value) in query {
            url.push('&');
            escape(key, &mut url);
            url.push('=');
            escape(value, &mut url);
        }
        Ok(url)
    }
}

/// What every resource has.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Tagged {
    #[serde(default, deserialize_with = "nullable")]
    pub tags: BTreeMap<String, String>,
}

/// How far Azure is with making or changing a resource.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Provisioned {
    #[serde(default, deserialize_with = "nullable")]
    properties: Provisioning,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Provisioning {
    #[serde(deserialize_with = "nullable")]
    provisioning_state: String,
}

impl Provisioned {
    /// It is there as it was ordered.
    pub(crate) fn is_whole(&self) -> bool {
        self.properties.provisioning_state == "Succeeded"
    }

    /// What is left of an attempt to make it.
    pub(crate) fn has_failed(&self) -> bool {
        self.properties.provisioning_state == "Failed"
    }
}

/// ARM writes `null` for what is empty.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Whether two ids are one: ARM compares them without case, and returns them in another than they were given in.
pub(crate) fn same_id(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// An id of a resource of this type in its usual writing; none when it is not one.
fn canonical(kind: &str, id: &str) -> Option<String> {
    let mut given = id.strip_prefix('/')?.split('/');
    let (provider, types) = kind.split_once('/')?;
    let mut written = String::new();
    let words = ["subscriptions", "resourceGroups", "providers"].into_iter().chain(types.split('/'));
    for word in words {
        let name = given.next().filter(|other| other.eq_ignore_ascii_case(word)).and_then(|_| given.next())?;
        let is_provider = word == "providers";
        if is_provider && !name.eq_ignore_ascii_case(provider) {
            return None;
        }
        let name = if is_provider { provider } else { name };
        // Writing to a string does not fail.
        let _ = write!(written, "/{word}/{name}");
    }
    (given.next().is_none() && !written.contains("//")).then_some(written)
}

/// The first of them that is no name.
fn misnomer(names: &[&str]) -> Option<String> {
    let is_one = |name: &&&str| ["", ".", ".."].contains(name) || name.contains('/');
    names.iter().find(is_one).map(|name| (*name).to_owned())
}

/// Percent-encodes all that is not unreserved (RFC 3986, section 2.3).
fn escape(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn urls_have_one_writing() {
        let settings = testing::settings(&json!({}));
        let disk = Resource::new(&settings, "my rg(1)", Kind::Disk, "snapshots-ä");
        assert_eq!(
            disk.url(&settings.endpoint, "", &[]).unwrap(),
            "https://management.azure.com/subscriptions/sub/resourceGroups/my%20rg%281%29/providers/Microsoft.Compute/\
             disks/snapshots-%C3%A4?api-version=2023-04-02"
        );
        let skus = Resource::skus(&settings).url("https://m", "", &[("$filter", "location eq 'eastus'")]).unwrap();
        assert!(skus.ends_with("/skus?api-version=2021-07-01&%24filter=location%20eq%20%27eastus%27"), "{skus}");
        let vm = Resource::new(&settings, "rg", Kind::VirtualMachine, "v");
        assert!(
            vm.url("https://m", "restart", &[]).unwrap().ends_with("/virtualMachines/v/restart?api-version=2024-07-01")
        );
        assert_eq!(Resource::all(&settings, "rg", Kind::Disk).name(), "disks");
    }

    #[test]
    fn a_name_never_makes_it_another_resource() {
        let settings = testing::settings(&json!({}));
        let url = |group: &str, name: &str| Resource::new(&settings, group, Kind::Disk, name).url("https://m", "", &[]);
        assert!(url("rg", "d").is_ok());
        for (group, name) in [("rg", "d/snapshots/s"), ("rg/providers/x", "d"), ("", "d"), ("rg", ".."), ("rg", "")] {
            assert!(url(group, name).unwrap_err().contains("Microsoft.Compute/disks"), "{group} {name}");
        }
        let part = Resource::new(&settings, "rg", Kind::Gallery, "g/x").part(&settings, Kind::GalleryImage, "i");
        assert!(part.url("https://m", "", &[]).unwrap_err().starts_with("'g/x'"));
        assert!(part.neighbours(&settings).url("https://m", "", &[]).is_err());
    }

    #[test]
    fn a_private_cloud_has_versions_of_its_own() {
        let extra = json!({"environment": "AzureStack", "azure_stack": {}, "endpoints": {"management": "https://m"}});
        let settings = testing::settings(&extra);
        assert_eq!(Resource::new(&settings, "rg", Kind::VirtualMachine, "v").version, "2020-06-01");
    }

    #[test]
    fn parts_are_below_what_they_are_part_of() {
        let settings = testing::settings(&json!({}));
        let image = Resource::new(&settings, "rg", Kind::Gallery, "g").part(&settings, Kind::GalleryImage, "i");
        let version = image.part(&settings, Kind::GalleryImageVersion, "1.0.0");
        let id = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/i/versions/1.0.0";
        assert_eq!(version.id, id);
        assert_eq!(version.neighbours(&settings).id, "/subscriptions/sub/resourceGroups/rg/resources");
        assert!(version.is_well_formed() && image.is_well_formed());
        assert!(!Resource::known(&settings, Kind::GalleryImageVersion, &image.id).is_well_formed());
        assert!(!Resource::known(&settings, Kind::Disk, "/x/providers/Microsoft.Compute/disks/").is_well_formed());
    }

    #[test]
    fn ids_are_known_in_every_writing() {
        let settings = testing::settings(&json!({}));
        let known = |kind, id: &str| Resource::known(&settings, kind, id);
        let lower = known(Kind::Disk, "/subscriptions/S/resourcegroups/RG/providers/microsoft.compute/DISKS/D");
        assert_eq!(lower.id, "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Compute/disks/D");
        let version =
            "/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/Galleries/g/Images/i/Versions/1.0.0";
        assert!(known(Kind::GalleryImageVersion, version).id.ends_with("/galleries/g/images/i/versions/1.0.0"));
        for other in ["/disks/d", "/subscriptions/s/resourceGroups/g/providers/Other/disks/d", "https://x"] {
            assert_eq!(known(Kind::Disk, other).id, other);
            assert!(!known(Kind::Disk, other).is_well_formed());
        }
    }

    #[test]
    fn nothing_is_written_as_null() {
        let tagged: Tagged = serde_json::from_str(r#"{"tags": null, "id": "x"}"#).unwrap();
        assert!(tagged.tags.is_empty());
    }
}
