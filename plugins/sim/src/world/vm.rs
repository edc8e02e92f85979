use cpi_plugin_sdk::{Failure, Plan, Tag, Thing, agents, settings};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::interface::{self, Interface};
use super::{Machine, Properties, Tags, World, unknown};
use crate::settings::Capacity;

/// A running VM.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vm {
    agent_id: String,
    stemcell: String,
    machine: Machine,
    properties: Properties,
    interfaces: Vec<Interface>,
    groups: Vec<String>,
    tags: Tags,
    /// Bytes of the agent's settings. What they say is the host's secret.
    settings_size: u32,
    reboots: u32,
}

impl Vm {
    /// The VM of a plan, with everything checked that needs no look at the world.
    pub(crate) fn new(cid: &str, plan: &Plan) -> Result<Self, Failure> {
        let properties = settings::object(&plan.properties, "cloud_properties")?;
        Ok(Self {
            agent_id: plan.agent_id.clone(),
            stemcell: plan.stemcell.clone(),
            machine: Machine::of(&properties)?,
            properties,
            interfaces: interface::of(cid, &plan.networks)?,
            groups: plan.groups.clone(),
            tags: plan.tags.as_slice().into(),
            settings_size: 0,
            reboots: 0,
        })
    }

    /// What the agent must know of this VM; the host adds what is secret.
    pub(crate) fn agent_settings(&self, cid: &str) -> agents::Settings {
        let has_ephemeral_disk = self.machine.ephemeral_disk > 0;
        agents::Settings {
            vm_name: cid.to_owned(),
            interfaces: self.interfaces.iter().filter_map(Interface::facts).collect(),
            disks: agents::Disks {
                system: Some("/dev/vda".to_owned()),
                ephemeral: has_ephemeral_disk.then(|| json!({"path": "/dev/vdb"}).to_string()),
                raw_ephemeral: Vec::new(),
            },
            extra: json!({}).to_string(),
        }
    }

    pub(crate) fn with_settings_of(self, size: u32) -> Self {
        Self { settings_size: size, ..self }
    }
}

impl World {
    pub(crate) fn create_vm(
        &mut self,
        cid: &str,
        vm: Vm,
        near_disks: &[String],
        capacity: Capacity,
    ) -> Result<(), Failure> {
        if !self.stemcells.contains_key(&vm.stemcell) {
            return Err(Failure::rejected(format!("stemcell '{}' does not exist: upload it again", vm.stemcell)));
        }
        for disk in near_disks {
            self.disk(disk)?;
        }
        for interface in &vm.interfaces {
            self.check_network(interface)?;
            let clashes = |vm: &Vm| vm.interfaces.iter().any(|theirs| theirs.clashes(interface));
            if let Some((other, _)) = self.vms.iter().find(|(_, vm)| clashes(vm)) {
                return Err(Failure::rejected(format!("{interface} is in use by VM '{other}'")));
            }
        }
        if let Some(most) = capacity.vms.filter(|most| self.vms.len() >= *most) {
            return Err(Failure::vm_not_created(format!("the simulated cloud has room for {most} VMs only"), true));
        }
        self.vms.insert(cid.to_owned(), vm);
        Ok(())
    }

    /// Persistent disks survive, detached.
    pub(crate) fn delete_vm(&mut self, cid: &str) -> Result<(), Failure> {
        self.vms.remove(cid).ok_or_else(|| unknown(Thing::Vm, cid))?;
        self.detach_all(cid);
        Ok(())
    }

    pub(crate) fn has_vm(&self, cid: &str) -> bool {
        self.vms.contains_key(cid)
    }

    pub(crate) fn reboot_vm(&mut self, cid: &str) -> Result<(), Failure> {
        self.vm_mut(cid)?.reboots += 1;
        Ok(())
    }

    pub(crate) fn tag_vm(&mut self, cid: &str, tags: &[Tag]) -> Result<(), Failure> {
        self.vm_mut(cid)?.tags.add(tags);
        Ok(())
    }

    pub(super) fn must_have_vm(&self, cid: &str) -> Result<(), Failure> {
        if self.has_vm(cid) { Ok(()) } else { Err(unknown(Thing::Vm, cid)) }
    }

    /// A VM on this managed network.
    pub(super) fn user_of(&self, network: &str) -> Option<&str> {
        let uses = |vm: &Vm| vm.interfaces.iter().any(|interface| interface.managed.as_deref() == Some(network));
        self.vms.iter().find(|(_, vm)| uses(vm)).map(|(cid, _)| cid.as_str())
    }

    fn vm_mut(&mut self, cid: &str) -> Result<&mut Vm, Failure> {
        self.vms.get_mut(cid).ok_or_else(|| unknown(Thing::Vm, cid))
    }
}
