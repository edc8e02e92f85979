use cpi_plugin_sdk::{Failure, Tag, Thing, settings};
use serde::{Deserialize, Serialize};

use super::{Properties, Tags, World, unknown};
use crate::settings::Capacity;

/// A persistent disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disk {
    pub(super) size_mib: u64,
    properties: Properties,
    tags: Tags,
    attached: Option<Attachment>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Attachment {
    vm: String,
    device: String,
}

impl Disk {
    pub(crate) fn new(size_mib: u64, properties: &str) -> Result<Self, Failure> {
        if size_mib == 0 {
            return Err(Failure::invalid("the size of a disk must be at least 1 MiB"));
        }
        let properties = settings::object(properties, "cloud_properties")?;
        Ok(Self { size_mib, properties, tags: Tags::default(), attached: None })
    }

    fn device_on(&self, vm: &str) -> Option<&str> {
        self.attached.as_ref().filter(|attached| attached.vm == vm).map(|attached| attached.device.as_str())
    }

    fn must_be_detached(&self, cid: &str) -> Result<(), Failure> {
        match &self.attached {
            None => Ok(()),
            Some(attached) => Err(Failure::rejected(format!("disk '{cid}' is attached to VM '{}'", attached.vm))),
        }
    }
}

impl World {
    pub(crate) fn create_disk(
        &mut self,
        cid: &str,
        disk: Disk,
        near_vm: Option<&str>,
        capacity: Capacity,
    ) -> Result<(), Failure> {
        near_vm.map_or(Ok(()), |vm| self.must_have_vm(vm))?;
        self.check_space(disk.size_mib, capacity)?;
        self.disks.insert(cid.to_owned(), disk);
        Ok(())
    }

    pub(crate) fn delete_disk(&mut self, cid: &str) -> Result<(), Failure> {
        self.disk(cid)?.must_be_detached(cid)?;
        self.disks.remove(cid);
        Ok(())
    }

    pub(crate) fn has_disk(&self, cid: &str) -> bool {
        self.disks.contains_key(cid)
    }

    /// Returns the device; the same one when the disk is attached to this VM already.
    pub(crate) fn attach_disk(&mut self, vm: &str, cid: &str) -> Result<String, Failure> {
        self.must_have_vm(vm)?;
        let disk = self.disk(cid)?;
        if let Some(device) = disk.device_on(vm) {
            return Ok(device.to_owned());
        }
        disk.must_be_detached(cid)?;
        let device = self.free_device(vm)?;
        self.disk_mut(cid)?.attached = Some(Attachment { vm: vm.to_owned(), device: device.clone() });
        Ok(device)
    }

    pub(crate) fn detach_disk(&mut self, vm: &str, cid: &str) -> Result<(), Failure> {
        self.must_have_vm(vm)?;
        let disk = self.disk_mut(cid)?;
        if disk.device_on(vm).is_none() {
            return Err(Failure::disk_not_attached(format!("disk '{cid}' is not attached to VM '{vm}'")));
        }
        disk.attached = None;
        Ok(())
    }

    pub(crate) fn disks_of(&self, vm: &str) -> Result<Vec<String>, Failure> {
        self.must_have_vm(vm)?;
        Ok(self.disks.iter().filter(|(_, disk)| disk.device_on(vm).is_some()).map(|(cid, _)| cid.clone()).collect())
    }

    pub(crate) fn tag_disk(&mut self, cid: &str, tags: &[Tag]) -> Result<(), Failure> {
        self.disk_mut(cid)?.tags.add(tags);
        Ok(())
    }

    /// Makes a disk larger.
    pub(crate) fn resize_disk(&mut self, cid: &str, size_mib: u64, capacity: Capacity) -> Result<(), Failure> {
        let disk = self.disk(cid)?;
        let Some(growth) = size_mib.checked_sub(disk.size_mib) else {
            let old = disk.size_mib;
            return Err(Failure::not_supported(format!("disk '{cid}' of {old} MiB cannot shrink to {size_mib} MiB")));
        };
        if growth > 0 {
            disk.must_be_detached(cid)?;
            self.check_space(growth, capacity)?;
        }
        self.disk_mut(cid)?.size_mib = size_mib;
        Ok(())
    }

    /// Makes a disk larger and gives it other cloud properties, in place.
    pub(crate) fn update_disk(&mut self, cid: &str, new: &Disk, capacity: Capacity) -> Result<(), Failure> {
        self.disk(cid)?.must_be_detached(cid)?;
        self.resize_disk(cid, new.size_mib, capacity)?;
        self.disk_mut(cid)?.properties = new.properties.clone();
        Ok(())
    }

    pub(super) fn detach_all(&mut self, vm: &str) {
        for disk in self.disks.values_mut().filter(|disk| disk.device_on(vm).is_some()) {
            disk.attached = None;
        }
    }

    pub(super) fn disk(&self, cid: &str) -> Result<&Disk, Failure> {
        self.disks.get(cid).ok_or_else(|| unknown(Thing::Disk, cid))
    }

    fn disk_mut(&mut self, cid: &str) -> Result<&mut Disk, Failure> {
        self.disks.get_mut(cid).ok_or_else(|| unknown(Thing::Disk, cid))
    }

    /// The first two devices are the root disk and the ephemeral one.
    fn free_device(&self, vm: &str) -> Result<String, Failure> {
        let taken: Vec<_> = self.disks.values().filter_map(|disk| disk.device_on(vm)).collect();
        ('c'..='z')
            .map(|letter| format!("/dev/vd{letter}"))
            .find(|device| !taken.contains(&device.as_str()))
            .ok_or_else(|| Failure::rejected(format!("VM '{vm}' has {} disks, no more fit", taken.len())))
    }

    fn check_space(&self, more_mib: u64, capacity: Capacity) -> Result<(), Failure> {
        let used = self.disks.values().fold(0, |sum: u64, disk| sum.saturating_add(disk.size_mib));
        match capacity.disk_mib {
            Some(most) if used.saturating_add(more_mib) > most => Err(Failure::no_disk_space(format!(
                "the simulated cloud has {} MiB left for disks, not {more_mib}",
                most.saturating_sub(used)
            ))),
            _ => Ok(()),
        }
    }
}
