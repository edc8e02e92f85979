use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use cpi_policy::{AccountKey, HostSettings, KeyRequest, Permit, error_code};

use super::{Credentials, Scheme};
use crate::network::Network;
use crate::sign::shared_key::{self, Account, Kind};
use crate::sign::{Signature, blob_sas};
use crate::source::account_keys::{AccountKeys, Told};
use crate::source::{CredentialError, Fresh};
use crate::{Incoming, Problem};

/// Where the keys of storage accounts are.
pub(super) enum Keyring {
    /// The settings with the name of an account and its key.
    Settings { account: String, key: String },
    /// A service gives the key of the account that a request goes to.
    Asked(Arc<AccountKeys>),
}

/// Makes keyrings. Credentials whose keys are asked for in the same way share them: blobs and tables of an account have
/// one key.
pub(super) struct Keyrings<'a> {
    settings: &'a Arc<HostSettings>,
    network: &'a Arc<Network>,
    asked: Vec<Arc<AccountKeys>>,
}

/// The key of a storage account.
struct Key {
    account: String,
    /// In base64.
    secret: String,
    /// Where it comes from, for messages.
    from: String,
    /// If a service gave it.
    edition: Option<u64>,
}

impl Key {
    fn account(&self) -> Account<'_> {
        Account { name: &self.account, key: &self.secret, from: &self.from }
    }
}

impl<'a> Keyrings<'a> {
    pub(super) fn new(settings: &'a Arc<HostSettings>, network: &'a Arc<Network>) -> Self {
        Self { settings, network, asked: Vec::new() }
    }

    pub(super) fn of(&mut self, account: Option<String>, key: AccountKey) -> Keyring {
        match key {
            // Without an account the manifest is refused.
            AccountKey::Setting(key) => Keyring::Settings { account: account.unwrap_or_default(), key },
            AccountKey::Asked(request) => Keyring::Asked(self.asked(request)),
        }
    }

    fn asked(&mut self, request: KeyRequest) -> Arc<AccountKeys> {
        if let Some(known) = self.asked.iter().find(|keys| keys.is_for(&request)) {
            return Arc::clone(known);
        }
        let keys = Arc::new(AccountKeys::new(request, Arc::clone(self.settings), Arc::clone(self.network)));
        self.asked.push(Arc::clone(&keys));
        keys
    }
}

impl Credentials {
    /// A signature with the key of the account that the request goes to. What the service is to copy gets one as well.
    pub(super) async fn sign_for_account(
        &self,
        name: &str,
        kind: Kind,
        keys: &Keyring,
        permit: &Permit,
        body: &[u8],
    ) -> Result<Signature, Problem> {
        let mut request = Cow::Borrowed(permit.request());
        let replaced = match permit.source() {
            None => None,
            Some(source) => {
                let key = self.account_key(name, keys, &source.read).await?;
                let url = blob_sas::readable(&key.account(), source.read.url(), source.read.path(), SystemTime::now())?;
                let signature = url.query_pairs().find(|(field, _)| field == "sig");
                self.hide(signature.as_ref().map(|(_, value)| value.as_ref()));
                let header = (source.header.clone(), url.to_string());
                let headers = &mut request.to_mut().headers;
                headers.retain(|(name, _)| !name.eq_ignore_ascii_case(&header.0));
                headers.push(header.clone());
                Some(header)
            }
        };
        let key = self.account_key(name, keys, permit).await?;
        let signature = shared_key::sign(kind, &key.account(), &request, permit.url(), body)?;
        Ok(Signature { replaced, edition: key.edition, ..signature })
    }

    /// The key of the account that a request goes to.
    async fn account_key(&self, name: &str, keys: &Keyring, permit: &Permit) -> Result<Key, CredentialError> {
        match keys {
            Keyring::Settings { account, key } => {
                let (account, value) = (self.setting(name, account)?, self.setting(name, key)?);
                Ok(Key { account: account.to_owned(), secret: value.to_owned(), from: key.clone(), edition: None })
            }
            Keyring::Asked(keys) => {
                let account = permit.account().ok_or_else(|| {
                    let host = permit.url().host_str().unwrap_or_default();
                    CredentialError::Settings(format!(
                        "credential '{name}' signs for the storage account in a request's URL, and '{host}' names none: \
                         an endpoint for it must have {{account}} in it, such as https://{{account}}.blob.{host}"
                    ))
                })?;
                let what = format!("{name} of {account}");
                // Boxed: a call without storage does not carry what would ask for keys.
                let fetch = self.obtain(&what, Box::pin(self.ask_for_key(keys, account)));
                let (key, edition) = keys.of(account).get(fetch).await?;
                self.hide([key.as_str()]);
                let from = format!("what the service gave as the key of '{account}'");
                Ok(Key { account: account.to_owned(), secret: key, from, edition: Some(edition) })
            }
        }
    }

    /// Asks for a key with a token, and once more with a new one when that is not accepted.
    async fn ask_for_key(&self, keys: &AccountKeys, account: &str) -> Result<Fresh<String>, CredentialError> {
        let name = keys.credential();
        let Some(Scheme::Entra(source, held)) = self.schemes.get(name) else {
            return Err(CredentialError::Settings(format!("the manifest has no credential '{name}' of scheme entra")));
        };
        let (token, edition) = self.token(name, source, held).await?;
        match keys.fetch(account, &token).await? {
            Told::Key(key) => return Ok(key),
            Told::Unauthorised(_) => held.forget(edition).await,
        }
        let (token, _) = self.token(name, source, held).await?;
        match keys.fetch(account, &token).await? {
            Told::Key(key) => Ok(key),
            Told::Unauthorised(refused) => Err(refused),
        }
    }
}

/// Whether Azure's storage says that the key is not that of the account, or not any more. Answers to HEAD have no body.
pub(super) fn is_wrong_key(answer: &Incoming) -> bool {
    let header = answer.headers.iter().find(|(name, _)| name == "x-ms-error-code").map(|(_, code)| code.clone());
    answer.status == 403 && header.or_else(|| error_code(&answer.body)).as_deref() == Some("AuthenticationFailed")
}

#[cfg(test)]
mod tests {
    use cpi_policy::{KeyService, Method};

    use super::*;

    #[test]
    fn keys_that_are_asked_for_in_the_same_way_are_shared() {
        let (settings, network) = (Arc::default(), Arc::default());
        let mut keyrings = Keyrings::new(&settings, &network);
        let mut asked = |path: &str| {
            let request = KeyRequest {
                method: Method::Post,
                service: KeyService::Management,
                endpoint: None,
                path: path.to_owned(),
                json: "/key".to_owned(),
                credential: "azure".to_owned(),
            };
            match keyrings.of(None, AccountKey::Asked(request)) {
                Keyring::Asked(keys) => keys,
                Keyring::Settings { .. } => panic!("a key of the settings"),
            }
        };
        let (blobs, tables, others) = (asked("/<account>/keys"), asked("/<account>/keys"), asked("/<account>/others"));
        assert!(Arc::ptr_eq(&blobs, &tables) && !Arc::ptr_eq(&blobs, &others));
    }
}
