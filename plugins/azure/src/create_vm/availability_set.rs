use cpi_plugin_sdk::Failure;
use serde::Deserialize;
use serde_json::{Value, json};

use super::properties::WantedSet;
use crate::settings::same_location;

/// What is read of an availability set.
#[derive(Debug, Deserialize)]
pub(crate) struct Set {
    pub location: String,
    pub sku: Option<Sku>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Sku {
    pub name: Option<String>,
}

/// Names of Azure's are at most so long.
const LONGEST: usize = 80;

/// The name of the set of a VM: the operator's, else that of the instance group.
pub(crate) fn name(wanted: &WantedSet, group: Option<&String>) -> Option<String> {
    wanted.name.clone().or_else(|| group.map(|group| shortened(group)))
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

/// The body that makes the set.
pub(crate) fn body(wanted: &WantedSet, location: &str) -> Value {
    json!({
        "location": location,
        "tags": {"user-agent": "bosh"},
        "properties": {
            "platformUpdateDomainCount": wanted.update_domains,
            "platformFaultDomainCount": wanted.fault_domains,
        },
        "sku": {"name": "Aligned"},
    })
}

impl Set {
    /// Whether VMs with managed disks in this location can join it.
    pub(crate) fn check(&self, name: &str, location: &str) -> Result<(), Failure> {
        if !same_location(&self.location, location) {
            return Err(Failure::rejected(format!(
                "create_availability_set - the availability set '{name}' already exists, but in a different location: it is \
                 in '{}', the VM in '{location}'",
                self.location
            )));
        }
        let sku = self.sku.as_ref().and_then(|sku| sku.name.as_deref());
        if sku.is_some_and(|sku| sku.eq_ignore_ascii_case("Aligned")) {
            return Ok(());
        }
        Err(Failure::not_supported(format!(
            "the availability set '{name}' is for VMs with unmanaged disks: have Azure convert it, or name another"
        )))
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
        assert_eq!(name(&WantedSet { name: Some("n".into()), ..wanted }, Some(&group)).as_deref(), Some("n"));
    }

    #[test]
    fn a_set_has_to_fit() {
        let set = |json: Value| serde_json::from_value::<Set>(json).unwrap();
        assert!(set(json!({"location": "East US", "sku": {"name": "Aligned"}})).check("s", "eastus").is_ok());
        assert!(set(json!({"location": "west", "sku": {"name": "Aligned"}})).check("s", "eastus").is_err());
        assert!(set(json!({"location": "eastus"})).check("s", "eastus").is_err());
    }
}
