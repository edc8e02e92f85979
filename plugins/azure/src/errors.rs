//! What ARM's errors mean to BOSH.

use cpi_plugin_sdk::{ApiError, Failure, Thing};

use crate::arm::is_gone;
use crate::ids::{DiskId, VmId};

/// There is no room for a VM of this size in this place. Another size, zone or time may do.
const CAPACITY: [&str; 7] = [
    "AllocationFailed",
    "OverconstrainedAllocationRequest",
    "OverconstrainedZonalAllocationRequest",
    "SkuNotAvailable",
    "ZonalAllocationFailed",
    "SpotCapacityNotAvailable",
    "SpotPriceGreaterThanProvidedMaxPrice",
];

/// The subscription may not have so much.
const QUOTA: [&str; 3] = ["DiskQuotaExceeded", "QuotaExceeded", "ResourceQuotaExceeded"];

/// The VM was begun and did not come up. It may, another time.
const TRANSIENT: [&str; 9] = [
    "InternalExecutionError",
    "InternalOperationError",
    "InternalServerError",
    "NetworkingInternalOperationError",
    "OSProvisioningClientError",
    "OSProvisioningInternalError",
    "OSProvisioningTimedOut",
    "OperationFailed",
    "VMStartTimedOut",
];

/// Whether there is no room for a VM, which may last.
pub(crate) fn lacks_room(error: &ApiError) -> bool {
    error.is(&CAPACITY)
}

/// Whether another attempt at making a VM, maybe elsewhere, may end differently.
pub(crate) fn may_pass(error: &ApiError) -> bool {
    lacks_room(error) || error.is(&TRANSIENT)
}

/// Whatever went wrong, no VM came of it.
pub(crate) fn no_vm(failure: Failure) -> Failure {
    match failure {
        Failure::VmNotCreated(_) => failure,
        other => Failure::vm_not_created(in_words_of_manifests(&other.describe()), false),
    }
}

/// What Azure calls `vmSize` is what operators wrote as `instance_type`. Longer words, such as the names of permissions,
/// stay as they are.
pub(crate) fn in_words_of_manifests(text: &str) -> String {
    let mut parts = text.split("vmSize");
    let mut said = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_longer = part.starts_with(|letter: char| letter.is_ascii_alphanumeric());
        said.push_str(if is_longer { "vmSize" } else { "instance_type" });
        said.push_str(part);
    }
    said
}

/// An error of a request about a VM. How many data disks a size takes is known here of old ones only; Azure says it in words
/// of its own.
pub(crate) fn of_vm(error: ApiError, vm: &VmId) -> Failure {
    match &error {
        gone if is_gone(gone) => vm_not_found(vm),
        ApiError::Service { message, .. } if message.contains("maximum number of data disks") => {
            Failure::rejected(format!("cannot find an available lun in VM '{}': {error}", vm.name))
        }
        _ => error.into(),
    }
}

/// An error of a request about a disk.
pub(crate) fn of_disk(error: ApiError, disk: &DiskId) -> Failure {
    if is_gone(&error) {
        return disk_not_found(disk);
    }
    if error.is(&QUOTA) { Failure::no_disk_space(error.to_string()) } else { error.into() }
}

/// An error of a request that was to make a disk. What is not there then is what the disk was to be in or of.
pub(crate) fn of_new_disk(failure: Failure) -> Failure {
    match failure {
        Failure::Cloud(failure) if QUOTA.contains(&failure.code.as_str()) => {
            Failure::no_disk_space(Failure::Cloud(failure).describe())
        }
        other => other,
    }
}

pub(crate) fn vm_not_found(vm: &VmId) -> Failure {
    let (name, group) = (&vm.name, &vm.resource_group);
    Failure::not_found(Thing::Vm, format!("VM '{name}' cannot be found in the resource group '{group}'"))
}

pub(crate) fn disk_not_found(disk: &DiskId) -> Failure {
    let (name, group) = (&disk.name, &disk.resource_group);
    Failure::not_found(Thing::Disk, format!("The disk '{name}' cannot be found in the resource group '{group}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disks::Caching;

    fn service(code: &str) -> ApiError {
        ApiError::Service { operation: "op".into(), code: code.into(), message: "m".into(), request_id: None }
    }

    #[test]
    fn sizes_are_called_as_manifests_call_them() {
        assert_eq!(
            in_words_of_manifests("vmSize 'vmSize' is no vmSize"),
            "instance_type 'instance_type' is no instance_type"
        );
        assert_eq!(in_words_of_manifests("availabilitySets/vmSizes/read"), "availabilitySets/vmSizes/read");
    }

    #[test]
    fn what_is_gone_is_named_and_the_rest_stays_as_it_is() {
        let vm = VmId::new("v", "g");
        assert_eq!(
            of_vm(service("ResourceNotFound"), &vm),
            Failure::not_found(Thing::Vm, "VM 'v' cannot be found in the resource group 'g'")
        );
        assert_eq!(of_vm(service("Conflict"), &vm), Failure::cloud("op", "Conflict", "m"));
        let mut full = service("OperationNotAllowed");
        if let ApiError::Service { message, .. } = &mut full {
            "The maximum number of data disks allowed to be attached to a VM of this size is 4.".clone_into(message);
        }
        let said = of_vm(full, &vm).message().to_owned();
        assert!(said.starts_with("cannot find an available lun in VM 'v': op") && said.contains("size is 4"), "{said}");
        let disk = DiskId::new("u", Caching::None, "g");
        assert!(
            matches!(of_disk(service("NotFound"), &disk), Failure::NotFound(missing) if missing.what == Thing::Disk)
        );
        assert!(matches!(of_disk(service("QuotaExceeded"), &disk), Failure::NoDiskSpace(_)));
    }
}
