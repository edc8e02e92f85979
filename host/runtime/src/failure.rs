use cpi_protocol::{CpiError, ErrorType};

use crate::bindings::bosh::cpi::types::{Failure, Thing};

/// The BOSH error that a provider's failure stands for.
pub(crate) fn error(failure: Failure) -> CpiError {
    match failure {
        Failure::NotFound(missing) => CpiError::new(
            match missing.what {
                Thing::Vm => ErrorType::VmNotFound,
                Thing::Disk => ErrorType::DiskNotFound,
                Thing::Network => ErrorType::NetworkNotFound,
                // Directors have no type for these.
                Thing::Snapshot | Thing::Stemcell => ErrorType::CloudError,
            },
            missing.message,
        ),
        Failure::NotSupported(message) => CpiError::new(ErrorType::NotSupported, message),
        Failure::NotImplemented(message) => CpiError::new(ErrorType::NotImplemented, message),
        Failure::VmNotCreated(cause) => CpiError::retriable(ErrorType::VmCreationFailed, cause.message, cause.retry),
        Failure::NoDiskSpace(cause) => CpiError::retriable(ErrorType::NoDiskSpace, cause.message, cause.retry),
        Failure::DiskNotAttached(cause) => CpiError::retriable(ErrorType::DiskNotAttached, cause.message, cause.retry),
        Failure::Cloud(cause) => {
            let request = cause.request_id.map(|id| format!(" (request id {id})")).unwrap_or_default();
            let message = format!("{}: {}: {}{request}", cause.operation, cause.code, cause.message);
            CpiError::new(ErrorType::CloudError, message)
        }
        Failure::Rejected(message) => CpiError::new(ErrorType::CloudError, message),
        Failure::Invalid(message) => CpiError::arguments(message),
    }
}
