use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use cpi_policy::{AccountKey, HostSettings, Permit, error_code};

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
    Asked(AccountKeys),
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

impl Keyring {
    pub(super) fn new(
        account: Option<String>,
        key: AccountKey,
        settings: &Arc<HostSettings>,
        network: &Arc<Network>,
    ) -> Self {
        match key {
            // Without an account the manifest is refused.
            AccountKey::Setting(key) => Self::Settings { account: account.unwrap_or_default(), key },
            AccountKey::Asked(request) => {
                Self::Asked(AccountKeys::new(request, Arc::clone(settings), Arc::clone(network)))
            }
        }
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
