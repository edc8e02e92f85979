use cpi_protocol::{CpiError, ErrorType, printable};

use crate::bindings::bosh::cpi::types::{Failure, Thing};

/// The BOSH error that a provider's failure stands for.
pub(crate) fn error(failure: Failure) -> CpiError {
    plain(failure).map_message(clean)
}

/// The same for metadata methods: callers go on without them when they are not implemented, and fail when they are not
/// supported.
pub(crate) fn of_metadata(failure: Failure) -> CpiError {
    match failure {
        Failure::NotSupported(message) => error(Failure::NotImplemented(message)),
        failure => error(failure),
    }
}

/// Text of a plugin's as callers may show it: one line, not endless, and without the two beginnings that callers read
/// as "not implemented", whatever the type of the error.
fn clean(message: &str) -> String {
    const LONGEST: usize = 8192;
    const SPECIAL: [&str; 2] = ["Method is not known, got", "Invalid Method:"];
    let special = SPECIAL.iter().any(|start| message.trim_start().starts_with(start));
    printable(&format!("{}{message}", if special { "the provider says: " } else { "" }), LONGEST)
}

fn plain(failure: Failure) -> CpiError {
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
