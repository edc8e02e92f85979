use cpi_plugin_sdk::{Failure, Tag, log};

use super::disks::{EphemeralDisk, RootDisk};
use super::host::Host;
use super::machine::Machine;
use super::pools::{self, Pool};
use super::spot::Spot;
use super::vhds::{self, WantedAccount};
use crate::arm::Kind;
use crate::errors;
use crate::ids::id_of;
use crate::properties::Properties;
use crate::settings::{Settings, filled, named};

/// What the operator wants of a VM.
#[derive(Debug)]
pub(crate) struct VmProperties {
    /// In the order in which they are tried.
    pub sizes: Vec<String>,
    /// The first of them is `instance_type`, and not one of a list.
    pub has_own_size: bool,
    pub resource_group: String,
    /// In the order in which they are tried.
    pub zones: Vec<String>,
    pub availability_set: Option<WantedSet>,
    /// Of the disks, where they are no managed ones.
    pub account: WantedAccount,
    pub root_disk: RootDisk,
    pub ephemeral_disk: EphemeralDisk,
    pub load_balancers: Vec<Pool>,
    pub application_gateways: Vec<Pool>,
    pub security_group: Option<(String, Option<String>)>,
    /// An empty list says "none", nothing leaves it to the networks.
    pub application_security_groups: Option<Vec<String>>,
    pub dynamic_public_ip: bool,
    pub ip_forwarding: Option<bool>,
    pub accelerated_networking: Option<bool>,
    pub identity: Option<Identity>,
    pub tags: Vec<Tag>,
    /// An id.
    pub capacity_reservation_group: Option<String>,
    pub security_profile: Option<SecurityProfile>,
    pub spot: Option<Spot>,
    pub host: Option<Host>,
    pub machine: Machine,
}

/// How many domains its members are spread over.
#[derive(Debug, PartialEq)]
pub(crate) struct WantedSet {
    /// None: that of the instance group.
    pub name: Option<String>,
    pub update_domains: u64,
    pub fault_domains: u64,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Identity {
    System,
    /// An id.
    User(String),
}

#[derive(Debug, PartialEq)]
pub(crate) struct SecurityProfile {
    pub trusted_launch: bool,
    pub secure_boot: bool,
}

/// What manifests have had before, and no version of the CPI reads any more.
const WITHOUT_EFFECT: [&str; 1] = ["storage_account_location"];
const ZONES: [&str; 3] = ["1", "2", "3"];

impl VmProperties {
    pub(crate) fn parse(json: &str, settings: &Settings) -> Result<Self, Failure> {
        let all = Properties::parse(json)?.knowing(&WITHOUT_EFFECT);
        let read = Self::read(&all, settings)?;
        all.tell_unknown("the VM");
        Ok(read)
    }

    fn read(all: &Properties, settings: &Settings) -> Result<Self, Failure> {
        let resource_group = all.text("resource_group_name")?.unwrap_or_else(|| settings.resource_group.clone());
        let zones = zones(all)?;
        vhds::check(settings, &zones)?;
        let set = named(all, "availability_set")?.map(|(name, _)| name).filter(|name| !name.is_empty());
        if !zones.is_empty() && set.is_some() {
            return Err(Failure::rejected(
                "Only one of 'availability_zone' and 'availability_set' is allowed to be configured for a VM",
            ));
        }
        let spot = Spot::parse(all)?;
        if let (Some(_), Some(set)) = (&spot, &set) {
            return Err(Failure::rejected(format!(
                "'priority: Spot' and 'availability_set' '{set}' exclude each other: Azure has no spot VMs in sets"
            )));
        }
        let host = Host::parse(all, settings, &resource_group)?;
        if let (Some(host), Some(set)) = (&host, &set) {
            let hosts = &host.group.id;
            return Err(Failure::rejected(format!(
                "dedicated hosts ('{hosts}') and 'availability_set' '{set}' exclude each other: Azure has no sets there"
            )));
        }
        let joins = zones.is_empty() && spot.is_none() && host.is_none();
        let availability_set = Some(wanted_set(all, set, settings)?).filter(|_| joins);
        Ok(Self {
            sizes: sizes(all)?,
            has_own_size: filled(all, "instance_type")?.is_some(),
            zones,
            availability_set,
            account: WantedAccount::parse(all)?,
            root_disk: RootDisk::parse(all, settings)?,
            ephemeral_disk: EphemeralDisk::parse(&all.object("ephemeral_disk")?, settings).map_err(errors::no_vm)?,
            load_balancers: pools::parse(all, "load_balancer", &settings.resource_group)?,
            application_gateways: pools::parse(all, "application_gateway", &settings.resource_group)?,
            security_group: named(all, "security_group")?,
            application_security_groups: all
                .is_given("application_security_groups")
                .then(|| all.strings("application_security_groups"))
                .transpose()?,
            dynamic_public_ip: all.flag("assign_dynamic_public_ip")?.unwrap_or(false),
            ip_forwarding: all.flag("ip_forwarding")?,
            accelerated_networking: all.flag("accelerated_networking")?,
            identity: identity(all, settings, &resource_group)?,
            tags: all.tags()?,
            capacity_reservation_group: capacity_reservation_group(all, settings, &resource_group)?,
            security_profile: security_profile(all)?,
            spot,
            host,
            machine: Machine::parse(all, settings, &resource_group)?,
            resource_group,
        })
    }
}

fn sizes(all: &Properties) -> Result<Vec<String>, Failure> {
    let sizes: Vec<_> = filled(all, "instance_type")?.into_iter().chain(all.strings("instance_types")?).collect();
    if sizes.is_empty() {
        return Err(Failure::rejected(
            "missing 'instance_type': name a size in vm_type/instance_type, or use vm_resources, which choose one",
        ));
    }
    let mut once: Vec<String> = Vec::new();
    for size in sizes {
        if !once.contains(&size) {
            once.push(size);
        }
    }
    Ok(once)
}

fn zones(all: &Properties) -> Result<Vec<String>, Failure> {
    let mut zones: Vec<_> = all.decimal("availability_zone")?.into_iter().collect();
    for zone in all.strings("availability_zones")? {
        if !zones.contains(&zone) {
            zones.push(zone);
        }
    }
    match zones.iter().find(|zone| !ZONES.contains(&zone.as_str())) {
        Some(zone) => {
            let known = ZONES.join(", ");
            Err(Failure::rejected(format!("'{zone}' is not a valid zone. Available zones are: {known}")))
        }
        None => Ok(zones),
    }
}

fn wanted_set(all: &Properties, name: Option<String>, settings: &Settings) -> Result<WantedSet, Failure> {
    let (update, fault) = match (settings.stack, settings.managed_disks) {
        (true, _) => (1, 1),
        (false, true) => (5, 2),
        (false, false) => (5, 3),
    };
    // A name alone says no counts.
    let of = all.object("availability_set").unwrap_or_default();
    let count = |key: &str| Ok::<_, Failure>(of.number(key)?.or(all.number(key)?));
    Ok(WantedSet {
        name,
        update_domains: count("platform_update_domain_count")?.unwrap_or(update),
        fault_domains: count("platform_fault_domain_count")?.unwrap_or(fault),
    })
}

/// The VM's own, else that of the configuration.
fn identity(all: &Properties, settings: &Settings, group: &str) -> Result<Option<Identity>, Failure> {
    let own = all.object("managed_identity")?;
    let wanted = if all.is_given("managed_identity") { &own } else { &settings.identity };
    if !all.is_given("managed_identity") && wanted.keys().next().is_none() {
        return Ok(None);
    }
    let name = wanted.text("user_assigned_identity_name")?;
    match wanted.text("type")?.as_deref() {
        None | Some("SystemAssigned") => return Ok(Some(Identity::System)),
        Some("UserAssigned") => {}
        Some(other) => {
            // As ever: manifests with it have worked.
            let told = "the 'type' of a managed identity is neither SystemAssigned nor UserAssigned: it is taken for the first";
            log::warn(told, &[("type", other)]);
            return Ok(Some(Identity::System));
        }
    }
    let name = name.ok_or_else(|| {
        Failure::rejected(
            "'user_assigned_identity_name' is required in 'managed_identity' when 'type' is 'UserAssigned'",
        )
    })?;
    Ok(Some(Identity::User(id_of(settings, group, Kind::UserAssignedIdentity, &name)?)))
}

fn capacity_reservation_group(all: &Properties, settings: &Settings, group: &str) -> Result<Option<String>, Failure> {
    let by_name = all.text("capacity_reservation_group")?;
    let by_name = by_name.map(|name| id_of(settings, group, Kind::CapacityReservationGroup, &name)).transpose()?;
    Ok(all.text("capacity_reservation_group_id")?.or(by_name))
}

fn security_profile(all: &Properties) -> Result<Option<SecurityProfile>, Failure> {
    if !all.is_given("security_profile") {
        return Ok(None);
    }
    let wanted = all.object("security_profile")?;
    let trusted_launch = match wanted.text("security_type")?.as_deref() {
        None | Some("TrustedLaunch") => true,
        Some("Standard") => false,
        Some(other) => {
            return Err(Failure::rejected(format!(
                "'security_profile.security_type' can be TrustedLaunch or Standard, got: '{other}'"
            )));
        }
    };
    let secure_boot = wanted.flag("secure_boot_enabled").map_err(|wrong| Failure::rejected(wrong.message()))?;
    let secure_boot = secure_boot.unwrap_or(trusted_launch);
    if secure_boot && !trusted_launch {
        return Err(Failure::rejected("'security_profile.secure_boot_enabled' needs the security_type TrustedLaunch"));
    }
    Ok(Some(SecurityProfile { trusted_launch, secure_boot }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    fn parse(json: &Value) -> Result<VmProperties, Failure> {
        VmProperties::parse(&json.to_string(), &testing::settings(&json!({})))
    }

    fn refusal(json: &Value) -> String {
        parse(json).unwrap_err().message().to_owned()
    }

    #[test]
    fn defaults() {
        let vm = parse(&json!({"instance_type": "S"})).unwrap();
        assert_eq!((vm.sizes, vm.resource_group.as_str()), (vec!["S".to_owned()], "rg"));
        assert_eq!(vm.availability_set, Some(WantedSet { name: None, update_domains: 5, fault_domains: 2 }));
        assert!(vm.identity.is_none() && vm.capacity_reservation_group.is_none() && vm.security_profile.is_none());
    }

    #[test]
    fn sizes_are_tried_in_their_order() {
        let vm = parse(&json!({"instance_type": "A", "instance_types": ["B", "A"]})).unwrap();
        assert_eq!(vm.sizes, ["A", "B"]);
        assert!(refusal(&json!({})).contains("vm_type/instance_type"));
        assert!(refusal(&json!({"instance_type": ""})).contains("vm_type/instance_type"));
    }

    #[test]
    fn zones_and_sets_exclude_each_other() {
        let vm =
            parse(&json!({"instance_type": "A", "availability_zone": 2, "availability_zones": ["2", "3"]})).unwrap();
        assert_eq!((vm.zones, vm.availability_set), (vec!["2".to_owned(), "3".to_owned()], None));
        assert!(refusal(&json!({"instance_type": "A", "availability_zone": "9"})).contains("is not a valid zone"));
        let both = json!({"instance_type": "A", "availability_zone": "1", "availability_set": "s"});
        assert!(refusal(&both).starts_with("Only one of 'availability_zone'"));
        let set = json!({"name": "s", "platform_fault_domain_count": 3});
        let vm = parse(&json!({"instance_type": "A", "availability_set": set})).unwrap();
        assert_eq!(
            vm.availability_set,
            Some(WantedSet { name: Some("s".into()), update_domains: 5, fault_domains: 3 })
        );
        for (set, update_domains) in [(json!({"platform_update_domain_count": 7}), 7), (json!(""), 5)] {
            let vm = parse(&json!({"instance_type": "A", "availability_set": set})).unwrap();
            assert_eq!(vm.availability_set, Some(WantedSet { name: None, update_domains, fault_domains: 2 }));
        }
    }

    #[test]
    fn vms_on_dedicated_hosts_join_no_set() {
        let vm = parse(&json!({"instance_type": "A", "dedicated_host_group": "hosts"})).unwrap();
        assert!(vm.host.is_some() && vm.availability_set.is_none());
        let both = json!({"instance_type": "A", "dedicated_host_group": "hosts", "availability_set": "s"});
        assert!(refusal(&both).ends_with("and 'availability_set' 's' exclude each other: Azure has no sets there"));
    }

    #[test]
    fn names_and_ids_are_both_taken() {
        let identity = json!({"type": "UserAssigned", "user_assigned_identity_name": "me"});
        let vm = parse(&json!({"instance_type": "A", "managed_identity": identity, "resource_group_name": "other",
            "capacity_reservation_group": "c", "capacity_reservation_group_id": "/id"}))
        .unwrap();
        let user =
            "/subscriptions/sub/resourceGroups/other/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me";
        assert_eq!(vm.identity, Some(Identity::User(user.to_owned())));
        assert_eq!(vm.capacity_reservation_group.as_deref(), Some("/id"));
        assert!(
            refusal(&json!({"instance_type": "A", "managed_identity": {"type": "UserAssigned"}})).contains("required")
        );
        let vm = parse(&json!({"instance_type": "A", "managed_identity": {}})).unwrap();
        assert_eq!(vm.identity, Some(Identity::System));
        let user = json!({"type": "UserAssigned", "user_assigned_identity_name": "a/b"});
        for (key, value) in [
            ("managed_identity", user),
            ("capacity_reservation_group", json!("a/b")),
            ("proximity_placement_group", json!("")),
            ("dedicated_host_group", json!("a/b")),
            ("root_disk", json!({"disk_encryption_set_name": "a/b"})),
        ] {
            assert!(refusal(&json!({"instance_type": "A", key: value})).contains("cannot be in the name"), "{key}");
        }
    }

    #[test]
    fn every_property_is_known_in_every_kind_of_vm() {
        let size = json!({
            "instance_type": "A", "caching": "ReadOnly", "platform_update_domain_count": 5, "tags": {"any": "tag"},
            "platform_fault_domain_count": 2, "storage_account_location": "westus", "max_price": null,
            "managed_identity": {"type": "SystemAssigned", "user_assigned_identity_name": "me"},
            "root_disk": {"size": 4096, "disk_encryption_set_name": "d"}, "load_balancer": ["a", {"name": "b",
            "backend_pool_name": "p", "backend_pool_name_v6": "p", "resource_group_name": "g"}],
            "ephemeral_disk": {"use_root_disk": true, "type": "t", "iops": 1, "mbps": 1, "caching": "None"},
        });
        let with = |more: Value| {
            let mut all = size.clone();
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        let set = json!({"name": "s", "platform_fault_domain_count": 3, "platform_update_domain_count": 5});
        for known in [
            with(json!({"availability_zone": 1})),
            with(json!({"availability_set": set})),
            with(
                json!({"priority": "Spot", "eviction_policy": "Delete", "max_price": 1, "spot_ondemand_fallback": true}),
            ),
        ] {
            let all = Properties::parse(&known.to_string()).unwrap().knowing(&WITHOUT_EFFECT);
            VmProperties::read(&all, &testing::settings(&json!({}))).unwrap();
            assert_eq!(all.unknown(), [], "{known}");
        }
    }

    #[test]
    fn security_profiles_are_checked() {
        let of = |profile: Value| {
            parse(&json!({"instance_type": "A", "security_profile": profile})).map(|vm| vm.security_profile)
        };
        assert_eq!(of(json!({})).unwrap(), Some(SecurityProfile { trusted_launch: true, secure_boot: true }));
        assert!(of(json!({"security_type": "ConfidentialVM"})).is_err());
        assert!(of(json!({"security_type": "Standard", "secure_boot_enabled": true})).is_err());
        let refused = of(json!({"secure_boot_enabled": "x"})).unwrap_err();
        let said = "'security_profile.secure_boot_enabled' must be true or false, got: \"x\"";
        assert_eq!(refused, Failure::rejected(said));
    }
}
