use crate::{CloudFailure, Failure, Missing, Retriable, Thing};

impl Failure {
    /// The resource that the call is about does not exist.
    pub fn not_found(what: Thing, message: impl Into<String>) -> Self {
        Self::NotFound(Missing { what, message: message.into() })
    }

    /// The VM could not be made, and what was made for it is removed. `retry`: another attempt could end differently.
    pub fn vm_not_created(message: impl Into<String>, retry: bool) -> Self {
        Self::VmNotCreated(Retriable { message: message.into(), retry })
    }

    /// The cloud has no room for the disk.
    pub fn no_disk_space(message: impl Into<String>) -> Self {
        Self::NoDiskSpace(Retriable { message: message.into(), retry: false })
    }

    /// The disk is not attached to this VM.
    pub fn disk_not_attached(message: impl Into<String>) -> Self {
        Self::DiskNotAttached(Retriable { message: message.into(), retry: true })
    }

    /// The cloud's API answered with an error.
    pub fn cloud(operation: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Cloud(CloudFailure {
            operation: operation.into(),
            code: code.into(),
            message: message.into(),
            request_id: None,
        })
    }

    /// The provider refuses what the cloud properties or the state of the cloud ask for.
    pub fn rejected(message: impl Into<String>) -> Self {
        Self::Rejected(message.into())
    }

    /// An argument or a setting is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// The method exists, but not for these arguments.
    pub fn not_supported(message: impl Into<String>) -> Self {
        Self::NotSupported(message.into())
    }

    /// The message, without the kind of the failure.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::NotFound(Missing { message, .. })
            | Self::VmNotCreated(Retriable { message, .. })
            | Self::NoDiskSpace(Retriable { message, .. })
            | Self::DiskNotAttached(Retriable { message, .. })
            | Self::Cloud(CloudFailure { message, .. })
            | Self::NotSupported(message)
            | Self::NotImplemented(message)
            | Self::Rejected(message)
            | Self::Invalid(message) => message,
        }
    }

    /// One line for operators: the message, and of an API's error its operation, code and request number too.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Cloud(CloudFailure { operation, code, message, request_id }) => {
                let number = request_id.as_ref().map(|id| format!(" (request id {id})")).unwrap_or_default();
                format!("{operation}: {code}: {message}{number}")
            }
            other => other.message().to_owned(),
        }
    }

    /// The same failure with more text at its end, such as what went wrong while cleaning up.
    #[must_use]
    pub fn and(mut self, note: &str) -> Self {
        // The number belongs to the first error, so it stays with its text.
        let number = match &mut self {
            Self::Cloud(CloudFailure { request_id, .. }) => request_id.take(),
            _ => None,
        };
        let number = number.map(|id| format!(" (request id {id})")).unwrap_or_default();
        let message = self.message_mut();
        *message = format!("{message}{number}; {note}");
        self
    }

    /// The same failure with text before its message, such as which of several resources it is about.
    #[must_use]
    pub fn within(mut self, context: &str) -> Self {
        let message = self.message_mut();
        *message = format!("{context}: {message}");
        self
    }

    fn message_mut(&mut self) -> &mut String {
        match self {
            Self::NotFound(Missing { message, .. })
            | Self::VmNotCreated(Retriable { message, .. })
            | Self::NoDiskSpace(Retriable { message, .. })
            | Self::DiskNotAttached(Retriable { message, .. })
            | Self::Cloud(CloudFailure { message, .. })
            | Self::NotSupported(message)
            | Self::NotImplemented(message)
            | Self::Rejected(message)
            | Self::Invalid(message) => message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_added_around_the_first_message() {
        let failure = Failure::cloud("RunInstances", "Unsupported", "no such type").within("spot").and("and then");
        assert_eq!(failure.message(), "spot: no such type; and then");
        assert_eq!(failure.describe(), "RunInstances: Unsupported: spot: no such type; and then");
    }

    #[test]
    fn a_request_number_stays_with_its_error() {
        let cloud = CloudFailure {
            operation: "Op".into(),
            code: "C".into(),
            message: "first".into(),
            request_id: Some("7".into()),
        };
        assert_eq!(Failure::Cloud(cloud).and("second").describe(), "Op: C: first (request id 7); second");
    }
}
