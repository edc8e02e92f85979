use std::time::{Duration, SystemTime};

use cpi_policy::AddressRule;
use cpi_protocol::printable;
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::Incoming;
use crate::network::{Network, OwnRequest};
use crate::source::{CredentialError, patient};

/// A request for a token, not sent yet.
pub(super) struct Ask {
    service: String,
    method: reqwest::Method,
    url: Url,
    addresses: AddressRule,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// How long one attempt may take.
    timeout: Duration,
    /// Statuses that pass, apart from the usual ones.
    passing: &'static [u16],
    /// How often it is asked while it does not answer at all.
    attempts_in_silence: u32,
    /// The settings to look at when it is refused.
    settings: &'static str,
}

/// A token as it was given.
pub(super) struct Answer {
    pub(super) token: String,
    pub(super) expires: SystemTime,
}

/// Long enough for every text of Entra.
const ENOUGH: usize = 600;

impl Ask {
    /// A form for an authority.
    pub(super) fn form(
        url: Url,
        addresses: AddressRule,
        fields: Vec<(&'static str, String)>,
        settings: &'static str,
    ) -> Self {
        let content_type = "application/x-www-form-urlencoded".to_owned();
        Self {
            service: format!("Entra ({})", url.origin().ascii_serialization()),
            method: reqwest::Method::POST,
            url,
            addresses,
            headers: vec![("content-type".to_owned(), content_type), accept_json()],
            body: form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes(),
            timeout: Duration::from_secs(20),
            passing: &[],
            attempts_in_silence: 3,
            settings,
        }
    }

    /// A question to the metadata service. It has one address everywhere, or the operator names another; it is near, or
    /// it is not there at all. An identity that is new is not found for a while.
    pub(super) fn metadata(url: Url) -> Self {
        Self {
            service: format!("the metadata service ({})", url.origin().ascii_serialization()),
            method: reqwest::Method::GET,
            url,
            addresses: AddressRule::Any,
            headers: vec![("metadata".to_owned(), "true".to_owned()), accept_json()],
            body: Vec::new(),
            timeout: Duration::from_secs(3),
            passing: &[404, 410],
            attempts_in_silence: 1,
            settings: "managed_identity_resource_id and managed_identity_client_id",
        }
    }

    /// Asks, and asks again while the service is busy.
    pub(super) async fn send(&self, network: &Network) -> Result<Answer, CredentialError> {
        let (answer, tried) =
            patient::ask(network, &self.service, &self.request(), self.passing, self.attempts_in_silence).await?;
        self.read(&answer, tried)
    }

    fn request(&self) -> OwnRequest {
        OwnRequest {
            method: self.method.clone(),
            url: self.url.clone(),
            addresses: self.addresses.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            timeout: self.timeout,
        }
    }

    fn read(&self, answer: &Incoming, tried: u32) -> Result<Answer, CredentialError> {
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status != 200 {
            return Err(self.refused(answer.status, &document, tried));
        }
        let unreadable =
            |problem: &str| CredentialError::Unreadable { service: self.service.clone(), problem: problem.to_owned() };
        let token = document.get("access_token").and_then(Value::as_str).filter(|token| is_token(token));
        let token = token.ok_or_else(|| unreadable("there is no access_token in it"))?;
        let seconds = |key: &str| document.get(key).and_then(number);
        let expires = match (seconds("expires_on"), seconds("expires_in")) {
            (Some(moment), _) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(moment)),
            (None, Some(life)) => SystemTime::now().checked_add(Duration::from_secs(life)),
            (None, None) => None,
        };
        let expires = expires.ok_or_else(|| unreadable("it does not say when the token expires"))?;
        Ok(Answer { token: token.to_owned(), expires })
    }

    /// A refusal, with the service's own code and words, and the settings to look at.
    fn refused(&self, status: u16, document: &Value, tried: u32) -> CredentialError {
        let text = |key: &str| document.get(key).and_then(Value::as_str);
        let code = text("error").map_or(format!("HTTP {status}"), |code| printable(code, ENOUGH));
        let first_line = text("error_description").and_then(|text| text.lines().next());
        let words = first_line.map_or("there is no reason in the answer".to_owned(), |text| printable(text, ENOUGH));
        let settings = self.settings;
        let hint = match status {
            401 => format!(". Invalid {settings}"),
            400 => format!(". Check {settings} for typing errors"),
            _ if tried == patient::ATTEMPTS => ". Failed to get token after 5 retries".to_owned(),
            _ => String::new(),
        };
        CredentialError::Refused { service: self.service.clone(), code, message: format!("{words}{hint}") }
    }
}

fn accept_json() -> (String, String) {
    ("accept".to_owned(), "application/json".to_owned())
}

/// A number, or a text with one: Entra has written both.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// What can stand in a header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
