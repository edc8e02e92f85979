use cpi_plugin_sdk::{Failure, Plan, Tag};

use super::availability_set;
use super::networks::Networks;
use super::properties::VmProperties;
use crate::errors;
use crate::ids::VmId;
use crate::settings::Settings;
use crate::tags;
use crate::vms::unmanaged;

/// A plan that makes sense so far as that can be said without asking Azure.
#[derive(Debug)]
pub(crate) struct Request {
    pub id: VmId,
    pub stemcell: String,
    pub vm: VmProperties,
    pub networks: Networks,
    /// Names of all networks, those without an interface too.
    pub network_names: Vec<String>,
    /// The name of the set that the VM joins.
    pub availability_set: Option<String>,
    pub tags: Vec<Tag>,
    pub near_disks: Vec<String>,
    pub ssh_user: String,
    pub ssh_public_key: String,
}

impl Request {
    pub(crate) fn check(plan: Plan, settings: &Settings) -> Result<Self, Failure> {
        if !settings.managed_disks {
            return Err(unmanaged());
        }
        let vm = VmProperties::parse(&plan.properties, settings)?;
        let networks = Networks::parse(&plan.networks, settings)?;
        let minutes = settings.idle_timeout_minutes;
        if vm.dynamic_public_ip && !(4..=30).contains(&minutes) {
            return Err(errors::no_vm(Failure::rejected(format!(
                "The minimum idle_timeout_in_minutes is 4 minutes, the maximum is 30 minutes, \
                 pip_idle_timeout_in_minutes is {minutes}"
            ))));
        }
        let key = |value: &Option<String>, key: &str| {
            let missing = || Failure::invalid(format!("missing configuration parameters > azure:{key}"));
            value.clone().ok_or_else(missing)
        };
        let set = vm.availability_set.as_ref();
        Ok(Self {
            id: VmId::new(&plan.agent_id, &vm.resource_group),
            stemcell: plan.stemcell,
            availability_set: set.and_then(|wanted| availability_set::name(wanted, plan.groups.last())),
            tags: of_vm(&plan.tags, &vm.tags),
            network_names: plan.networks.iter().map(|network| network.name.clone()).collect(),
            networks,
            near_disks: plan.near_disks,
            ssh_user: settings.ssh_user.clone().unwrap_or_else(|| "vcap".to_owned()),
            ssh_public_key: key(&settings.ssh_public_key, "ssh_public_key")?,
            vm,
        })
    }

    /// Sizes and zones in the order in which they are tried: the wanted size everywhere first.
    pub(crate) fn candidates(&self) -> Vec<Candidate<'_>> {
        let zones: Vec<_> = match self.vm.zones.as_slice() {
            [] => vec![None],
            zones => zones.iter().map(|zone| Some(zone.as_str())).collect(),
        };
        let of_size = |size| zones.iter().map(move |zone| Candidate { size, zone: *zone });
        self.vm.sizes.iter().flat_map(|size| of_size(size.as_str())).collect()
    }
}

/// A size in a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate<'a> {
    pub size: &'a str,
    pub zone: Option<&'a str>,
}

/// Later ones win, also over the tag of ours.
fn of_vm(env: &[Tag], own: &[Tag]) -> Vec<Tag> {
    let mut all = tags::legal(env);
    for tag in own {
        cpi_plugin_sdk::tags::set(&mut all, &tag.key, tag.value.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use cpi_plugin_sdk::{Network, NetworkKind};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    fn plan(properties: &Value) -> Plan {
        Plan {
            agent_id: "agent".into(),
            stemcell: "bosh-stemcell-u".into(),
            properties: properties.to_string(),
            networks: vec![Network {
                name: "a".into(),
                kind: NetworkKind::Dynamic,
                ip: None,
                prefix: None,
                netmask: None,
                gateway: None,
                dns: Vec::new(),
                defaults: Vec::new(),
                nic_group: None,
                cloud_properties: json!({"virtual_network_name": "v", "subnet_name": "s"}).to_string(),
            }],
            near_disks: Vec::new(),
            tags: vec![Tag { key: "job".into(), value: "web".into() }],
            groups: vec!["director".into(), "director-web".into()],
        }
    }

    #[test]
    fn the_wanted_size_is_tried_in_every_zone_first() {
        let properties = json!({"instance_types": ["A", "B"], "availability_zones": ["1", "2"]});
        let request = Request::check(plan(&properties), &testing::settings(&json!({}))).unwrap();
        let order: Vec<_> = request.candidates().iter().map(|it| (it.size, it.zone.unwrap())).collect();
        assert_eq!(order, [("A", "1"), ("A", "2"), ("B", "1"), ("B", "2")]);
        assert_eq!(request.availability_set, None);
    }

    #[test]
    fn a_set_is_named_after_the_group_and_tags_of_the_vm_win() {
        let properties = json!({"instance_type": "A", "tags": {"user-agent": "me", "job": 7}});
        let request = Request::check(plan(&properties), &testing::settings(&json!({}))).unwrap();
        assert_eq!(request.availability_set.as_deref(), Some("director-web"));
        let tag = |key: &str| cpi_plugin_sdk::tags::get(&request.tags, key);
        assert_eq!((tag("user-agent"), tag("job")), (Some("me"), Some("7")));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        let refusal = |extra: Value, properties: Value| {
            Request::check(plan(&properties), &testing::settings(&extra)).unwrap_err().message().to_owned()
        };
        let size = || json!({"instance_type": "A"});
        assert!(refusal(json!({"use_managed_disks": false}), size()).contains("use_managed_disks"));
        assert!(refusal(json!({"ssh_public_key": null}), size()).contains("azure:ssh_public_key"));
        let dynamic = json!({"instance_type": "A", "assign_dynamic_public_ip": true});
        assert!(refusal(json!({"pip_idle_timeout_in_minutes": 31}), dynamic).contains("is 31"));
    }
}
