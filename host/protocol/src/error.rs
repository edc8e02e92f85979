use std::fmt;

use serde_json::{Value, json};

use crate::printable;

/// The error types that a CPI may answer with.
///
/// Directors know the ten under `Bosh::Clouds::`; `InvalidCall` is what the reference library says of a malformed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// The request is malformed: the caller is at fault.
    InvalidCall,
    /// The host, its configuration or a plugin is at fault.
    CpiError,
    /// The method exists, but not for these arguments or this cloud.
    NotSupported,
    /// The method does not exist here. Callers fall back or skip.
    NotImplemented,
    /// The cloud refused or failed: the default.
    CloudError,
    /// The VM does not exist.
    VmNotFound,
    /// The managed network does not exist.
    NetworkNotFound,
    /// Out of storage, or of quota for it.
    NoDiskSpace,
    /// The disk is not attached to that VM.
    DiskNotAttached,
    /// The disk or snapshot does not exist.
    DiskNotFound,
    /// The VM could not be created; the director tries again when told that it may.
    VmCreationFailed,
}

impl ErrorType {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidCall => "InvalidCall",
            Self::CpiError => "Bosh::Clouds::CpiError",
            Self::NotSupported => "Bosh::Clouds::NotSupported",
            Self::NotImplemented => "Bosh::Clouds::NotImplemented",
            Self::CloudError => "Bosh::Clouds::CloudError",
            Self::VmNotFound => "Bosh::Clouds::VMNotFound",
            Self::NetworkNotFound => "Bosh::Clouds::NetworkNotFound",
            Self::NoDiskSpace => "Bosh::Clouds::NoDiskSpace",
            Self::DiskNotAttached => "Bosh::Clouds::DiskNotAttached",
            Self::DiskNotFound => "Bosh::Clouds::DiskNotFound",
            Self::VmCreationFailed => "Bosh::Clouds::VMCreationFailed",
        }
    }

    /// Whether callers read `ok_to_retry` of this type; of every other type it is `false`.
    fn carries_retry(self) -> bool {
        matches!(self, Self::NoDiskSpace | Self::DiskNotAttached | Self::DiskNotFound | Self::VmCreationFailed)
    }
}

/// The `error` member of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpiError {
    kind: ErrorType,
    message: String,
    ok_to_retry: bool,
}

impl CpiError {
    /// An error that trying again does not mend.
    pub fn new(kind: ErrorType, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), ok_to_retry: false }
    }

    /// An error after which a fresh attempt may succeed; ignored for types that carry no such hint.
    pub fn retriable(kind: ErrorType, message: impl Into<String>, ok_to_retry: bool) -> Self {
        Self { kind, message: message.into(), ok_to_retry: ok_to_retry && kind.carries_retry() }
    }

    /// A call whose arguments or settings are wrong, in the words of the reference library.
    pub fn arguments(details: impl fmt::Display) -> Self {
        Self::new(ErrorType::InvalidCall, format!("Arguments are not correct, details: '{details}'"))
    }

    /// A fault of the host, its configuration or a plugin.
    pub fn host(message: impl Into<String>) -> Self {
        Self::new(ErrorType::CpiError, message)
    }

    /// The type of the error.
    pub fn kind(&self) -> ErrorType {
        self.kind
    }

    /// What went wrong, for operators.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether a fresh attempt may succeed.
    pub fn ok_to_retry(&self) -> bool {
        self.ok_to_retry
    }

    /// The same error with its message rewritten.
    #[must_use]
    pub fn map_message(self, rewrite: impl FnOnce(&str) -> String) -> Self {
        Self { message: rewrite(&self.message), ..self }
    }

    /// The member `error` of a response.
    pub fn to_json(&self) -> Value {
        // Whoever's text is in it: it is shown on terminals and kept in logs of lines.
        const LONGEST: usize = 16 << 10;
        json!({"type": self.kind.name(), "message": printable(&self.message, LONGEST), "ok_to_retry": self.ok_to_retry})
    }
}

impl fmt::Display for CpiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.message)
    }
}

impl std::error::Error for CpiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_four_types_carry_a_retry_hint() {
        assert_eq!(CpiError::retriable(ErrorType::CloudError, "x", true).to_json()["ok_to_retry"], false);
        assert_eq!(CpiError::retriable(ErrorType::VmCreationFailed, "x", true).to_json()["ok_to_retry"], true);
    }
}
