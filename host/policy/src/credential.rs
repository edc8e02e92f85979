use std::fmt;

use serde::Deserialize;

use crate::pattern::{PathPattern, replace};
use crate::request::Method;

/// One `[credentials.NAME]` table of a manifest: how requests that name this credential are authenticated, and in
/// which settings the secrets are. The plugin reads none of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "scheme", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Credential {
    /// AWS Signature Version 4, for the service and region that `sign` of the request's block names.
    Sigv4 {},
    /// A token of Microsoft Entra ID, as a bearer. One of `resource` (the endpoint of version 1) and `scope`
    /// (version 2) says what it is for.
    Entra {
        /// What the token is for, asked with `resource=`.
        resource: Option<Audience>,
        /// What the token is for, asked with `scope=…/.default`.
        scope: Option<Audience>,
    },
    /// `SharedKey` of Azure's storage, for blobs, queues and files.
    SharedKey {
        /// The setting with the name of the account; none when the key is asked for.
        account: Option<String>,
        /// Where its key is.
        key: AccountKey,
    },
    /// `SharedKeyLite` of Azure's tables.
    SharedKeyLite {
        /// The setting with the name of the account; none when the key is asked for.
        account: Option<String>,
        /// Where its key is.
        key: AccountKey,
    },
    /// A shared access signature of Azure's storage, put into the query.
    Sas {
        /// The setting with the signature: `sv=…&sig=…`.
        token: String,
    },
    /// User name and password, as HTTP defines it.
    Basic {
        /// The setting with the user name.
        username: String,
        /// The setting with the password.
        password: String,
    },
    /// A fixed token.
    Bearer {
        /// The setting with the token.
        token: String,
    },
}

/// Where the key of a storage account is, which is base64.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "a key must be the name of a setting, or a request: { method, service, path, json, credential }, maybe with endpoint"
)]
pub enum AccountKey {
    /// In a setting.
    Setting(String),
    /// A service gives it.
    Asked(KeyRequest),
}

/// A request of the host's own for the key of the account that a plugin's request goes to. No block of the manifest may
/// have it: a plugin never sees a key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// GET or POST.
    pub method: Method,
    /// Who gives it. The resource manager of the environment that the settings name is the only one so far.
    pub service: KeyService,
    /// The setting under which operators may give another address of the service, as for a request's block.
    pub endpoint: Option<String>,
    /// Path and query. `{key}` is a setting, `<account>` the name of the account, both percent-encoded.
    pub path: String,
    /// The member of the answer with the key: a JSON pointer.
    pub json: String,
    /// The credential of scheme `entra` with which it is asked for.
    pub credential: String,
}

/// A service that gives keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyService {
    /// Azure's resource manager.
    Management,
}

/// What a token of Entra is for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Audience {
    /// The resource manager of the environment that the settings name.
    Management,
    /// Azure's storage, the same everywhere.
    Storage,
    /// Any other: an absolute `https://` or `api://` identifier.
    Uri(String),
}

/// Settings that no plugin reads, whatever its manifest says: they hold secrets.
const SECRETS: [&str; 14] = [
    "access_key_id",
    "api_key",
    "api_token",
    "certificate",
    "client_certificate",
    "client_secret",
    "password",
    "private_key",
    "sas_token",
    "secret_access_key",
    "secret_key",
    "session_token",
    "storage_access_key",
    "token",
];

/// The id of a key is public: operators compare it when one is refused.
const SHOWN: &str = "access_key_id";

/// Settings whose values are never printed, with those that these credentials name.
pub(crate) fn hidden<'a>(credentials: impl Iterator<Item = &'a Credential>) -> Vec<String> {
    let named = credentials.flat_map(Credential::secrets).map(str::to_owned);
    let mut hidden: Vec<_> = SECRETS.into_iter().filter(|key| *key != SHOWN).map(str::to_owned).chain(named).collect();
    hidden.sort();
    hidden.dedup();
    hidden
}

impl Credential {
    /// Its name in manifests.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Sigv4 {} => "sigv4",
            Self::Entra { .. } => "entra",
            Self::SharedKey { .. } => "shared-key",
            Self::SharedKeyLite { .. } => "shared-key-lite",
            Self::Sas { .. } => "sas",
            Self::Basic { .. } => "basic",
            Self::Bearer { .. } => "bearer",
        }
    }

    /// The settings that the manifest names for it, those without secrets too.
    pub(crate) fn settings(&self) -> Vec<&str> {
        match self {
            Self::Sigv4 {} | Self::Entra { .. } => Vec::new(),
            Self::SharedKey { account, key } | Self::SharedKeyLite { account, key } => {
                account.as_deref().into_iter().chain(key.setting()).collect()
            }
            Self::Sas { token } | Self::Bearer { token } => vec![token],
            Self::Basic { username, password } => vec![username, password],
        }
    }

    /// Whether the settings of the plugin may have this one among them. The name of a storage account is part of URLs.
    pub(crate) fn keeps(&self, setting: &str) -> bool {
        let account = match self {
            Self::SharedKey { account, .. } | Self::SharedKeyLite { account, .. } => account.as_deref(),
            _ => None,
        };
        SECRETS.contains(&setting) || (self.settings().contains(&setting) && account != Some(setting))
    }

    fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Sigv4 {} | Self::Entra { .. } => Vec::new(),
            Self::SharedKey { key, .. } | Self::SharedKeyLite { key, .. } => key.setting().into_iter().collect(),
            Self::Sas { token } | Self::Bearer { token } => vec![token],
            Self::Basic { password, .. } => vec![password],
        }
    }

    /// What is wrong with the table, apart from its form.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let settings = self.settings();
        if settings.iter().any(|name| name.is_empty()) {
            return Err("names a setting with an empty name");
        }
        if let [first, second] = settings.as_slice()
            && first == second
        {
            return Err("names one setting twice");
        }
        match self {
            Self::Entra { resource: None, scope: None } => Err("needs `resource` or `scope`: what the token is for"),
            Self::Entra { resource: Some(_), scope: Some(_) } => Err("has `resource` and `scope`: only one can be"),
            Self::SharedKey { account, key } | Self::SharedKeyLite { account, key } => match (account, key) {
                (None, AccountKey::Setting(_)) => Err("needs `account`: the setting with the name of the account"),
                (Some(_), AccountKey::Asked(_)) => {
                    Err("has `account`, but the key that is asked for is that of the account in the request's URL")
                }
                (None, AccountKey::Asked(request)) => request.check(),
                (Some(_), AccountKey::Setting(_)) => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// The request for its key, if there is one.
    pub(crate) fn key_request(&self) -> Option<&KeyRequest> {
        match self {
            Self::SharedKey { key: AccountKey::Asked(request), .. }
            | Self::SharedKeyLite { key: AccountKey::Asked(request), .. } => Some(request),
            _ => None,
        }
    }
}

impl AccountKey {
    fn setting(&self) -> Option<&str> {
        match self {
            Self::Setting(setting) => Some(setting),
            Self::Asked(_) => None,
        }
    }
}

impl KeyRequest {
    /// All paths that it can have, whatever the settings and the account are.
    pub(crate) fn meant(&self) -> Option<PathPattern> {
        let path = self.path.split('?').next()?.replace('<', "{").replace('>', "}");
        let segments = path.split('/').map(|segment| {
            let filled = replace(segment, |_| Some("*"))?;
            let open = filled.split_once('*').zip(filled.rsplit_once('*'));
            // Several places in a segment mean no less than one that spans them.
            Some(open.map_or(filled.clone(), |((start, _), (_, end))| format!("{start}*{end}")))
        });
        PathPattern::try_from(segments.collect::<Option<Vec<_>>>()?.join("/")).ok()
    }

    fn check(&self) -> Result<(), &'static str> {
        if !matches!(self.method, Method::Get | Method::Post) {
            return Err("asks for its key with a method that could change something: it must be GET or POST");
        }
        if !self.path.starts_with('/') || !self.path.contains("<account>") {
            return Err("asks for its key at a path that does not start with '/', or is without <account>");
        }
        if self.meant().is_none() {
            return Err("asks for its key at a path that no request can have: write whole names in braces");
        }
        if !self.json.starts_with('/') {
            return Err("finds its key with `json`, which must be a JSON pointer such as /keys/0/value");
        }
        Ok(())
    }
}

/// Whether a setting holds a secret in every plugin.
pub(crate) fn is_secret(setting: &str) -> bool {
    SECRETS.contains(&setting)
}

impl TryFrom<String> for Audience {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "management" => return Ok(Self::Management),
            "storage" => return Ok(Self::Storage),
            _ => {}
        }
        let wrong = || {
            format!("'{text}' is not what a token can be for: write management, storage, or an https:// or api:// URI")
        };
        let url = url::Url::parse(&text).map_err(|_| wrong())?;
        let plain = url.username().is_empty() && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "https" | "api") || url.host().is_none() || !plain {
            return Err(wrong());
        }
        Ok(Self::Uri(text))
    }
}

impl fmt::Display for Credential {
    /// The scheme, and the settings that it takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scheme())?;
        if let Some(KeyRequest { method, path, credential, .. }) = self.key_request() {
            return write!(f, ", with keys that the host asks for with '{credential}' ({method} {path})");
        }
        match self.settings().as_slice() {
            [] => Ok(()),
            settings => write!(f, ", with the settings {}", settings.join(" and ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = "scheme = 'shared-key'\nkey = { method = 'POST', service = 'management', \
                         path = '/{group}/<account>/keys', json = '/key', credential = 'azure' }";

    fn credential(text: &str) -> Result<Credential, String> {
        let credential: Credential = toml::from_str(text).map_err(|error| error.to_string())?;
        credential.check().map_err(str::to_owned)?;
        Ok(credential)
    }

    #[test]
    fn each_scheme_names_its_settings() {
        for (text, settings, hidden) in [
            ("scheme = 'sigv4'", vec![], vec![]),
            ("scheme = 'entra'\nresource = 'management'", vec![], vec![]),
            ("scheme = 'entra'\nscope = 'https://vault.azure.net'", vec![], vec![]),
            ("scheme = 'shared-key'\naccount = 'a'\nkey = 'k'", vec!["a", "k"], vec!["k"]),
            ("scheme = 'shared-key-lite'\naccount = 'a'\nkey = 'k'", vec!["a", "k"], vec!["k"]),
            (ASKED, vec![], vec![]),
            ("scheme = 'sas'\ntoken = 't'", vec!["t"], vec!["t"]),
            ("scheme = 'basic'\nusername = 'u'\npassword = 'p'", vec!["u", "p"], vec!["p"]),
            ("scheme = 'bearer'\ntoken = 't'", vec!["t"], vec!["t"]),
        ] {
            let credential = credential(text).unwrap();
            assert_eq!(credential.settings(), settings, "{text}");
            assert_eq!(credential.secrets(), hidden, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, problem) in [
            ("scheme = 'rot13'", "rot13"),
            ("scheme = 'sigv4'\nservice = 'ec2'", "service"),
            ("scheme = 'basic'\nusername = 'u'", "password"),
            ("scheme = 'basic'\nusername = 'u'\npassword = 'u'", "twice"),
            ("scheme = 'bearer'\ntoken = ''", "empty name"),
            ("scheme = 'entra'", "needs `resource` or `scope`"),
            ("scheme = 'shared-key'\nkey = 'k'", "needs `account`"),
            (&format!("{ASKED}\naccount = 'a'"), "the account in the request's URL"),
            (&ASKED.replace("POST", "PUT"), "must be GET or POST"),
            (&ASKED.replace("<account>", "mine"), "without <account>"),
            (&ASKED.replace("'/key'", "'key'"), "must be a JSON pointer"),
            ("scheme = 'entra'\nresource = 'storage'\nscope = 'storage'", "only one"),
            ("scheme = 'entra'\nresource = 'http://x'", "'http://x' is not what a token can be for"),
            ("scheme = 'entra'\nresource = 'https://x/?y'", "is not what a token can be for"),
        ] {
            let error = credential(text).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn a_user_name_is_kept_from_the_plugin_and_an_account_is_not() {
        let basic = credential("scheme = 'basic'\nusername = 'u'\npassword = 'p'").unwrap();
        assert!(basic.keeps("u") && basic.keeps("p") && basic.keeps("client_secret") && !basic.keeps("region"));
        let key = credential("scheme = 'shared-key'\naccount = 'a'\nkey = 'k'").unwrap();
        assert!(!key.keeps("a") && key.keeps("k"));
    }
}
