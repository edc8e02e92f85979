use std::collections::BTreeMap;

use cpi_plugin_sdk::Failure;
use serde::Deserialize;
use serde_json::{Value, json};

use super::properties::WantedSet;
use crate::arm::nullable;
use crate::settings::same_location;

/// What is read of an availability set.
#[derive(Debug, Deserialize)]
pub(crate) struct Set {
    pub location: String,
    pub sku: Option<Sku>,
    #[serde(default, deserialize_with = "nullable")]
    tags: Tags,
    #[serde(default, deserialize_with = "nullable")]
    pub properties: Domains,
}

type Tags = BTreeMap<String, String>;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Domains {
    #[serde(rename = "platformUpdateDomainCount", default)]
    update_domains: u64,
    #[serde(rename = "platformFaultDomainCount", default)]
    fault_domains: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Sku {
    pub name: Option<String>,
}

/// Names of Azure's are at most so long.
const LONGEST: usize = 80;

/// The name of the set of a VM: the operator's, else that of the instance group.
pub(crate) fn name(wanted: &WantedSet, group: Option<&String>) -> Option<String> {
    wanted.name.clone().or_else(|| group.filter(|group| !group.is_empty()).map(|group| shortened(group)))
}

/// A name that Azure takes: of a long one its digest, which Ruby makes with MD5, and its end.
fn shortened(group: &str) -> String {
    let characters: Vec<_> = group.chars().collect();
    if characters.len() <= LONGEST {
        return group.to_owned();
    }
    let end: String = characters.iter().skip(characters.len() - 40).collect();
    format!("az-{:x}-{end}", md5::compute(group))
}

/// The body that makes the set, or makes one for managed disks of one that is not. Tags that it has stay.
pub(crate) fn body(update_domains: u64, fault_domains: u64, location: &str, managed_disks: bool, tags: &Tags) -> Value {
    let mut tags = tags.clone();
    tags.insert("user-agent".to_owned(), "bosh".to_owned());
    let mut body = json!({
        "location": location,
        "tags": tags,
        "properties": {
            "platformUpdateDomainCount": update_domains,
            "platformFaultDomainCount": fault_domains,
        },
    });
    if let (true, Some(body)) = (managed_disks, body.as_object_mut()) {
        body.insert("sku".to_owned(), json!({"name": "Aligned"}));
    }
    body
}

/// What has to be done before a VM with managed disks can join a set.
#[derive(Debug, PartialEq)]
pub(crate) enum State {
    Ready,
    Missing,
    /// It is one for unmanaged disks, and has so many domains and these tags.
    Unmanaged {
        update_domains: u64,
        fault_domains: u64,
        tags: Tags,
    },
}

impl Set {
    /// What this set is for VMs in this location.
    pub(crate) fn state(self, name: &str, location: &str, managed_disks: bool) -> Result<State, Failure> {
        if !same_location(&self.location, location) {
            return Err(Failure::rejected(format!(
                "create_availability_set - the availability set '{name}' already exists, but in a different location: it is \
                 in '{}', the VM in '{location}'",
                self.location
            )));
        }
        let sku = self.sku.as_ref().and_then(|sku| sku.name.as_deref());
        match (sku.is_some_and(|sku| sku.eq_ignore_ascii_case("Aligned")), managed_disks) {
            (true, true) | (false, false) => return Ok(State::Ready),
            (true, false) => {
                return Err(Failure::rejected(format!(
                    "the availability set '{name}' is for VMs with managed disks, and Azure does not make it one for others: \
                     name another set, or set use_managed_disks"
                )));
            }
            (false, true) => {}
        }
        let Domains { update_domains, fault_domains } = self.properties;
        Ok(State::Unmanaged { update_domains, fault_domains, tags: self.tags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened_as_ever() {
        let wanted = WantedSet { name: None, update_domains: 5, fault_domains: 2 };
        let group = "g".repeat(81);
        let made = name(&wanted, Some(&group)).unwrap();
        assert_eq!(made.len(), 76);
        assert!(made.starts_with("az-") && made.ends_with(&format!("-{}", "g".repeat(40))), "{made}");
        assert_eq!(name(&wanted, Some(&"g".repeat(80))).unwrap().len(), 80);
        assert_eq!(shortened(&"a".repeat(100)).split('-').nth(1), Some("36a92cc94a9e0fa21f625f8bfb007adf"));
        assert_eq!(name(&wanted, Some(&String::new())), None);
        assert_eq!(name(&WantedSet { name: Some("n".into()), ..wanted }, Some(&group)).as_deref(), Some("n"));
    }

    #[test]
    fn a_set_has_to_fit() {
        let set = |json: Value| serde_json::from_value::<Set>(json).unwrap();
        let state = |json: Value| set(json).state("s", "eastus", true);
        assert_eq!(state(json!({"location": "East US", "sku": {"name": "Aligned"}})).unwrap(), State::Ready);
        assert!(state(json!({"location": "west", "sku": {"name": "Aligned"}})).is_err());
        let domains = json!({"platformUpdateDomainCount": 5, "platformFaultDomainCount": 3});
        let tags = Tags::from([("team".to_owned(), "a".to_owned())]);
        assert_eq!(
            state(json!({"location": "eastus", "properties": domains, "tags": tags})).unwrap(),
            State::Unmanaged { update_domains: 5, fault_domains: 3, tags: tags.clone() }
        );
        assert_eq!(body(5, 3, "eastus", true, &tags)["tags"], json!({"team": "a", "user-agent": "bosh"}));
        let unmanaged = |json: Value| set(json).state("s", "eastus", false);
        assert_eq!(unmanaged(json!({"location": "eastus", "sku": {"name": "Classic"}})).unwrap(), State::Ready);
        let refused = unmanaged(json!({"location": "eastus", "sku": {"name": "Aligned"}})).unwrap_err();
        assert!(refused.message().contains("is for VMs with managed disks"));
        assert_eq!(body(5, 3, "eastus", false, &Tags::new()).get("sku"), None);
    }
}
