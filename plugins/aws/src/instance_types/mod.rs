//! What is known about instance types: from EC2 itself where it may be asked, from a table otherwise, which
//! `make instance-types` makes of what EC2 said before.

pub(crate) mod family;
pub(crate) mod fitting;
pub(crate) mod storage;
mod table;

#[cfg(target_family = "wasm")]
pub(crate) mod lookup;

/// How an instance type shows its disks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Facts {
    /// EBS volumes are NVMe devices, so that only their serial number tells them apart.
    pub ebs_nvme: bool,
    /// Local disks are NVMe devices, attached without being asked for.
    pub local_nvme: bool,
    /// How many local disks there are.
    pub local: Option<usize>,
}

impl Facts {
    /// Without asking EC2.
    pub(crate) fn guess(instance_type: &str) -> Self {
        Self {
            ebs_nvme: family::ebs_is_nvme(instance_type),
            local_nvme: family::local_disks_are_nvme(instance_type),
            local: storage::local_disks(instance_type),
        }
    }
}
