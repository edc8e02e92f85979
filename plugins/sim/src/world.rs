//! What exists in the simulated cloud, and the rules of it.

use std::collections::BTreeMap;

use cpi_plugin_sdk::{Failure, Thing};
use serde::{Deserialize, Serialize};

mod disk;
mod interface;
mod machine;
mod network;
mod range;
mod snapshot;
mod stemcell;
mod tags;
mod vm;

pub(crate) use disk::Disk;
pub(crate) use machine::Machine;
pub(crate) use stemcell::Stemcell;
pub(crate) use vm::Vm;

use network::Network;
use snapshot::Snapshot;
use tags::Tags;

/// Cloud properties, as they came.
type Properties = serde_json::Map<String, serde_json::Value>;

/// Everything there is, by its identifier.
///
/// Unknown members are refused: an older plugin would drop what a newer one keeps there.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct World {
    stemcells: BTreeMap<String, Stemcell>,
    vms: BTreeMap<String, Vm>,
    disks: BTreeMap<String, Disk>,
    snapshots: BTreeMap<String, Snapshot>,
    networks: BTreeMap<String, Network>,
}

impl World {
    pub(crate) fn from_json(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    pub(crate) fn to_json(&self) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec(self).map_err(|error| Failure::rejected(format!("the world cannot be written: {error}")))
    }

    /// Whether anything has this identifier.
    pub(crate) fn has(&self, cid: &str) -> bool {
        self.stemcells.contains_key(cid)
            || self.vms.contains_key(cid)
            || self.disks.contains_key(cid)
            || self.snapshots.contains_key(cid)
            || self.networks.contains_key(cid)
    }

    /// Removes whatever has this identifier, by the rules of its kind. None is fine.
    pub(crate) fn remove(&mut self, cid: &str) -> Result<(), Failure> {
        if self.vms.contains_key(cid) {
            self.delete_vm(cid)?;
        }
        if self.disks.contains_key(cid) {
            self.delete_disk(cid)?;
        }
        if self.networks.contains_key(cid) {
            self.delete_network(cid)?;
        }
        self.delete_snapshot(cid);
        self.delete_stemcell(cid);
        Ok(())
    }
}

fn unknown(what: Thing, cid: &str) -> Failure {
    let name = match what {
        Thing::Vm => "VM",
        Thing::Disk => "disk",
        Thing::Snapshot => "snapshot",
        Thing::Stemcell => "stemcell",
        Thing::Network => "network",
    };
    Failure::not_found(what, format!("{name} '{cid}' not found"))
}

#[cfg(test)]
mod tests;
