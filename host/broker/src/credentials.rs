use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cpi_policy::{Credential, HostSettings, Manifest, Permit, Scope, Signing, error_code};

use crate::lock::lock;
use crate::network::Network;
use crate::sign::shared_key::Kind;
use crate::sign::{Signature, sas, sigv4};
use crate::source::aws::{AwsSource, Keys};
use crate::source::entra::{EntraSource, Version};
use crate::source::{CredentialError, Fresh, Held, TokenCache};
use crate::{Incoming, Journal, Level, Problem};

mod account;

use account::{Keyring, Keyrings};

/// The credentials of one call, by their names in the manifest. What they are made of never leaves the host.
pub struct Credentials {
    settings: Arc<HostSettings>,
    journal: Arc<Journal>,
    schemes: BTreeMap<String, Scheme>,
    /// What was given by services, or made of settings, and must not be shown.
    obtained: Mutex<BTreeSet<String>>,
}

/// How one credential authenticates.
enum Scheme {
    Sigv4(AwsSource, Held<Keys>),
    Entra(EntraSource, Held<String>),
    SharedKey { kind: Kind, keys: Keyring },
    Sas { token: String },
    Basic { username: String, password: String },
    Bearer { token: String },
}

impl Credentials {
    /// The credentials of a manifest with these settings. Nobody is asked for anything yet.
    pub fn new(
        manifest: &Manifest,
        settings: HostSettings,
        network: &Arc<Network>,
        cache: Option<&TokenCache>,
        journal: Arc<Journal>,
    ) -> Self {
        let settings = Arc::new(settings);
        let mut keyrings = Keyrings::new(&settings, network);
        let mut scheme = |name: &str, credential: &Credential| {
            // Everything that the secret could depend on: whoever differs in anything has a place of its own.
            let place = |surroundings: String| {
                let plugin = &manifest.plugin.name;
                let settings = settings.fingerprint();
                cache.map(|cache| cache.place(&format!("{plugin}\n{name}\n{credential:?}\n{surroundings}\n{settings}")))
            };
            let aws = || AwsSource::new(Arc::clone(&settings), Arc::clone(network));
            let entra = |audience, version| {
                let source = EntraSource::new(Arc::clone(&settings), Arc::clone(network), audience, version);
                Scheme::Entra(source, Held::new(place(String::new())))
            };
            match credential.clone() {
                Credential::Sigv4 {} => {
                    let source = aws();
                    // What is near is asked for each time, so that nothing of it is written down.
                    let place = if source.is_remote() { place(AwsSource::surroundings()) } else { None };
                    Scheme::Sigv4(source, Held::new(place))
                }
                Credential::Entra { scope: Some(audience), .. } => entra(audience, Version::Two),
                Credential::Entra { resource, .. } => {
                    entra(resource.unwrap_or(cpi_policy::Audience::Management), Version::One)
                }
                Credential::SharedKey { account, key } => {
                    Scheme::SharedKey { kind: Kind::Full, keys: keyrings.of(account, key) }
                }
                Credential::SharedKeyLite { account, key } => {
                    Scheme::SharedKey { kind: Kind::Lite, keys: keyrings.of(account, key) }
                }
                Credential::Sas { token } => Scheme::Sas { token },
                Credential::Basic { username, password } => Scheme::Basic { username, password },
                Credential::Bearer { token } => Scheme::Bearer { token },
            }
        };
        let schemes = manifest.credentials.iter().map(|(name, credential)| (name.clone(), scheme(name, credential)));
        let schemes = schemes.collect();
        Self { settings, journal, schemes, obtained: Mutex::default() }
    }

    /// What authenticates a request, for what its permit names.
    pub(crate) async fn authenticate(
        &self,
        signing: &Signing,
        permit: &Permit,
        body: &[u8],
    ) -> Result<Signature, Problem> {
        let name = &signing.credential;
        let scheme = self
            .schemes
            .get(name)
            .ok_or_else(|| CredentialError::Settings(format!("the manifest has no credential '{name}'")))?;
        match scheme {
            Scheme::Sigv4(source, held) => {
                let scope = scope(signing)?;
                let (keys, edition) = if let Some(keys) = source.at_hand()? {
                    (keys, None)
                } else {
                    // Boxed: a call that has its keys at hand does not carry what would ask for them.
                    let fetch = self.obtain(name, Box::pin(source.fetch(&scope.region)));
                    let (keys, edition) = held.get(fetch).await?;
                    self.hide(keys.secrets());
                    (keys, Some(edition))
                };
                let signature = sigv4::sign(keys.credentials(), scope, permit, body)?;
                Ok(Signature { edition, ..signature })
            }
            Scheme::Entra(source, held) => {
                let (token, edition) = self.token(name, source, held).await?;
                Ok(Signature { edition: Some(edition), ..Signature::authorization(format!("Bearer {token}")) })
            }
            Scheme::SharedKey { kind, keys } => self.sign_for_account(name, *kind, keys, permit, body).await,
            Scheme::Sas { token } => Ok(sas::sign(self.setting(name, token)?, token, permit.url())?),
            Scheme::Basic { username, password } => {
                let user = self.setting(name, username)?;
                if user.contains(':') {
                    let problem = format!("{username} has a colon in it, which no user name can have");
                    return Err(CredentialError::Settings(problem).into());
                }
                let pair = BASE64.encode(format!("{user}:{}", self.setting(name, password)?));
                self.hide([pair.as_str()]);
                Ok(Signature::authorization(format!("Basic {pair}")))
            }
            Scheme::Bearer { token } => Ok(Signature::authorization(format!("Bearer {}", self.setting(name, token)?))),
        }
    }

    async fn token(
        &self,
        name: &str,
        source: &EntraSource,
        held: &Held<String>,
    ) -> Result<(String, u64), CredentialError> {
        let (token, edition) = held.get(self.obtain(name, Box::pin(source.fetch()))).await?;
        self.hide([token.as_str()]);
        Ok((token, edition))
    }

    /// Whether a service did not accept a token, or a key, that can be had anew. It is forgotten then.
    pub(crate) async fn renewed(
        &self,
        signing: &Signing,
        permit: &Permit,
        edition: Option<u64>,
        answer: &Incoming,
    ) -> bool {
        let (Some(edition), Some(scheme)) = (edition, self.schemes.get(&signing.credential)) else {
            return false;
        };
        match (scheme, permit.account()) {
            (Scheme::Sigv4(_, held), _) if is_stale(answer) => held.forget(edition).await,
            (Scheme::Entra(_, held), _) if answer.status == 401 => held.forget(edition).await,
            (Scheme::SharedKey { keys: Keyring::Asked(keys), .. }, Some(account)) if account::is_wrong_key(answer) => {
                keys.of(account).forget(edition).await;
            }
            _ => return false,
        }
        let name = &signing.credential;
        self.journal.write(Level::Warn, format_args!("credential '{name}' was not accepted: requesting another one"));
        true
    }

    /// How many secrets came since the call began.
    pub(crate) fn obtained(&self) -> usize {
        lock(&self.obtained).len()
    }

    /// What must not reach the plugin or the log.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.settings.secrets().map(str::to_owned).chain(lock(&self.obtained).iter().cloned()).collect()
    }

    /// Runs a fetch, and writes down that it happened.
    async fn obtain<T>(
        &self,
        name: &str,
        fetch: impl Future<Output = Result<Fresh<T>, CredentialError>>,
    ) -> Result<Fresh<T>, CredentialError> {
        let start = Instant::now();
        let outcome = fetch.await.map_err(|error| error.masked(|text| self.journal.masked(text)));
        let ms = start.elapsed().as_secs_f64() * 1e3;
        match &outcome {
            Ok(fresh) => {
                let expires = humantime::format_rfc3339_seconds(fresh.expires());
                self.journal.write(
                    Level::Info,
                    format_args!("credential '{name}': obtained in {ms:.1} ms, valid until {expires}"),
                );
            }
            Err(error) => {
                self.journal.write(
                    Level::Warn,
                    format_args!("credential '{name}': not obtained after {ms:.1} ms: {}: {error}", error.code()),
                );
            }
        }
        outcome
    }

    fn setting(&self, name: &str, key: &str) -> Result<&str, CredentialError> {
        let needed = |problem| CredentialError::Settings(format!("{problem}; credential '{name}' needs it"));
        self.settings.required(key).map_err(needed)
    }

    fn hide<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) {
        let mut obtained = lock(&self.obtained);
        for secret in secrets {
            if obtained.insert(secret.to_owned()) {
                self.journal.hide(|mask| mask.add(secret));
            }
        }
    }
}

fn scope(signing: &Signing) -> Result<&Scope, CredentialError> {
    signing.scope.as_ref().filter(|scope| !scope.region.is_empty()).ok_or_else(|| {
        CredentialError::Settings("a signature needs a region: set 'region' in the configuration".to_owned())
    })
}

/// Whether AWS says that keys are too old, or are not known any more.
fn is_stale(answer: &Incoming) -> bool {
    const STALE: [&str; 4] = ["AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken"];
    matches!(answer.status, 400 | 401 | 403)
        && error_code(&answer.body).is_some_and(|code| STALE.contains(&code.as_str()) || code.contains("Expired"))
}
