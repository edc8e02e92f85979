use std::fmt;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cpi_policy::AddressRule;
use cpi_protocol::{CpiError, ErrorType, Object};
use reqwest::Method;
use url::Url;

use crate::network::OwnRequest;
use crate::{Incoming, Journal, Level, Network};

mod config;
mod document;

pub use document::{add_disk, remove_disk};

/// The server from which agents of old stemcells fetch their settings.
///
/// `PUT`, `GET` and `DELETE {endpoint}/instances/{vm}/settings`, with basic authentication.
pub struct Registry {
    /// As the agent gets it. It may hold a name and a password, which agents behind a NAT need.
    endpoint: String,
    /// The same without them.
    base: Url,
    credentials: Option<(String, String)>,
}

/// Why a registry did not do what it was asked. No text holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are what the message says")]
pub enum RegistryError {
    /// The operator's configuration is at fault.
    #[error("cloud.properties.registry: {0}")]
    Configuration(String),
    /// The registry refused: the operator, or who runs the registry, can tell why.
    #[error("Cannot {verb} settings for '{vm}', got HTTP {status} from the registry {endpoint}")]
    Refused { verb: &'static str, vm: String, status: u16, endpoint: String },
    /// The registry cannot be reached, or did not answer in time.
    #[error("Cannot {verb} settings for '{vm}' in the registry: {cause}")]
    Unreachable { verb: &'static str, vm: String, cause: String },
    /// The registry holds something that is no settings document.
    #[error("Cannot read settings for '{vm}' from the registry {endpoint}: {problem}")]
    Settings { vm: String, endpoint: String, problem: String },
}

impl From<RegistryError> for CpiError {
    fn from(error: RegistryError) -> Self {
        let kind = match error {
            RegistryError::Configuration(_) => ErrorType::CpiError,
            _ => ErrorType::CloudError,
        };
        Self::new(kind, error.to_string())
    }
}

/// How the registry is reached, and where that is written down.
#[derive(Clone, Copy)]
pub struct Via<'a> {
    /// The way there.
    pub network: &'a Network,
    /// From connecting to the last byte.
    pub timeout: Duration,
    /// Has a line for each request.
    pub journal: &'a Journal,
}

impl Registry {
    /// Where agents find it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Writes the settings of a VM's agent.
    pub async fn write(&self, vm: &str, settings: String, via: Via<'_>) -> Result<(), RegistryError> {
        let Incoming { status, .. } = self.send(Method::PUT, "update", vm, Some(settings), via).await?;
        if is_success(status) { Ok(()) } else { Err(self.refused("update", vm, status)) }
    }

    /// Reads the settings of a VM's agent; `None` when the registry does not know the VM.
    pub async fn read(&self, vm: &str, via: Via<'_>) -> Result<Option<Object>, RegistryError> {
        let Incoming { status, body, .. } = self.send(Method::GET, "read", vm, None, via).await?;
        match status {
            404 => Ok(None),
            status if is_success(status) => document::settings(&body).map(Some).map_err(|problem| {
                RegistryError::Settings { vm: vm.to_owned(), endpoint: self.base.to_string(), problem }
            }),
            status => Err(self.refused("read", vm, status)),
        }
    }

    /// Forgets a VM. One that is not known is a success.
    pub async fn delete(&self, vm: &str, via: Via<'_>) -> Result<(), RegistryError> {
        let Incoming { status, .. } = self.send(Method::DELETE, "delete", vm, None, via).await?;
        if is_success(status) || status == 404 { Ok(()) } else { Err(self.refused("delete", vm, status)) }
    }

    async fn send(
        &self,
        method: Method,
        verb: &'static str,
        vm: &str,
        body: Option<String>,
        via: Via<'_>,
    ) -> Result<Incoming, RegistryError> {
        let what = format!("registry {method} {}instances/{vm}/settings", self.base);
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if let Some((user, password)) = &self.credentials {
            headers
                .push(("authorization".to_owned(), format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))));
        }
        let request = OwnRequest {
            method,
            url: self.url_of(vm)?,
            // The operator's own file names this host: any address that it has.
            addresses: AddressRule::Any,
            headers,
            body: body.unwrap_or_default().into_bytes(),
            timeout: via.timeout,
        };
        let start = Instant::now();
        let outcome = via.network.send(request).await;
        let ms = start.elapsed().as_secs_f64() * 1e3;
        match &outcome {
            Ok(answer) => via.journal.write(Level::Info, format_args!("{what} -> {} in {ms:.1} ms", answer.status)),
            Err(cause) => via.journal.write(Level::Warn, format_args!("{what} failed after {ms:.1} ms: {cause}")),
        }
        outcome.map_err(|problem| RegistryError::Unreachable { verb, vm: vm.to_owned(), cause: problem.to_string() })
    }

    fn url_of(&self, vm: &str) -> Result<Url, RegistryError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| RegistryError::Configuration("endpoint must have a host".to_owned()))?
            .pop_if_empty()
            .extend(["instances", vm, "settings"]);
        Ok(url)
    }

    fn refused(&self, verb: &'static str, vm: &str, status: u16) -> RegistryError {
        let endpoint = self.base.to_string();
        RegistryError::Refused { verb, vm: vm.to_owned(), status, endpoint }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({})", self.base)
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_vm_is_one_segment_of_the_path() {
        let registry = Registry::of(json!({"endpoint": "http://h:1/base/"}).as_object().unwrap()).unwrap().unwrap();
        assert_eq!(registry.url_of("a/../b?c").unwrap().as_str(), "http://h:1/base/instances/a%2F..%2Fb%3Fc/settings");
    }
}
