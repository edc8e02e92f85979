use std::net::SocketAddr;

use crate::ConfigLine;

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
        "host-not-granted: plugin '{plugin}' may not reach {origin}; with these settings it may reach {}.{}",
        list(granted),
        endpoint_line(plugin, origin, endpoint.as_deref())
    )]
    Host {
        /// The plugin.
        plugin: String,
        /// Where it wanted to go.
        origin: String,
        /// Where it may go.
        granted: Vec<String>,
        /// The setting under which an operator may name the address.
        endpoint: Option<String>,
    },
    /// The host may be reached, but not with this method.
    #[error("method-not-granted: the manifest has no {method} for {url}: only the plugin's author can change that")]
    Method {
        /// The method.
        method: &'static str,
        /// Where to.
        url: String,
    },
    /// The host may be reached, but not under this path.
    #[error("path-not-granted: the manifest has no such path: {url}: only the plugin's author can change that")]
    Path {
        /// Where to.
        url: String,
    },
    /// The request names another credential than the manifest has for it.
    #[error(
        "credential-not-granted: {url} takes {}, the request asks for {}: only the plugin's author can change that",
        name(granted.as_ref()),
        name(asked.as_ref())
    )]
    Credential {
        /// Where to.
        url: String,
        /// What the request names.
        asked: Option<String>,
        /// What the manifest has.
        granted: Option<String>,
    },
    /// The request would carry a part of a stemcell image where the manifest has none.
    #[error(
        "image-not-granted: no part of a stemcell image goes to {url}: only the plugin's author can change that, with \
         `image = true` in the [[http]] block of the manifest"
    )]
    Image {
        /// Where to.
        url: String,
    },
    /// The action of the request cannot be told or is not granted.
    #[error("action-not-granted: {field}: {problem}: only the plugin's author can change that")]
    Action {
        /// The field of the form.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The manifest asks for it, but the operator's table for the plugin leaves it out.
    #[error(
        "excluded-by-operator: plugin '{plugin}' asks for {request}, which the host's configuration leaves out; \
         to allow it, write there: {}",
        lines.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    Operator {
        /// The plugin.
        plugin: String,
        /// Method, place and action.
        request: String,
        /// What the operator would have to write, in place of lines with the same keys.
        lines: Vec<ConfigLine>,
    },
    /// The operator's table for the plugin forbids it to place the settings of agents.
    #[error(
        "agents-excluded-by-operator: plugin '{plugin}' may not place the settings of agents into its requests; \
         to allow it, write in the host's configuration: {line}"
    )]
    Agents {
        /// The plugin.
        plugin: String,
        /// What the operator would have to write.
        line: ConfigLine,
    },
    /// The host is, or resolves to, an address that no request goes to unless the operator opens it.
    #[error(
        "address-not-granted: {host} is at {address}, which is private, reserved or a metadata service; \
         if that is intended, write in the host's configuration: {line}"
    )]
    Address {
        /// The host of the URL.
        host: String,
        /// Its address.
        address: SocketAddr,
        /// What the operator would have to write.
        line: ConfigLine,
    },
    /// The body is larger than the limit.
    #[error(
        "body-too-large: {bytes} bytes, the limit is {limit}; if the plugin needs that, write in the host's \
         configuration: {}",
        body_line(*bytes)
    )]
    BodyTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

impl Denial {
    /// What an operator could write into the host's configuration to allow it; nothing where only an author can help.
    pub fn lines(&self) -> Vec<ConfigLine> {
        match self {
            Self::Operator { lines, .. } => lines.clone(),
            Self::Agents { line, .. } | Self::Address { line, .. } => vec![line.clone()],
            Self::BodyTooLarge { bytes, .. } => vec![body_line(*bytes)],
            _ => Vec::new(),
        }
    }

    /// How far a request came through the checks of a rule.
    pub(super) fn depth(&self) -> u8 {
        match self {
            Self::Path { .. } => 1,
            Self::Method { .. } => 2,
            Self::Credential { .. } => 3,
            Self::Image { .. } => 4,
            Self::Action { .. } => 5,
            Self::Operator { .. } => 6,
            Self::Address { .. } => 7,
            Self::Url { .. }
            | Self::Header { .. }
            | Self::SignedQuery
            | Self::Host { .. }
            | Self::Agents { .. }
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
            Self::Image { .. } => "image-not-granted",
            Self::Action { .. } => "action-not-granted",
            Self::Operator { .. } => "excluded-by-operator",
            Self::Agents { .. } => "agents-excluded-by-operator",
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

/// Where an operator could name the address, or who else could.
fn endpoint_line(plugin: &str, origin: &str, key: Option<&str>) -> String {
    match key {
        Some(key) => {
            let line = match key.split_once('.') {
                Some((root, member)) => format!("\"{root}\": {{\"{member}\": \"{origin}\"}}"),
                None => format!("\"{key}\": \"{origin}\""),
            };
            format!(
                " If the address is right, write in cloud.properties.{plugin} of the provider's configuration: {line}"
            )
        }
        None => " Only the plugin's author can change that".to_owned(),
    }
}

fn body_line(bytes: usize) -> ConfigLine {
    ConfigLine::new("limits.http", "request", format!("{}MiB", bytes.div_ceil(1 << 20)))
}
