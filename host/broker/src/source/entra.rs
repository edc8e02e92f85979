//! Tokens of Microsoft Entra ID: for a client with a secret, a certificate or the token of another issuer, and for the
//! identity of the machine.

use std::sync::Arc;
use std::time::SystemTime;

use cpi_policy::{Audience, HostSettings};
use url::Url;

use super::{CredentialError, Fresh};
use crate::network::Network;

mod assertion;
mod environment;
mod job;
mod managed_identity;
mod token;

pub(crate) use environment::Environment;
pub use job::stack_certificates;
use token::Ask;

/// The settings to look at when Entra refuses a client that proves itself with its own secret.
const SECRET: &str = "tenant_id, client_id or client_secret/certificate";
/// And when another issuer vouches for it.
const FEDERATED: &str = "tenant_id, client_id or the token in federated_token_file";

/// How the token for one credential is had.
pub(crate) struct EntraSource {
    settings: Arc<HostSettings>,
    network: Arc<Network>,
    audience: Audience,
    version: Version,
}

/// Which of Entra's endpoints is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// With `resource=`.
    One,
    /// With `scope=…/.default`.
    Two,
}

impl EntraSource {
    pub(crate) fn new(
        settings: Arc<HostSettings>,
        network: Arc<Network>,
        audience: Audience,
        version: Version,
    ) -> Self {
        Self { settings, network, audience, version }
    }

    /// Asks for a token.
    pub(crate) async fn fetch(&self) -> Result<Fresh<String>, CredentialError> {
        let settings = &self.settings;
        let environment = Environment::of(settings, &self.network)?;
        let resource = match &self.audience {
            Audience::Management => environment.management.clone(),
            Audience::Storage => "https://storage.azure.com/".to_owned(),
            Audience::Uri(uri) => uri.clone(),
        };
        let ask = match settings.text("credentials_source").unwrap_or("static") {
            "managed_identity" => managed_identity::ask(settings, &resource)?,
            "static" => self.for_client(&environment, &resource, SECRET, |url, client| self.proof(url, client))?,
            "workload_identity" => self.for_client(&environment, &resource, FEDERATED, |_, _| self.federated())?,
            other => {
                return Err(CredentialError::Settings(format!(
                    "Unknown credentials_source {}: it can be static, managed_identity, workload_identity",
                    cpi_protocol::printable(other, 60)
                )));
            }
        };
        let answer = ask.send(&self.network).await?;
        Ok(Fresh::new(answer.token, answer.expires, SystemTime::now()))
    }

    /// A token for the client that the settings name, with what proves that it is this client.
    fn for_client(
        &self,
        environment: &Environment,
        resource: &str,
        looked_at: &'static str,
        proof: impl FnOnce(&Url, &str) -> Result<Vec<(&'static str, String)>, CredentialError>,
    ) -> Result<Ask, CredentialError> {
        let client = self.required("client_id")?;
        let url = environment.token_url(self.settings.text("tenant_id"), self.version)?;
        let mut form = vec![("grant_type", "client_credentials".to_owned()), ("client_id", client.to_owned())];
        if environment.speaks_two() && self.version == Version::Two {
            form.push(("scope", format!("{}/.default", resource.trim_end_matches('/'))));
        } else {
            form.push(("resource", resource.to_owned()));
            form.push(("scope", "user_impersonation".to_owned()));
        }
        form.extend(proof(&url, client)?);
        Ok(Ask::form(url, environment.addresses.clone(), form, looked_at))
    }

    /// The secret when there is one, or else an assertion that the certificate signs: the order of the Ruby CPI.
    fn proof(&self, url: &Url, client: &str) -> Result<Vec<(&'static str, String)>, CredentialError> {
        match self.settings.text("client_secret") {
            Some(secret) => Ok(vec![("client_secret", secret.to_owned())]),
            None => assertion::sign(&assertion::certificate(&self.settings)?, client, url).map(asserted),
        }
    }

    /// The token of another issuer. Its file is read anew each time: who puts it there renews it.
    fn federated(&self) -> Result<Vec<(&'static str, String)>, CredentialError> {
        let file = self.required("federated_token_file")?;
        let token = std::fs::read_to_string(file).map_err(|error| {
            CredentialError::Settings(format!("federated_token_file '{file}' cannot be read: {error}"))
        })?;
        Ok(asserted(token.trim().to_owned()))
    }

    fn required(&self, key: &str) -> Result<&str, CredentialError> {
        let needed = |problem| CredentialError::Settings(format!("{problem}; a token of Entra needs it"));
        self.settings.required(key).map_err(needed)
    }
}

fn asserted(assertion: String) -> Vec<(&'static str, String)> {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned();
    vec![("client_assertion_type", kind), ("client_assertion", assertion)]
}
