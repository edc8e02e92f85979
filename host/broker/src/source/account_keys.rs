//! Keys of storage accounts, which the host asks for itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use cpi_policy::{HostSettings, KeyRequest, KeyService, Method, error_code, replace};
use cpi_protocol::printable;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::Url;

use super::entra::Environment;
use super::{CredentialError, Fresh, Held, patient};
use crate::lock::lock;
use crate::network::{Network, OwnRequest};

/// The keys of the accounts that the requests of one call go to. Each is asked for when it is first needed, and never
/// leaves the memory of this process.
pub(crate) struct AccountKeys {
    request: KeyRequest,
    settings: Arc<HostSettings>,
    network: Arc<Network>,
    held: Mutex<BTreeMap<String, Arc<Held<String>>>>,
}

/// What a service says to somebody who asks for a key.
pub(crate) enum Told {
    Key(Fresh<String>),
    /// The token is not accepted.
    Unauthorised(CredentialError),
}

/// Keys do not expire; no call lasts that long.
const LIFE: Duration = Duration::from_hours(24);
const PATIENCE: Duration = Duration::from_secs(30);
/// All that is not unreserved in a URL (RFC 3986, section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const ENOUGH: usize = 600;
/// A wrong address stays wrong.
const ATTEMPTS_IN_SILENCE: u32 = 3;

impl AccountKeys {
    pub(crate) fn new(request: KeyRequest, settings: Arc<HostSettings>, network: Arc<Network>) -> Self {
        Self { request, settings, network, held: Mutex::default() }
    }

    /// Whether this is how they are asked for.
    pub(crate) fn is_for(&self, request: &KeyRequest) -> bool {
        self.request == *request
    }

    /// The credential of the manifest with which keys are asked for.
    pub(crate) fn credential(&self) -> &str {
        &self.request.credential
    }

    /// The place of an account's key.
    pub(crate) fn of(&self, account: &str) -> Arc<Held<String>> {
        Arc::clone(lock(&self.held).entry(account.to_owned()).or_insert_with(|| Arc::new(Held::new(None))))
    }

    /// Asks for the key of an account, with a token.
    pub(crate) async fn fetch(&self, account: &str, token: &str) -> Result<Told, CredentialError> {
        let request = self.request(account, token)?;
        let service = format!("the service that has the key of storage account '{account}' ({})", origin(&request.url));
        let (answer, _) = patient::ask(&self.network, &service, &request, &[], ATTEMPTS_IN_SILENCE).await?;
        if answer.status != 200 {
            let refused = refused(service, answer.status, &answer.body);
            return if answer.status == 401 { Ok(Told::Unauthorised(refused)) } else { Err(refused) };
        }
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let key = document.pointer(&self.request.json).and_then(Value::as_str).filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| CredentialError::Unreadable {
            service,
            problem: format!("there is no {} in it", self.request.json),
        })?;
        let now = SystemTime::now();
        Ok(Told::Key(Fresh::new(key.to_owned(), now + LIFE, now)))
    }

    fn request(&self, account: &str, token: &str) -> Result<OwnRequest, CredentialError> {
        let endpoint = self.request.endpoint.as_deref().and_then(|key| self.settings.endpoint(key));
        let (base, addresses) = match (endpoint, self.request.service) {
            (Some(endpoint), _) => (endpoint.url.clone(), self.network.addresses(endpoint)),
            (None, KeyService::Management) => {
                (Environment::of(&self.settings, &self.network)?.manager()?.to_owned(), self.network.public())
            }
        };
        let text = format!("{}{}", base.trim_end_matches('/'), self.path(account)?);
        let url = Url::parse(&text);
        let url = url.map_err(|error| CredentialError::Settings(format!("'{base}' is not a URL: {error}")))?;
        let method = if self.request.method == Method::Get { reqwest::Method::GET } else { reqwest::Method::POST };
        let headers = [("authorization", format!("Bearer {token}")), ("accept", "application/json".to_owned())];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Ok(OwnRequest { method, url, addresses, headers, body: Vec::new(), timeout: PATIENCE })
    }

    /// The path with the settings and the account in their places.
    fn path(&self, account: &str) -> Result<String, CredentialError> {
        let escaped = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        let template = self.request.path.replace("<account>", &escaped(account));
        let mut problem = "the path in the manifest has a brace without its other one".to_owned();
        let path = replace(&template, |key| {
            let value = self.settings.required(key).map_err(|missing| problem = missing).ok()?;
            Some(escaped(value))
        });
        path.ok_or_else(|| CredentialError::Settings(format!("{problem}; the key of a storage account needs it")))
    }
}

fn refused(service: String, status: u16, body: &[u8]) -> CredentialError {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let words = document.pointer("/error/message").and_then(Value::as_str);
    let words = words.map_or("there is no reason in the answer".to_owned(), |text| printable(text, ENOUGH));
    let hint = match status {
        401 | 403 => {
            ". The client needs the permission Microsoft.Storage/storageAccounts/listKeys/action on this account, such as \
             by the role Contributor"
        }
        404 => ". The account must be in the resource group that resource_group_name names",
        _ => "",
    };
    let code = error_code(body).unwrap_or_else(|| format!("HTTP {status}"));
    CredentialError::Refused { service, code, message: format!("{words}{hint}") }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use cpi_policy::{AddressRule, Manifest, Settings};
    use serde_json::json;

    use super::*;

    const MANIFEST: &str = r#"
[plugin]
name = "azure"
version = "1"
contract = "bosh:cpi@0.1"
settings = ["azure_stack", "endpoints", "environment"]
[credentials.azure]
scheme = "entra"
resource = "management"
[[endpoint]]
setting = "endpoints.management"
when = { environment = "AzureStack" }
url = "https://management.{azure_stack.domain|stack.example}"
[credentials.storage]
scheme = "shared-key"
key = { method = "POST", service = "management", endpoint = "endpoints.management", path = "/g/{group}/a/<account>?v=1", json = "/keys/0/value", credential = "azure" }
"#;

    fn keys(section: &Value) -> AccountKeys {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let properties = json!({"azure": section});
        let settings =
            Settings::split(&manifest, properties.as_object().unwrap(), &cpi_protocol::Object::new()).unwrap();
        let Some(cpi_policy::Credential::SharedKey { key: cpi_policy::AccountKey::Asked(request), .. }) =
            manifest.credentials.get("storage").cloned()
        else {
            panic!("no request for a key")
        };
        AccountKeys::new(request, Arc::new(settings.host), Arc::default())
    }

    fn url(section: &Value) -> Result<(String, AddressRule), String> {
        let request = keys(section).request("mine", "t").map_err(|error| error.to_string())?;
        Ok((request.url.to_string(), request.addresses))
    }

    #[test]
    fn the_environment_or_the_operator_says_who_is_asked() {
        let (public, addresses) = url(&json!({"group": "my rg/(1)"})).unwrap();
        assert_eq!(public, "https://management.azure.com/g/my%20rg%2F%281%29/a/mine?v=1");
        assert!(matches!(addresses, AddressRule::Public(_)));
        let (own, addresses) = url(&json!({"group": "g", "endpoints": {"management": "http://127.0.0.1:1/"}})).unwrap();
        assert_eq!(own, "http://127.0.0.1:1/g/g/a/mine?v=1");
        assert!(matches!(addresses, AddressRule::Service(_)));
        let stack =
            |stack: Value| url(&json!({"group": "g", "environment": "AzureStack", "azure_stack": stack})).unwrap();
        let (own, addresses) = stack(json!({"domain": "corp.example"}));
        assert_eq!(own, "https://management.corp.example/g/g/a/mine?v=1");
        assert!(matches!(addresses, AddressRule::Service(_)));
        let (by_default, addresses) = stack(json!({}));
        assert_eq!(by_default, "https://management.stack.example/g/g/a/mine?v=1");
        assert!(matches!(addresses, AddressRule::Public(_)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(url(&json!({})).unwrap_err().contains("group is missing"));
        let request = KeyRequest { endpoint: None, ..keys(&json!({})).request };
        let stack = json!({"environment": "AzureStack", "azure_stack": {"resource": "x", "authentication": "AzureAD"}});
        let keys = AccountKeys { request, ..keys(&stack) };
        let error = keys.request("mine", "t").err().unwrap().to_string();
        assert!(error.contains("the resource manager of AzureStack is not known"), "{error}");
        let body = br#"{"error": {"code": "AuthorizationFailed", "message": "no right"}}"#;
        let error = refused("s".to_owned(), 403, body).to_string();
        assert!(error.contains("AuthorizationFailed: no right. The client needs the permission"), "{error}");
        assert!(refused("s".to_owned(), 404, b"").to_string().contains("HTTP 404"));
    }
}
