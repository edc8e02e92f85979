use cpi_plugin_sdk::{Failure, Tag};
use serde::{Deserialize, Serialize};

use super::{Tags, World};

/// A copy of a disk. It may outlive the disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    disk: String,
    size_mib: u64,
    tags: Tags,
}

impl World {
    pub(crate) fn snapshot_disk(&mut self, cid: &str, disk: &str, tags: &[Tag]) -> Result<(), Failure> {
        let size_mib = self.disk(disk)?.size_mib;
        self.snapshots.insert(cid.to_owned(), Snapshot { disk: disk.to_owned(), size_mib, tags: tags.into() });
        Ok(())
    }

    /// One that is gone is fine.
    pub(crate) fn delete_snapshot(&mut self, cid: &str) {
        self.snapshots.remove(cid);
    }
}
