//! Disks that come with a VM, and what its agent is told of them. See "Block device mappings" in the EC2 user guide.

use cpi_plugin_sdk::{Failure, agents};
use serde_json::json;

use super::properties::{EphemeralDisk, RootDisk, VmProperties};
use crate::encryption::Encryption;
use crate::instance_types::{Facts, storage};
use crate::properties::gib;

/// An image as EC2 describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ami {
    pub virtualization: String,
    pub root_device: String,
    /// Device name, and size in GiB where known.
    pub devices: Vec<(String, Option<u64>)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mapping {
    pub device: String,
    pub source: Source,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    Ebs(Ebs),
    /// Such as `ephemeral0`: a local disk.
    Local(String),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ebs {
    pub gib: Option<u64>,
    pub volume_type: String,
    pub iops: Option<u64>,
    pub throughput: Option<u64>,
    pub encryption: Encryption,
}

const DEFAULT_TYPE: &str = "gp3";
const DEFAULT_EPHEMERAL_GIB: u64 = 10;
const EPHEMERAL: &str = "/dev/sdb";

/// Whether [`layout`] needs to know more of the instance type than its name tells.
pub(crate) fn needs_facts(vm: &VmProperties, instance_type: &str) -> bool {
    let disk = &vm.ephemeral_disk;
    let local = disk.use_instance_storage && storage::local_disks(instance_type).is_none();
    !disk.use_root_disk && (vm.raw_instance_storage || local)
}

/// What to launch an instance of this type with, and what to tell the agent.
pub(crate) fn layout(
    vm: &VmProperties,
    instance_type: &str,
    ami: &Ami,
    facts: &Facts,
) -> Result<(Vec<Mapping>, agents::Disks), Failure> {
    let mut mappings = Vec::new();
    let mut disks = agents::Disks { system: Some(ami.root_device.clone()), ephemeral: None, raw_ephemeral: Vec::new() };
    if !vm.ephemeral_disk.use_root_disk {
        check_local(vm, instance_type, facts)?;
        mappings.push(ephemeral(vm, instance_type));
        disks.ephemeral = Some(json!(EPHEMERAL).to_string());
        if let (true, Some(count)) = (vm.raw_instance_storage, facts.local) {
            let names = local_names(count, ami, facts.local_nvme)?;
            disks.raw_ephemeral = names.iter().map(|path| json!({"path": path}).to_string()).collect();
            // EC2 attaches NVMe disks by itself.
            if !facts.local_nvme {
                mappings.extend(names.into_iter().enumerate().map(|(index, device)| local_mapping(device, index)));
            }
        }
    }
    mappings.push(root(&vm.root_disk, ami));
    Ok((mappings, disks))
}

fn check_local(vm: &VmProperties, name: &str, facts: &Facts) -> Result<(), Failure> {
    let disk = &vm.ephemeral_disk;
    let none = |what: &str| {
        Err(Failure::rejected(format!(
            "{what} requested for instance type '{name}' that does not have instance storage"
        )))
    };
    if vm.raw_instance_storage && facts.local.is_none() {
        return none("raw_instance_storage");
    }
    if !disk.use_instance_storage {
        return Ok(());
    }
    if vm.raw_instance_storage {
        return Err(Failure::rejected(
            "ephemeral_disk.use_instance_storage and raw_instance_storage cannot both be true",
        ));
    }
    if disk.size_mib.is_some() || disk.volume_type.is_some() || disk.iops.is_some() || disk.own_encryption {
        return Err(Failure::rejected(
            "use_instance_storage cannot be combined with additional ephemeral_disk properties",
        ));
    }
    if facts.local.is_none() {
        return none("use_instance_storage");
    }
    if facts.local_nvme {
        return Err(Failure::rejected(format!(
            "use_instance_storage cannot work on instance type '{name}': its local disks are NVMe devices, which have no \
             name before the VM runs; use raw_instance_storage, or an EBS ephemeral disk"
        )));
    }
    Ok(())
}

fn ephemeral(vm: &VmProperties, instance_type: &str) -> Mapping {
    let disk: &EphemeralDisk = &vm.ephemeral_disk;
    if disk.use_instance_storage {
        return local_mapping(EPHEMERAL.to_owned(), 0);
    }
    let as_local = || storage::default_size(instance_type).filter(|_| !vm.raw_instance_storage);
    let size = match disk.size_mib {
        Some(mib) => gib(mib),
        None => as_local().unwrap_or(DEFAULT_EPHEMERAL_GIB),
    };
    let ebs = Ebs {
        gib: Some(size),
        volume_type: disk.volume_type.clone().unwrap_or_else(|| DEFAULT_TYPE.into()),
        iops: disk.iops,
        throughput: disk.throughput,
        encryption: disk.encryption.clone(),
    };
    Mapping { device: EPHEMERAL.to_owned(), source: Source::Ebs(ebs) }
}

fn local_mapping(device: String, index: usize) -> Mapping {
    Mapping { device, source: Source::Local(format!("ephemeral{index}")) }
}

fn local_names(count: usize, ami: &Ami, nvme: bool) -> Result<Vec<String>, Failure> {
    let letters = |prefix: &str, first: char| (first..='z').take(count).map(|c| format!("{prefix}{c}")).collect();
    match ami.virtualization.as_str() {
        _ if nvme => Ok((0..count).map(|index| format!("/dev/nvme{index}n1")).collect()),
        "paravirtual" => Ok(letters("/dev/sd", 'c')),
        "hvm" => Ok(letters("/dev/xvdb", 'a')),
        other => Err(Failure::rejected(format!("unknown virtualization type {other}"))),
    }
}

/// The size comes from the image when none is given: what EC2 does by itself, said so that it can be seen.
fn root(disk: &RootDisk, ami: &Ami) -> Mapping {
    let volume_type = disk.volume_type.clone().unwrap_or_else(|| DEFAULT_TYPE.into());
    let device = root_device(ami);
    let of_image = || ami.devices.iter().find(|(name, _)| *name == device).and_then(|(_, gib)| *gib);
    let ebs = Ebs {
        gib: disk.size_mib.map(gib).or_else(of_image),
        iops: disk.iops.filter(|_| matches!(volume_type.as_str(), "io1" | "io2" | "gp3")),
        throughput: disk.throughput.filter(|_| volume_type == "gp3"),
        volume_type,
        encryption: disk.encryption.clone(),
    };
    Mapping { device, source: Source::Ebs(ebs) }
}

/// Images may map `/dev/sda` and call `/dev/sda1` their root device.
fn root_device(ami: &Ami) -> String {
    let mapped = || ami.devices.iter().map(|(name, _)| name);
    let exact = mapped().find(|name| **name == ami.root_device);
    let whole = || mapped().find(|name| ami.root_device.starts_with(name.as_str()));
    let default = if ami.virtualization == "paravirtual" { "/dev/sda" } else { "/dev/xvda" };
    exact.or_else(whole).map_or_else(|| default.to_owned(), Clone::clone)
}

#[cfg(test)]
#[path = "block_devices_tests.rs"]
mod tests;
