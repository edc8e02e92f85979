use serde_json::Value;

use crate::arm::{Kind, Resource};
use crate::disks::data_disks::EPHEMERAL;
use crate::ids::VmId;
use crate::settings::Settings;
use crate::vms::Vm;

/// What was made with a VM and goes with it. Persistent disks are none of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Belongings {
    pub interfaces: Vec<Resource>,
    pub address: Resource,
    pub disks: Vec<Resource>,
    pub availability_set: Option<Resource>,
}

impl Belongings {
    /// Of a VM that is there.
    pub(crate) fn of(settings: &Settings, vm: &VmId, found: &Vm) -> Self {
        let interfaces = found.properties.network_profile.network_interfaces.iter();
        let interfaces = interfaces.map(|found| Resource::known(settings, Kind::NetworkInterface, &found.id));
        let set = found.properties.availability_set.as_ref();
        let storage = &found.properties.storage_profile;
        let member = |disk: &Value, key: &str| disk.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let ephemeral = storage.data_disks.iter().find(|disk| member(disk, "name").ends_with(EPHEMERAL));
        let own = [(Some(&storage.os_disk), os_disk(settings, vm)), (ephemeral, ephemeral_disk(settings, vm))];
        // Azure itself removes some of them together with the VM.
        let is_left = |disk: &Value| !member(disk, "deleteOption").eq_ignore_ascii_case("Delete");
        let disks =
            own.into_iter().filter(|(disk, _)| disk.is_some_and(is_left)).map(|(_, resource)| resource).collect();
        Self {
            interfaces: interfaces.filter(|found| is_of(found.name(), vm)).collect(),
            address: address(settings, vm),
            disks,
            availability_set: set.map(|set| Resource::known(settings, Kind::AvailabilitySet, &set.id)),
        }
    }

    /// Of a VM that is gone, which could have left them: its interfaces are those in its resource group with its name.
    pub(crate) fn left(settings: &Settings, vm: &VmId, interfaces: Vec<Resource>, set: Option<&str>) -> Self {
        let set = set.map(|name| Resource::new(settings, &vm.resource_group, Kind::AvailabilitySet, name));
        Self {
            interfaces: interfaces.into_iter().filter(|found| is_of(found.name(), vm)).collect(),
            address: address(settings, vm),
            disks: vec![os_disk(settings, vm), ephemeral_disk(settings, vm)],
            availability_set: set,
        }
    }
}

/// The name of an interface of a VM.
pub(crate) fn interface_name(vm: &VmId, index: usize) -> String {
    format!("{}-{index}", vm.name)
}

/// Whether an interface was made with this VM: its name is the VM's with a number, and not merely one that holds it.
pub(crate) fn is_of(interface: &str, vm: &VmId) -> bool {
    let (interface, vm) = (interface.to_ascii_lowercase(), vm.name.to_ascii_lowercase());
    let number = interface.strip_prefix(&vm).and_then(|rest| rest.strip_prefix('-'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

pub(crate) fn address(settings: &Settings, vm: &VmId) -> Resource {
    Resource::new(settings, &vm.resource_group, Kind::PublicIpAddress, &vm.name)
}

pub(crate) fn os_disk(settings: &Settings, vm: &VmId) -> Resource {
    let name = format!("bosh-disk-os-{}", vm.name);
    Resource::new(settings, &vm.resource_group, Kind::Disk, &name)
}

pub(crate) fn ephemeral_disk(settings: &Settings, vm: &VmId) -> Resource {
    let name = format!("bosh-disk-os-{}-{EPHEMERAL}", vm.name);
    Resource::new(settings, &vm.resource_group, Kind::Disk, &name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing;

    #[test]
    fn what_was_made_with_a_vm_is_told_from_what_is_only_attached() {
        let settings = testing::settings(&json!({}));
        let vm = VmId::new("agent", "rg");
        let nic = |name: &str| Resource::new(&settings, "rg", Kind::NetworkInterface, name).reference();
        let found: Vm = serde_json::from_value(json!({"location": "eastus", "properties": {
            "networkProfile": {"networkInterfaces": [nic("agent-0"), nic("agent-12"), nic("agent-x"), nic("my-agent-0")]},
            "availabilitySet": {"id": "/set"},
            "storageProfile": {"dataDisks": [{"name": "bosh-disk-os-agent-ephemeral-disk"}, {"name": "bosh-disk-data-x"}]},
        }}))
        .unwrap();
        let with = Belongings::of(&settings, &vm, &found);
        let names = |all: &[Resource]| all.iter().map(|one| one.name().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&with.interfaces), ["agent-0", "agent-12"]);
        assert_eq!(names(&with.disks), ["bosh-disk-os-agent", "bosh-disk-os-agent-ephemeral-disk"]);
        assert_eq!(with.availability_set.unwrap().id, "/set");
        assert_eq!(with.address.name(), "agent");
    }

    #[test]
    fn disks_that_go_with_their_vm_are_left_to_azure() {
        let settings = testing::settings(&json!({}));
        let disk = |name: &str, option: &str| json!({"name": name, "deleteOption": option});
        let found: Vm = serde_json::from_value(json!({"location": "eastus", "properties": {"storageProfile": {
            "osDisk": disk("os", "Delete"), "dataDisks": [disk("x-ephemeral-disk", "Detach")],
        }}}))
        .unwrap();
        let with = Belongings::of(&settings, &VmId::new("agent", "rg"), &found);
        assert_eq!(with.disks, [ephemeral_disk(&settings, &VmId::new("agent", "rg"))]);
    }
}
