//! What is known about instance types: from EC2 itself where it may be asked, from tables otherwise.

pub(crate) mod family;
pub(crate) mod fitting;
pub(crate) mod storage;

#[cfg(target_family = "wasm")]
pub(crate) mod lookup;

/// Local disks, all of one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LocalDisks {
    pub gb: u64,
    pub count: usize,
}

/// How an instance type shows its disks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Facts {
    /// EBS volumes are NVMe devices, so that only their serial number tells them apart.
    pub ebs_nvme: bool,
    /// Local disks are NVMe devices, attached without being asked for.
    pub local_nvme: bool,
    pub local: Option<LocalDisks>,
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
