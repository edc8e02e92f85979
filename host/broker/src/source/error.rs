use crate::Problem;

/// Why a request cannot be authenticated. No text holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// Settings are missing, or contradict one another: the operator's configuration is at fault.
    #[error("{0}")]
    Settings(String),
    /// The request has something that its credential forbids: the plugin is at fault.
    #[error("{0}")]
    Request(String),
    /// A service that gives credentials does not accept what it was sent: the configuration, or the rights in the
    /// cloud, are at fault.
    #[error("{service} gives no credentials: {code}: {message}")]
    Refused {
        /// Who refused.
        service: String,
        /// The service's own code.
        code: String,
        /// The service's own words.
        message: String,
    },
    /// A service that gives credentials cannot be reached, or does not answer: the network is at fault, or the
    /// configuration that names it.
    #[error("{service} gives no credentials: {problem}")]
    Unreachable {
        /// Who did not answer.
        service: String,
        /// What happened.
        problem: String,
    },
    /// The answer is none that the service would give: something else is at its address.
    #[error("{service} gives no credentials: the answer cannot be read: {problem}")]
    Unreadable {
        /// Who answered.
        service: String,
        /// What is wrong with the answer.
        problem: String,
    },
}

impl CredentialError {
    /// A stable name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Settings(_) => "credential-settings",
            Self::Request(_) => "credential-request",
            Self::Refused { .. } => "credential-refused",
            Self::Unreachable { .. } => "credential-unreachable",
            Self::Unreadable { .. } => "credential-unreadable",
        }
    }

    /// The same error, its texts passed through a mask: services repeat what they were sent.
    pub(crate) fn masked(self, mask: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Settings(text) => Self::Settings(mask(&text)),
            Self::Request(text) => Self::Request(mask(&text)),
            Self::Refused { service, code, message } => {
                Self::Refused { service, code: mask(&code), message: mask(&message) }
            }
            Self::Unreachable { service, problem } => Self::Unreachable { service, problem: mask(&problem) },
            Self::Unreadable { service, problem } => Self::Unreadable { service, problem: mask(&problem) },
        }
    }

    /// What a request of the host's own came to.
    pub(crate) fn unreachable(service: &str, problem: &Problem) -> Self {
        Self::Unreachable { service: service.to_owned(), problem: problem.to_string() }
    }
}
