use cpi_plugin_sdk::{Failure, Plan, Tag};
use serde_json::{Map, Value, json};

use super::availability_set;
use super::networks::Networks;
use super::properties::VmProperties;
use super::spot::Spot;
use super::vhds::Vhds;
use crate::errors;
use crate::ids::VmId;
use crate::settings::Settings;
use crate::tags;

/// A plan that makes sense so far as that can be said without asking Azure.
#[derive(Debug)]
pub(crate) struct Request {
    pub id: VmId,
    pub stemcell: String,
    /// Where its disks are, if they are blobs.
    pub vhds: Option<Vhds>,
    pub vm: VmProperties,
    pub networks: Networks,
    /// The name of the set that the VM joins.
    pub availability_set: Option<String>,
    pub tags: Vec<Tag>,
    pub near_disks: Vec<String>,
    pub ssh_user: String,
    pub ssh_public_key: String,
    /// Of an address of the VM's own, if it gets one: a VIP takes its place.
    pub idle_minutes: Option<u64>,
}

impl Request {
    pub(crate) fn check(plan: Plan, settings: &Settings) -> Result<Self, Failure> {
        let vm = VmProperties::parse(&plan.properties, settings)?;
        let networks = Networks::parse(&plan.networks, settings)?;
        let has_own_address = vm.dynamic_public_ip && networks.vip.is_none();
        let idle_minutes = if has_own_address { Some(idle_minutes(settings).map_err(errors::no_vm)?) } else { None };
        let key = |value: &Option<String>, key: &str| {
            let missing = || Failure::invalid(format!("missing configuration parameters > azure:{key}"));
            value.clone().ok_or_else(missing)
        };
        let set = vm.availability_set.as_ref();
        Ok(Self {
            id: VmId::new(&plan.agent_id, &vm.resource_group),
            stemcell: plan.stemcell,
            vhds: None,
            availability_set: set.and_then(|wanted| availability_set::name(wanted, plan.groups.last())),
            tags: tags::of_vm(&plan.tags, &vm.tags),
            networks,
            near_disks: plan.near_disks,
            ssh_user: settings.ssh_user.clone().unwrap_or_else(|| "vcap".to_owned()),
            idle_minutes,
            ssh_public_key: key(&settings.ssh_public_key, "ssh_public_key")?,
            vm,
        })
    }

    /// Has the disks be blobs in a storage account.
    pub(crate) fn put_into(&mut self, account: &str, vhds: Vhds) {
        self.id = self.id.in_account(account);
        self.vhds = Some(vhds);
    }

    /// The type of disk that the first size takes: the image for it is looked for before anything is made.
    pub(crate) fn first_disk_type(&self) -> &str {
        let size = self.vm.sizes.first().map(String::as_str).unwrap_or_default();
        self.vm.root_disk.sku_for(size)
    }

    /// Tags of what is made with the VM: those of the VM, if all of it is to have them.
    pub(crate) fn tags_of_parts(&self, like_vm: bool) -> Map<String, Value> {
        let of_vm = self.tags.iter().filter(|_| like_vm).map(|tag| (tag.key.clone(), json!(tag.value)));
        std::iter::once(("user-agent".to_owned(), json!("bosh"))).chain(of_vm).collect()
    }

    /// Sizes and zones in the order in which they are tried: the wanted size everywhere first, and all of them at the price
    /// of spot VMs before any on demand.
    pub(crate) fn candidates(&self) -> Vec<Candidate<'_>> {
        let zones: Vec<_> = match self.vm.zones.as_slice() {
            [] => vec![None],
            zones => zones.iter().map(|zone| Some(zone.as_str())).collect(),
        };
        let at_price = |spot| {
            let of_size = move |size| (size, spot);
            self.vm.sizes.iter().map(move |size| of_size(size.as_str()))
        };
        let on_demand = self.vm.spot.as_ref().is_none_or(|spot| spot.or_on_demand);
        let spot = self.vm.spot.iter().flat_map(|spot| at_price(Some(spot)));
        let all = spot.chain(on_demand.then(|| at_price(None)).into_iter().flatten());
        all.flat_map(|(size, spot)| zones.iter().map(move |zone| Candidate { size, zone: *zone, spot })).collect()
    }
}

fn idle_minutes(settings: &Settings) -> Result<u64, Failure> {
    let minutes = settings.idle_timeout_minutes.clone()?;
    if (4..=30).contains(&minutes) {
        return Ok(minutes);
    }
    Err(Failure::rejected(format!(
        "The minimum idle_timeout_in_minutes is 4 minutes, the maximum is 30 minutes, pip_idle_timeout_in_minutes is {minutes}"
    )))
}

/// A size in a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate<'a> {
    pub size: &'a str,
    pub zone: Option<&'a str>,
    /// None: on demand.
    pub spot: Option<&'a Spot>,
}

#[cfg(test)]
mod tests {
    use cpi_plugin_sdk::{Network, NetworkKind};

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
    fn every_size_is_tried_at_the_lower_price_first() {
        let properties = json!({"instance_types": ["A", "B"], "priority": "Spot", "spot_ondemand_fallback": true});
        let request = Request::check(plan(&properties), &testing::settings(&json!({}))).unwrap();
        let order: Vec<_> = request.candidates().iter().map(|it| (it.size, it.spot.is_some())).collect();
        assert_eq!(order, [("A", true), ("B", true), ("A", false), ("B", false)]);
        assert_eq!(request.availability_set, None, "Azure has no spot VMs in sets");
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
        let zone = json!({"instance_type": "A", "availability_zone": "1"});
        assert!(refusal(json!({"use_managed_disks": false}), zone).contains("set use_managed_disks"));
        assert!(refusal(json!({"ssh_public_key": null}), size()).contains("azure:ssh_public_key"));
        let dynamic = json!({"instance_type": "A", "assign_dynamic_public_ip": true});
        assert!(refusal(json!({"pip_idle_timeout_in_minutes": 31}), dynamic).contains("is 31"));
    }
}
