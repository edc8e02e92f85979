use std::net::SocketAddr;

/// Why a request is not sent. Every text is for operators and authors, and holds no header and no body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denial {
    /// The URL is not one that host and service are sure to read alike: the plugin is at fault.
    #[error("invalid-url: '{url}' {problem}")]
    Url {
        /// As the plugin wrote it.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A header that is the host's, or that is malformed: the plugin is at fault.
    #[error("forbidden-header: '{name}' {problem}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The query of the URL carries a signature of its own: the plugin is at fault.
    #[error("forbidden-query: the URL carries a signature, which the host makes")]
    SignedQuery,
    /// No rule names this scheme, host and port.
    #[error(
        "host-not-granted: plugin '{plugin}' may not reach {origin}; with these settings it may reach {}. \
         If the address is right, name it as the provider's endpoint in the configuration",
        list(granted)
    )]
    Host {
        /// The plugin.
        plugin: String,
        /// Where it wanted to go.
        origin: String,
        /// Where it may go.
        granted: Vec<String>,
    },
    /// The host may be reached, but not with this method.
    #[error("method-not-granted: the manifest has no {method} for {url}")]
    Method {
        /// The method.
        method: &'static str,
        /// Where to.
        url: String,
    },
    /// The host may be reached, but not under this path.
    #[error("path-not-granted: the manifest has no such path: {url}")]
    Path {
        /// Where to.
        url: String,
    },
    /// The request names another credential than the manifest has for it.
    #[error("credential-not-granted: {url} takes {}, the request asks for {}", name(granted.as_ref()), name(asked.as_ref()))]
    Credential {
        /// Where to.
        url: String,
        /// What the request names.
        asked: Option<String>,
        /// What the manifest has.
        granted: Option<String>,
    },
    /// The action of the request cannot be told or is not granted.
    #[error("action-not-granted: {field}: {problem}")]
    Action {
        /// The field of the form.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The host is, or resolves to, an address that is not public.
    #[error(
        "address-not-granted: {host} is at {address}, which is not a public address; \
         if it is meant, add to the host's configuration: [egress] allow-private = [\"{}\"]",
        allowed(address)
    )]
    Address {
        /// The host of the URL.
        host: String,
        /// Its address.
        address: SocketAddr,
    },
    /// The body is larger than the limit.
    #[error("body-too-large: {bytes} bytes, the limit is {limit}: raise [limits] http = {{ request = … }}")]
    BodyTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

impl Denial {
    /// How far a request came through the checks of a rule.
    pub(super) fn depth(&self) -> u8 {
        match self {
            Self::Path { .. } => 1,
            Self::Method { .. } => 2,
            Self::Credential { .. } => 3,
            Self::Address { .. } => 4,
            Self::Action { .. } => 5,
            Self::Url { .. }
            | Self::Header { .. }
            | Self::SignedQuery
            | Self::Host { .. }
            | Self::BodyTooLarge { .. } => 0,
        }
    }

    /// A stable name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "invalid-url",
            Self::Header { .. } => "forbidden-header",
            Self::SignedQuery => "forbidden-query",
            Self::Host { .. } => "host-not-granted",
            Self::Method { .. } => "method-not-granted",
            Self::Path { .. } => "path-not-granted",
            Self::Credential { .. } => "credential-not-granted",
            Self::Action { .. } => "action-not-granted",
            Self::Address { .. } => "address-not-granted",
            Self::BodyTooLarge { .. } => "body-too-large",
        }
    }
}

fn list(origins: &[String]) -> String {
    if origins.is_empty() { "no host".to_owned() } else { origins.join(", ") }
}

fn name(credential: Option<&String>) -> String {
    credential.map_or("none".to_owned(), |name| format!("credential '{name}'"))
}

/// The entry of the host's configuration that would allow an address.
fn allowed(address: &SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => format!("{}/32:{}", address.ip(), address.port()),
        SocketAddr::V6(address) => format!("[{}/128]:{}", address.ip(), address.port()),
    }
}
