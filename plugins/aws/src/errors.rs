//! What EC2's error codes mean to BOSH. See "Error codes for the Amazon EC2 API".

use cpi_plugin_sdk::{ApiError, Failure, Thing};

const VM_GONE: &[&str] = &["InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"];
const VOLUME_GONE: &[&str] = &["InvalidVolume.NotFound", "InvalidVolumeID.Malformed"];
const IMAGE_GONE: &[&str] = &["InvalidAMIID.NotFound", "InvalidAMIID.Malformed", "InvalidAMIID.Unavailable"];
const SNAPSHOT_GONE: &[&str] = &["InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed"];
const INTERFACE_GONE: &[&str] = &["InvalidNetworkInterfaceID.NotFound"];
const ADDRESS_GONE: &[&str] = &["InvalidAllocationID.NotFound", "InvalidAssociationID.NotFound"];
const ROUTE_GONE: &[&str] = &["InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"];
const NO_SPACE: &[&str] = &["VolumeLimitExceeded", "MaxIOPSLimitExceeded", "SnapshotLimitExceeded"];
const NOT_MODIFIABLE: &[&str] =
    &["VolumeModificationRateExceeded", "IncorrectModificationState", "UnsupportedOperation", "Unsupported"];
/// Things of ours, of which a part of EC2 may not know yet.
const NOT_KNOWN_YET: &[&str] = &[
    "InvalidAMIID.NotFound",
    "InvalidAMIID.Unavailable",
    "InvalidAttachmentID.NotFound",
    "InvalidInstanceID.NotFound",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidSnapshot.NotFound",
    "InvalidVolume.NotFound",
];
const THROTTLED: &[&str] = &["RequestLimitExceeded", "Throttling", "EC2ThrottledException"];

/// Another attempt, maybe elsewhere, may find room.
const CAPACITY: &[&str] = &[
    "InsufficientInstanceCapacity",
    "InsufficientHostCapacity",
    "InsufficientReservedInstanceCapacity",
    "InsufficientCapacity",
    "SpotMaxPriceTooLow",
    "MaxSpotInstanceCountExceeded",
];

/// There may be room for another type, or in another zone: the quota is for some types only, and not every zone has
/// every type.
const NOT_THIS_ONE: &[&str] = &["InstanceLimitExceeded", "VcpuLimitExceeded", "Unsupported"];

/// Causes of a launch that ended by itself, after which another attempt may go well.
const TRANSIENT_REASONS: &[&str] = &[
    "Server.InternalError",
    "Server.InsufficientInstanceCapacity",
    "Server.SpotInstanceShutdown",
    "Server.SpotInstanceTermination",
];

pub(crate) fn vm_gone(error: &ApiError) -> bool {
    error.is(VM_GONE)
}

/// A malformed volume id is an `InvalidParameterValue` whose text names the parameter.
pub(crate) fn volume_gone(error: &ApiError) -> bool {
    error.is(VOLUME_GONE) || invalid_value(error, "for parameter volume")
}

/// Whether EC2 took offence at the value of a parameter in these words.
fn invalid_value(error: &ApiError, words: &str) -> bool {
    matches!(error, ApiError::Service { code, message, .. }
        if code == "InvalidParameterValue" && message.to_ascii_lowercase().contains(words))
}

pub(crate) fn image_gone(error: &ApiError) -> bool {
    error.is(IMAGE_GONE)
}

/// The same with a malformed snapshot id.
pub(crate) fn snapshot_gone(error: &ApiError) -> bool {
    error.is(SNAPSHOT_GONE) || invalid_value(error, "for parameter snapshot")
}

pub(crate) fn interface_gone(error: &ApiError) -> bool {
    error.is(INTERFACE_GONE)
}

/// Neither address nor association are there.
pub(crate) fn address_gone(error: &ApiError) -> bool {
    error.is(ADDRESS_GONE)
}

pub(crate) fn route_gone(error: &ApiError) -> bool {
    error.is(ROUTE_GONE)
}

/// There is nothing to be replaced: `ReplaceRoute` has a code that tells so only by its text.
pub(crate) fn no_such_route(error: &ApiError) -> bool {
    error.is(&["InvalidRoute.NotFound"]) || invalid_value(error, "no route defined")
}

/// The name of the device went to another volume a moment ago.
pub(crate) fn device_taken(error: &ApiError) -> bool {
    invalid_value(error, "already in use")
}

/// What was just made is not there, says a part of EC2 that may not know of it yet.
pub(crate) fn not_known_yet(error: &ApiError) -> bool {
    error.is(NOT_KNOWN_YET)
}

/// An error that may mean no more than "too many requests".
pub(crate) trait MaybeThrottled {
    fn is_throttled(&self) -> bool;
}

impl MaybeThrottled for ApiError {
    fn is_throttled(&self) -> bool {
        self.is(THROTTLED)
    }
}

impl MaybeThrottled for Failure {
    fn is_throttled(&self) -> bool {
        matches!(self, Self::Cloud(failure) if THROTTLED.contains(&failure.code.as_str()))
    }
}

/// Whether EC2 refuses another change of a volume for now, or this kind of change.
pub(crate) fn not_modifiable(error: &ApiError) -> bool {
    error.is(NOT_MODIFIABLE)
}

pub(crate) fn vm_not_found(vm: &str) -> Failure {
    Failure::not_found(Thing::Vm, format!("VM `{vm}' not found"))
}

pub(crate) fn disk_not_found(disk: &str) -> Failure {
    Failure::not_found(Thing::Disk, format!("Disk '{disk}' not found"))
}

/// Names the one thing that a call is about.
pub(crate) trait Naming {
    /// Adds it to an error of EC2's that does not say it itself.
    fn naming(self, kind: &str, id: &str) -> Self;
}

impl<T> Naming for Result<T, Failure> {
    fn naming(self, kind: &str, id: &str) -> Self {
        self.map_err(|failure| match failure {
            Failure::Cloud(_) if !failure.message().contains(id) => failure.within(&format!("{kind} '{id}'")),
            other => other,
        })
    }
}

/// For operations on one VM.
pub(crate) fn of_vm(error: ApiError, vm: &str) -> Failure {
    if vm_gone(&error) { vm_not_found(vm) } else { error.into() }
}

/// For operations on one volume.
pub(crate) fn of_disk(error: ApiError, disk: &str) -> Failure {
    if volume_gone(&error) { disk_not_found(disk) } else { storage(error) }
}

/// For operations that take up storage.
pub(crate) fn storage(error: ApiError) -> Failure {
    if error.is(NO_SPACE) { Failure::no_disk_space(error.to_string()) } else { error.into() }
}

/// For a launch. An error that EC2 answers with means that there is no VM; with no answer nobody knows.
pub(crate) fn launch(error: ApiError) -> Failure {
    match error {
        ApiError::Service { .. } if error.is_throttled() => error.into(),
        ApiError::Service { .. } => Failure::vm_not_created(error.to_string(), is_capacity(&error)),
        other => other.into(),
    }
}

/// Whether the same launch may find room later.
pub(crate) fn is_capacity(error: &ApiError) -> bool {
    error.is(CAPACITY)
}

/// Whether an interface in another subnet may find room.
pub(crate) fn subnet_full(error: &ApiError) -> bool {
    error.is(&["InsufficientFreeAddressesInSubnet"])
}

/// Whether a launch of another type, or in another zone, may find room now.
pub(crate) fn no_room(error: &ApiError) -> bool {
    is_capacity(error) || error.is(NOT_THIS_ONE)
}

/// For an instance that stopped before it ran.
pub(crate) fn died(vm: &str, state: &str, reason: Option<(&str, &str)>, transition: Option<&str>) -> Failure {
    let (code, text) = reason.unwrap_or(("no reason given", ""));
    // The text usually begins with the code.
    let reason = if text.starts_with(code) { text.to_owned() } else { format!("{code}: {text}") };
    let transition = transition.filter(|text| !text.is_empty()).map(|text| format!(" ({text})")).unwrap_or_default();
    let message = format!("instance '{vm}' is {state} instead of running: {reason}{transition}");
    Failure::vm_not_created(message, TRANSIENT_REASONS.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(code: &str, message: &str) -> ApiError {
        ApiError::Service {
            operation: "Op".into(),
            code: code.into(),
            message: message.into(),
            request_id: Some("r-1".into()),
        }
    }

    #[test]
    fn capacity_may_be_tried_again_and_quota_not() {
        let retry = |code: &str| match launch(service(code, "no")) {
            Failure::VmNotCreated(failure) => failure.retry,
            other => panic!("{other:?}"),
        };
        assert!(retry("InsufficientInstanceCapacity"));
        assert!(retry("SpotMaxPriceTooLow"));
        assert!(!retry("VcpuLimitExceeded"));
        assert!(!retry("UnauthorizedOperation"));
    }

    #[test]
    fn a_launch_failure_says_everything_that_ec2_said() {
        assert_eq!(
            launch(service("Unsupported", "Not here.")).message(),
            "Op: Unsupported: Not here. (request id r-1)"
        );
    }

    #[test]
    fn missing_things_have_their_own_types() {
        assert_eq!(of_vm(service("InvalidInstanceID.Malformed", ""), "i-1"), vm_not_found("i-1"));
        assert_eq!(of_disk(service("InvalidVolume.NotFound", ""), "vol-1"), disk_not_found("vol-1"));
        let malformed = service("InvalidParameterValue", "Value (x) for parameter volumeId is invalid.");
        assert_eq!(of_disk(malformed, "x"), disk_not_found("x"));
        assert!(snapshot_gone(&service("InvalidParameterValue", "Value (x) for parameter snapshotId is invalid.")));
        let other = service("InvalidParameterValue", "Value (x) for parameter device is invalid.");
        assert!(matches!(of_disk(other, "x"), Failure::Cloud(_)));
    }

    #[test]
    fn a_route_that_cannot_be_replaced_is_told_by_its_text() {
        let text = "There is no route defined for '10.0.0.0/8' in the route table. Use CreateRoute instead.";
        assert!(no_such_route(&service("InvalidParameterValue", text)));
        assert!(no_such_route(&service("InvalidRoute.NotFound", "")));
        assert!(!no_such_route(&service("InvalidParameterValue", "The destination CIDR block is invalid.")));
    }

    #[test]
    fn what_a_call_is_about_is_named_once() {
        let told = |message: &str| {
            let failed: Result<(), Failure> = Err(service("UnauthorizedOperation", message).into());
            failed.naming("disk", "vol-1").naming("VM", "i-1").unwrap_err().describe()
        };
        assert_eq!(told("no"), "Op: UnauthorizedOperation: VM 'i-1': disk 'vol-1': no (request id r-1)");
        assert_eq!(told("not i-1"), "Op: UnauthorizedOperation: disk 'vol-1': not i-1 (request id r-1)");
        let failed: Result<(), Failure> = Err(vm_not_found("i-2"));
        assert_eq!(failed.naming("VM", "i-1"), Err(vm_not_found("i-2")));
    }

    #[test]
    fn throttling_is_recognised_in_both_forms() {
        let error = service("RequestLimitExceeded", "slow down");
        assert!(error.is_throttled() && Failure::from(error).is_throttled());
        assert!(!Failure::rejected("RequestLimitExceeded").is_throttled());
    }

    #[test]
    fn storage_quotas_are_no_disk_space() {
        assert!(matches!(storage(service("VolumeLimitExceeded", "")), Failure::NoDiskSpace(_)));
        assert!(matches!(storage(service("UnauthorizedOperation", "")), Failure::Cloud(_)));
    }

    #[test]
    fn the_reason_of_a_death_is_told() {
        let failure = died(
            "i-1",
            "terminated",
            Some(("Server.InternalError", "Server.InternalError: internal error on launch")),
            Some("Server.InternalError"),
        );
        assert!(matches!(&failure, Failure::VmNotCreated(failure) if failure.retry));
        assert_eq!(
            failure.message(),
            "instance 'i-1' is terminated instead of running: Server.InternalError: internal error on launch \
             (Server.InternalError)"
        );
        let failure = died("i-1", "terminated", Some(("Client.VolumeLimitExceeded", "limit")), None);
        assert!(matches!(failure, Failure::VmNotCreated(failure) if !failure.retry));
    }
}
