use cpi_plugin_sdk::Failure;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arm::{Kind, Resource, nullable};
use crate::ids::id_of;
use crate::properties::Properties;
use crate::settings::{Settings, same_location};

/// Where a VM stands among hosts that are the operator's alone. See "Azure Dedicated Hosts".
#[derive(Debug, PartialEq)]
pub(crate) struct Host {
    pub group: Resource,
    /// The id of one of them; none: Azure chooses.
    one: Option<String>,
}

impl Host {
    /// `dedicated_host_group` and `dedicated_host`, names in the VM's resource group or ids.
    pub(crate) fn parse(all: &Properties, settings: &Settings, group: &str) -> Result<Option<Self>, Failure> {
        let hosts = all.text("dedicated_host_group")?;
        let hosts = hosts.map(|name| id_of(settings, group, Kind::HostGroup, &name)).transpose()?;
        let (id, one) = match (all.text("dedicated_host")?, hosts) {
            (None, None) => return Ok(None),
            (None, Some(hosts)) => (hosts, None),
            (Some(host), _) if host.starts_with('/') => {
                let hosts = host.rsplit_once("/hosts/").map(|(hosts, _)| hosts.to_owned());
                let wrong = || format!("'dedicated_host' '{host}' is no id of a host: …/hostGroups/GROUP/hosts/HOST");
                (hosts.ok_or_else(|| Failure::rejected(wrong()))?, Some(host))
            }
            (Some(host), Some(hosts)) => (hosts.clone(), Some(format!("{hosts}/hosts/{host}"))),
            (Some(host), None) => {
                return Err(Failure::rejected(format!(
                    "'dedicated_host' '{host}' is a name, which needs 'dedicated_host_group', or give its id"
                )));
            }
        };
        let group = Resource::known(settings, Kind::HostGroup, &id);
        if !group.is_well_formed() {
            return Err(Failure::rejected(format!(
                "'{id}' is no id of a group of dedicated hosts: …/providers/Microsoft.Compute/hostGroups/GROUP"
            )));
        }
        Ok(Some(Self { group, one }))
    }

    /// Adds it to the properties of a VM. Azure takes one of both.
    pub(super) fn add_to(&self, properties: &mut Map<String, Value>) {
        match &self.one {
            Some(host) => properties.insert("host".to_owned(), json!({"id": host})),
            None => properties.insert("hostGroup".to_owned(), self.group.reference()),
        };
    }
}

/// What is read of a group of dedicated hosts.
#[derive(Debug, Deserialize)]
pub(crate) struct HostGroup {
    location: String,
    #[serde(default, deserialize_with = "nullable")]
    zones: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    properties: HostGroupProperties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HostGroupProperties {
    #[serde(default, deserialize_with = "nullable")]
    support_automatic_placement: bool,
}

impl HostGroup {
    /// Refuses what Azure would: hosts are in one location, and mostly in one zone of it.
    pub(crate) fn check(&self, host: &Host, location: &str, zones: &[String]) -> Result<(), Failure> {
        let refused = |why: String| Err(Failure::rejected(format!("the hosts of '{}' {why}", host.group.id)));
        if !same_location(&self.location, location) {
            return refused(format!("are in '{}', and the VM's virtual network is in '{location}'", self.location));
        }
        if let Some(own) = self.zones.first().filter(|own| zones.is_empty() || zones.iter().any(|zone| zone != *own)) {
            let zones = if zones.is_empty() { "none".to_owned() } else { zones.join(", ") };
            return refused(format!("are in zone {own}: 'availability_zone' has to be {own}, and is {zones}"));
        }
        if host.one.is_none() && !self.properties.support_automatic_placement {
            return refused(
                "are not chosen by Azure (supportAutomaticPlacement is off): name one with 'dedicated_host'".to_owned(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn parse(value: &Value) -> Result<Option<Host>, Failure> {
        Host::parse(&Properties::parse(&value.to_string()).unwrap(), &testing::settings(&json!({})), "rg")
    }

    fn body(value: &Value) -> Value {
        let mut properties = Map::new();
        parse(value).unwrap().unwrap().add_to(&mut properties);
        Value::Object(properties)
    }

    const GROUP: &str = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/hostGroups/hosts";

    #[test]
    fn hosts_are_names_or_ids() {
        let one = format!("{GROUP}/hosts/one");
        assert_eq!(parse(&json!({})).unwrap(), None);
        assert_eq!(body(&json!({"dedicated_host_group": "hosts"})), json!({"hostGroup": {"id": GROUP}}));
        for given in [json!({"dedicated_host_group": "hosts", "dedicated_host": "one"}), json!({"dedicated_host": one})]
        {
            assert_eq!(body(&given), json!({"host": {"id": one}}));
            assert_eq!(parse(&given).unwrap().unwrap().group.id, GROUP);
        }
        let refusal = |value: Value| parse(&value).unwrap_err().message().to_owned();
        assert!(refusal(json!({"dedicated_host": "one"})).contains("needs 'dedicated_host_group'"));
        assert!(refusal(json!({"dedicated_host": "/id"})).contains("'/id' is no id of a host"));
        assert!(refusal(json!({"dedicated_host": "/x/hosts/y"})).contains("'/x' is no id of a group"));
    }

    #[test]
    fn hosts_are_where_the_vm_is() {
        let group = |extra: Value| {
            let mut all = json!({"location": "East US", "properties": {"supportAutomaticPlacement": true}});
            all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            serde_json::from_value::<HostGroup>(all).unwrap()
        };
        let (any, one) =
            (json!({"dedicated_host_group": "hosts"}), json!({"dedicated_host": format!("{GROUP}/hosts/o")}));
        let check = |extra: Value, host: &Value, location: &str, zones: &[&str]| {
            let zones: Vec<_> = zones.iter().map(|zone| (*zone).to_owned()).collect();
            let refused = group(extra).check(&parse(host).unwrap().unwrap(), location, &zones).err();
            refused.map(|failure| failure.message().to_owned()).unwrap_or_default()
        };
        let zonal = || json!({"zones": ["2"]});
        assert_eq!(check(json!({"zones": null}), &any, "eastus", &[]), "");
        assert_eq!(check(zonal(), &any, "eastus", &["2"]), "");
        assert!(check(json!({}), &any, "westus", &[]).contains("are in 'East US', and the VM's"));
        assert!(check(zonal(), &any, "eastus", &[]).ends_with("has to be 2, and is none"));
        assert!(check(zonal(), &any, "eastus", &["2", "3"]).ends_with("has to be 2, and is 2, 3"));
        let by_hand = || json!({"properties": null});
        assert!(check(by_hand(), &any, "eastus", &[]).ends_with("name one with 'dedicated_host'"));
        assert_eq!(check(by_hand(), &one, "eastus", &[]), "");
    }
}
