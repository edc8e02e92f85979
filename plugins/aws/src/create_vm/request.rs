use cpi_plugin_sdk::{Failure, Network, Plan, Tag};

use super::nic_groups::{self, NicGroup};
use super::properties::VmProperties;
use super::security_groups;
use super::vip::{self, Vip};
use crate::properties::Properties;
use crate::settings::Settings;
use crate::stemcells::id::StemcellId;
use crate::tags;

/// A call to `create_vm`, checked as far as that goes without a request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub ami: String,
    pub vm: VmProperties,
    pub networks: Vec<Network>,
    pub groups: Vec<NicGroup>,
    /// Ids and names.
    pub security_groups: Vec<String>,
    pub vip: Option<Vip>,
    pub near_disks: Vec<String>,
    /// Of the instance, its volumes and its interfaces.
    pub tags: Vec<Tag>,
}

impl Request {
    pub(crate) fn check(plan: Plan, settings: &Settings) -> Result<Self, Failure> {
        nic_groups::check_kinds(&plan.networks)?;
        let vm = VmProperties::parse(&plan.properties, settings)?;
        plan.networks.iter().try_for_each(tell_unknown)?;
        let groups = nic_groups::group(&plan.networks)?;
        let mut near_disks = plan.near_disks;
        near_disks.sort();
        near_disks.dedup();
        Ok(Self {
            ami: StemcellId::parse(&plan.stemcell).ami.to_owned(),
            security_groups: security_groups::wanted(&vm.security_groups, &plan.networks, settings)?,
            vip: vip::wanted(&plan.networks, &groups)?,
            tags: tags::cut(tags::overlay(&plan.tags, &vm.tags)),
            networks: plan.networks,
            near_disks,
            groups,
            vm,
        })
    }
}

/// Warns of properties that no network has; which of them count depends on its kind and on the other networks.
fn tell_unknown(network: &Network) -> Result<(), Failure> {
    let known = Properties::parse(&network.cloud_properties)?.knowing(&["subnet", "subnets", "security_groups"]);
    known.tell_unknown(&format!("the network '{}'", network.name));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn check(properties: &str, networks: Vec<Network>, tags: &[(&str, &str)]) -> Result<Request, Failure> {
        let tag = |(key, value): &(&str, &str)| Tag { key: (*key).into(), value: (*value).into() };
        let plan = Plan {
            agent_id: "agent".into(),
            stemcell: "ami-1 light".into(),
            properties: properties.into(),
            networks,
            near_disks: vec!["vol-2".into(), "vol-1".into(), "vol-2".into()],
            tags: tags.iter().map(tag).collect(),
            groups: Vec::new(),
        };
        Request::check(plan, &testing::settings(r#"{"default_security_groups": ["sg-00000000"]}"#))
    }

    #[test]
    fn a_plan_becomes_a_request() {
        let properties = r#"{"instance_type": "t", "availability_zone": "a", "tags": {"tier": "vm"}}"#;
        let networks = vec![testing::manual("private", "10.0.0.2", "subnet-1")];
        let request = check(properties, networks, &[("deployment", "dep"), ("tier", "env")]).unwrap();
        assert_eq!((request.ami.as_str(), request.groups.len(), request.vip), ("ami-1", 1, None));
        assert_eq!(request.near_disks, ["vol-1", "vol-2"]);
        let tags: Vec<_> = request.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
        assert_eq!(tags, [("deployment", "dep"), ("tier", "vm")]);
    }

    #[test]
    fn mistakes_are_found_without_a_request() {
        let networks = || vec![testing::manual("private", "10.0.0.2", "subnet-1")];
        assert!(check("{}", networks(), &[]).unwrap_err().message().starts_with("Missing properties"));
        let properties = r#"{"instance_type": "t", "availability_zone": "a"}"#;
        assert!(check(properties, Vec::new(), &[]).unwrap_err().message().contains("at least one"));
    }
}
