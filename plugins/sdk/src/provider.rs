use crate::{About, Call, Failure, Image, Leftover, NetworkCreated, NetworkSpec, Plan, Size, Tag};

/// One cloud. Every method but [`info`](Provider::info) answers [`Failure::NotImplemented`] until it is written.
///
/// Sizes of disks are MiB. Properties are JSON text whose shape is the provider's own; [`settings::object`] reads it.
///
/// [`settings::object`]: crate::settings::object
#[expect(async_fn_in_trait, reason = "a plugin has one thread, so futures need not be Send")]
#[expect(unused_variables, reason = "the names document the defaults")]
pub trait Provider: Default {
    /// Stemcell formats and API version. Needs no settings and no request.
    fn info(&self) -> About;

    /// A cheap look whether settings and credentials work.
    async fn check(&self, call: &Call) -> Result<(), Failure> {
        missing("check")
    }

    /// Identifier of the VM that the caller runs on.
    async fn current_vm(&self, call: &Call) -> Result<String, Failure> {
        missing("current_vm_id")
    }

    /// Makes an image from the stemcell, and returns its identifier.
    async fn create_stemcell(
        &self,
        call: &Call,
        image: &Image,
        properties: &str,
        tags: &[Tag],
    ) -> Result<String, Failure> {
        missing("create_stemcell")
    }

    /// Removes an image. One that is gone is a success.
    async fn delete_stemcell(&self, call: &Call, stemcell: &str) -> Result<(), Failure> {
        missing("delete_stemcell")
    }

    /// Makes a running VM and returns its identifier. All or nothing: remove what was made before failing.
    async fn create_vm(&self, call: &Call, plan: Plan) -> Result<String, Failure> {
        missing("create_vm")
    }

    /// Removes a VM. Persistent disks that are still attached survive.
    async fn delete_vm(&self, call: &Call, vm: &str) -> Result<(), Failure> {
        missing("delete_vm")
    }

    /// Whether the VM exists. Fails only when that cannot be found out.
    async fn has_vm(&self, call: &Call, vm: &str) -> Result<bool, Failure> {
        missing("has_vm")
    }

    /// Restarts a VM, whatever its state.
    async fn reboot_vm(&self, call: &Call, vm: &str) -> Result<(), Failure> {
        missing("reboot_vm")
    }

    /// Adds metadata to a VM; what is not named stays. A limit on tags is logged, not a failure.
    async fn set_vm_metadata(&self, call: &Call, vm: &str, metadata: &[Tag]) -> Result<(), Failure> {
        missing("set_vm_metadata")
    }

    /// Cloud properties, a JSON object, of the smallest VM that fits.
    async fn vm_properties_for(&self, call: &Call, size: Size) -> Result<String, Failure> {
        missing("calculate_vm_cloud_properties")
    }

    /// Makes a disk near a VM, if one is named, and returns its identifier.
    async fn create_disk(
        &self,
        call: &Call,
        size_mib: u64,
        properties: &str,
        near_vm: Option<&str>,
    ) -> Result<String, Failure> {
        missing("create_disk")
    }

    /// Removes a disk.
    async fn delete_disk(&self, call: &Call, disk: &str) -> Result<(), Failure> {
        missing("delete_disk")
    }

    /// Whether the disk exists. Fails only when that cannot be found out.
    async fn has_disk(&self, call: &Call, disk: &str) -> Result<bool, Failure> {
        missing("has_disk")
    }

    /// Attaches a disk and returns the hint for the agent: a JSON string or object. Attached already is a success.
    async fn attach_disk(&self, call: &Call, vm: &str, disk: &str) -> Result<String, Failure> {
        missing("attach_disk")
    }

    /// Detaches a disk, and returns when it is free.
    async fn detach_disk(&self, call: &Call, vm: &str, disk: &str) -> Result<(), Failure> {
        missing("detach_disk")
    }

    /// Identifiers of the disks that are attached to a VM.
    async fn get_disks(&self, call: &Call, vm: &str) -> Result<Vec<String>, Failure> {
        missing("get_disks")
    }

    /// Adds metadata to a disk; what is not named stays.
    async fn set_disk_metadata(&self, call: &Call, disk: &str, metadata: &[Tag]) -> Result<(), Failure> {
        missing("set_disk_metadata")
    }

    /// Makes a detached disk larger. [`Failure::NotSupported`] makes the caller copy the data to a new disk instead.
    async fn resize_disk(&self, call: &Call, disk: &str, size_mib: u64) -> Result<(), Failure> {
        missing("resize_disk")
    }

    /// Changes a disk in place (`None`) or replaces it (its new identifier).
    async fn update_disk(
        &self,
        call: &Call,
        disk: &str,
        size_mib: u64,
        properties: &str,
    ) -> Result<Option<String>, Failure> {
        missing("update_disk")
    }

    /// Makes a snapshot of a disk and returns its identifier.
    async fn snapshot_disk(&self, call: &Call, disk: &str, metadata: &[Tag]) -> Result<String, Failure> {
        missing("snapshot_disk")
    }

    /// Removes a snapshot. One that is gone is a success.
    async fn delete_snapshot(&self, call: &Call, snapshot: &str) -> Result<(), Failure> {
        missing("delete_snapshot")
    }

    /// Makes a network.
    async fn create_network(&self, call: &Call, spec: NetworkSpec) -> Result<NetworkCreated, Failure> {
        missing("create_network")
    }

    /// Removes a network.
    async fn delete_network(&self, call: &Call, network: &str) -> Result<(), Failure> {
        missing("delete_network")
    }

    /// Identifiers of what is there of something that a killed or failed call declared with
    /// [`Intent::begin`](crate::Intent::begin); none when it was never made or is gone. Find it by its key when its
    /// identifier is not known. A provider that declares intents must write this.
    async fn find_leftover(&self, call: &Call, leftover: &Leftover) -> Result<Vec<String>, Failure> {
        missing("find_leftover")
    }

    /// Removes what is there of it, and returns when it is gone. Gone already is a success.
    async fn remove_leftover(&self, call: &Call, leftover: &Leftover) -> Result<(), Failure> {
        missing("remove_leftover")
    }
}

fn missing<T>(method: &str) -> Result<T, Failure> {
    Err(Failure::NotImplemented(format!("'{method}' is not implemented by this provider")))
}
