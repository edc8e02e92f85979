use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cpi_protocol::{Object, printable};
use serde::Deserialize;

use crate::credential::{self, Credential};
use crate::endpoint::MadeEndpoint;
use crate::pattern::{HostEntry, HostPattern, PathPattern, replace};
use crate::request::Method;
use crate::retry::RetryAsk;
use crate::settings::root;
use crate::{Endpoint, HostSettings, LimitsPatch};

/// The major and minor version of the contract that this host serves.
const CONTRACT: &str = "bosh:cpi@0.1";

/// What a plugin is and what it asks for: `plugin.toml`, carried inside the component as the custom section
/// `bosh:cpi/manifest`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name, version and settings.
    pub plugin: Plugin,
    /// Credentials by the name that requests use.
    #[serde(default)]
    pub credentials: BTreeMap<String, Credential>,
    /// What endpoints are made of where the operator names none.
    #[serde(default, rename = "endpoint")]
    pub made_endpoints: Vec<MadeEndpoint>,
    /// One block for each kind of request that the plugin makes.
    #[serde(default)]
    pub http: Vec<HttpAsk>,
    /// When requests are sent again.
    #[serde(default)]
    pub retry: RetryAsk,
    /// Where the agent's settings go; only into requests that the host signs.
    #[serde(default)]
    pub agents: Agents,
    /// Wishes; the operator's ceilings win.
    #[serde(default)]
    pub limits: LimitsPatch,
}

/// The `[plugin]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    /// What `cloud.plugin` of the configuration selects, and the member of `cloud.properties` with its settings:
    /// lower-case letters, digits and dashes.
    pub name: String,
    /// The author's own version.
    pub version: String,
    /// The contract it was built for.
    pub contract: String,
    /// Whether `ping` is answered with `pong`. To callers of some reference CPIs it is a method that nobody has.
    #[serde(default = "yes")]
    pub ping: bool,
    /// The settings that the plugin may read. Everything else stays with the host.
    #[serde(default)]
    pub settings: Vec<String>,
    /// The settings that tell one cloud from another, such as a region: what the plugin keeps between calls belongs to
    /// their values. Without it, all settings that it may read.
    pub identity: Option<Vec<String>>,
    /// What follows the host's name in the `User-Agent` of all requests: a text with settings in braces, such as
    /// `pid-{isv_tracking_guid}`. Nothing where one of them is not given.
    #[serde(rename = "user-agent")]
    user_agent: Option<String>,
}

fn yes() -> bool {
    true
}

/// Members of `cloud.properties` that belong to the host: no plugin can have their names.
const HOST_SECTIONS: [&str; 4] = ["agent", "debug", "registry", "host"];

/// One `[[http]]` block.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAsk {
    /// Scheme and host, such as `https://ec2.{region}.amazonaws.com`; `{key}` is a setting.
    pub hosts: Vec<HostPattern>,
    /// A setting under which operators may give another address for the same service: its key, or those of a setting
    /// that is an object and its member with a dot between them.
    pub endpoint: Option<String>,
    /// Methods allowed.
    pub methods: Vec<Method>,
    /// Paths allowed; a `*` stands for any text within one segment, and at the end for any text.
    pub paths: Vec<PathPattern>,
    /// The credential that requests must name; none for unsigned requests.
    pub credential: Option<String>,
    /// Scope of the signature, for credentials of the scheme `sigv4`.
    pub sign: Option<Sign>,
    /// API actions allowed, for services that name them in the body.
    pub actions: Option<Actions>,
    /// Whether its requests may carry blocks of a stemcell image.
    #[serde(default)]
    pub image: bool,
    /// A header with the URL of what a service shall copy, such as `x-ms-copy-source`: it is checked like a request to
    /// read it, and the host lets the service read it.
    pub source: Option<String>,
}

impl HttpAsk {
    /// Where its requests go.
    pub(crate) fn entries(&self) -> impl Iterator<Item = HostEntry> {
        let endpoint = self.endpoint.clone().map(HostEntry::Endpoint);
        self.hosts.iter().cloned().map(HostEntry::Host).chain(endpoint)
    }
}

/// What a `SigV4` signature is for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// Service name, such as `ec2`.
    pub service: String,
    /// Region; `{key}` is a setting.
    pub region: String,
}

/// Actions of a service that takes them as a field of a form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actions {
    /// The field, such as `Action`.
    pub form: String,
    /// Exact names.
    pub allow: Vec<String>,
}

/// The `[agents]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agents {
    /// Whether agents of old stemcells read the registry that BOSH once had. Without it, every agent of this cloud takes
    /// its settings from the cloud, whatever callers say of its stemcell.
    pub registry: bool,
    /// Whether the networks in the answer of `create_vm` say what its agent is told of them, as some reference CPIs have it.
    /// Otherwise they go back as they came.
    pub networks_in_answer: bool,
    /// Whether networks of one `nic_group` get the `alias` of their interface, `eth0` and so on, in the order in which the
    /// plugin names its networks.
    pub alias_nic_groups: bool,
    /// The request fields in which a token stands for the agent's settings.
    pub place: Vec<Placement>,
}

impl Default for Agents {
    fn default() -> Self {
        Self { registry: true, networks_in_answer: false, alias_nic_groups: false, place: Vec::new() }
    }
}

/// A field of a request that carries the agent's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a place must be { action, form, encoding } for a field of a form, or { method, path, json, encoding } for a \
                 member of a JSON document; encoding is \"plain\" or \"base64\""
)]
pub enum Placement {
    /// In a form.
    Form {
        /// The action of the request.
        action: String,
        /// The field of its form.
        form: String,
        /// How the document is written there.
        encoding: Encoding,
    },
    /// In a JSON document.
    Json {
        /// The method of the request.
        method: Method,
        /// Its path.
        path: PathPattern,
        /// The member of the document: a JSON pointer, such as `/properties/customData`.
        json: String,
        /// How the document is written there.
        encoding: Encoding,
    },
}

impl Placement {
    /// Whether requests with this action, or of this method to this path, have the field.
    pub(crate) fn is_in(&self, action: Option<&str>, method: Method, path: &str) -> bool {
        match self {
            Self::Form { action: wanted, .. } => Some(wanted.as_str()) == action,
            Self::Json { method: wanted, path: pattern, .. } => *wanted == method && pattern.matches(path),
        }
    }
}

/// `UserData of RunInstances`.
impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { action, form, .. } => write!(f, "{form} of {action}"),
            Self::Json { method, path, json, .. } => write!(f, "{json} of {} {path}", method.name()),
        }
    }
}

/// How a document is written into a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// As it is.
    Plain,
    /// Standard base64 with padding.
    Base64,
}

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not TOML, or not the schema: the author is at fault.
    #[error("the manifest is not valid: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Built for another contract.
    #[error(
        "plugin '{name}' was built for contract '{contract}', this host serves '{CONTRACT}': \
         use a plugin or a host of the other version"
    )]
    Contract {
        /// The plugin.
        name: String,
        /// What it asks for.
        contract: String,
    },
    /// The name cannot be a file name, or is the host's.
    #[error(
        "plugin name '{0}' is not valid: use lower-case letters, digits and dashes, at most 40, and no word of BOSH"
    )]
    Name(String),
    /// The version cannot be shown or be part of a file name.
    #[error("plugin version '{0}' is not valid: use letters, digits and .+-_, at most 40")]
    Version(String),
    /// A request block names a credential that the manifest does not define.
    #[error("an [[http]] block names credential '{0}', but there is no [credentials.{0}]")]
    UnknownCredential(String),
    /// A signature of the scheme `sigv4` needs a scope, and nothing else has one.
    #[error("an [[http]] block for {0} has a sigv4 credential without `sign`, or `sign` without such a credential")]
    UnscopedSignature(String),
    /// The table of a credential contradicts itself.
    #[error("[credentials.{name}] {problem}")]
    Credential {
        /// The credential.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The request that gives a key to the host would give it to the plugin as well.
    #[error("an [[http]] block has the request for the key of [credentials.{0}]: plugins may not see keys")]
    KeyInReach(String),
    /// What a credential is made of may not be listed among the plugin's settings.
    #[error("setting '{0}' holds a secret, or a part of a credential, and may not be listed under `settings`")]
    SecretSetting(String),
    /// Secrets change, and what a plugin keeps shall not get lost with the old one.
    #[error("setting '{0}' holds a secret and may not be listed under `identity`")]
    SecretIdentity(String),
    /// An endpoint that the plugin does not know of would be granted without being used.
    #[error("endpoint '{0}' of an [[http]] block must be listed under `settings`")]
    UnknownEndpoint(String),
    /// What the host says in requests holds only what the plugin could say in them itself.
    #[error(
        "user-agent '{0}' must be visible ASCII text, with settings in braces that are listed under `settings`, such as \
         pid-{{id}}"
    )]
    UserAgent(String),
    /// Nobody would ask for what is made there.
    #[error("an [[endpoint]] block makes '{0}', which no request of the manifest has as its `endpoint`")]
    UnusedEndpoint(String),
    /// What the plugin may not read, it would see in the endpoint.
    #[error("the [[endpoint]] block for '{endpoint}' uses setting '{setting}', which must be listed under `settings`")]
    UnreadableSetting {
        /// The endpoint.
        endpoint: String,
        /// The setting.
        setting: String,
    },
}

impl Manifest {
    /// Reads and checks a manifest.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// What the plugin asks for, a line each, for who decides about it.
    pub fn asks(&self) -> Vec<String> {
        let settings = match self.plugin.settings.as_slice() {
            [] => "reads no settings".to_owned(),
            settings => format!("reads the settings {}", settings.join(", ")),
        };
        let requests = self.http.iter().map(|ask| {
            let hosts: Vec<_> = ask.entries().map(|entry| entry.to_string()).collect();
            let methods: Vec<_> = ask.methods.iter().map(|method| method.name()).collect();
            let signed =
                ask.credential.as_ref().map_or("unsigned".to_owned(), |name| format!("authenticated as '{name}'"));
            let actions =
                ask.actions.as_ref().map_or(String::new(), |actions| format!(", {} actions", actions.allow.len()));
            let image = if ask.image { ", stemcell images included," } else { "" };
            let source = if ask.source.is_some() { ", what to copy included," } else { "" };
            format!("sends {} {signed}{actions}{image}{source} to {}", methods.join(", "), hosts.join(", "))
        });
        let places = self
            .agents
            .place
            .iter()
            .map(|place| format!("puts the settings of agents, secrets included, into {place}"));
        let credentials =
            self.credentials.iter().map(|(name, credential)| format!("has credential '{name}': {credential}"));
        let made = self.made_endpoints.iter().map(ToString::to_string);
        [settings].into_iter().chain(credentials).chain(made).chain(requests).chain(places).collect()
    }

    fn check(&self) -> Result<(), ManifestError> {
        let name = &self.plugin.name;
        if !is_plugin_name(name) || HOST_SECTIONS.contains(&name.as_str()) {
            return Err(ManifestError::Name(printable(name, 40)));
        }
        if !is_version(&self.plugin.version) {
            return Err(ManifestError::Version(printable(&self.plugin.version, 40)));
        }
        if self.plugin.contract != CONTRACT {
            return Err(ManifestError::Contract { name: name.clone(), contract: self.plugin.contract.clone() });
        }
        for (name, credential) in &self.credentials {
            credential.check().map_err(|problem| ManifestError::Credential { name: name.clone(), problem })?;
        }
        self.check_key_requests()?;
        for ask in &self.http {
            if let Some(credential) = ask.credential.as_ref().filter(|name| !self.credentials.contains_key(*name)) {
                return Err(ManifestError::UnknownCredential(credential.clone()));
            }
            let credential = ask.credential.as_ref().and_then(|name| self.credentials.get(name));
            if matches!(credential, Some(Credential::Sigv4 {})) != ask.sign.is_some() {
                let hosts: Vec<_> = ask.entries().map(|entry| entry.to_string()).collect();
                return Err(ManifestError::UnscopedSignature(hosts.join(", ")));
            }
        }
        let is_kept = |setting: &str| {
            credential::is_secret(setting) || self.credentials.values().any(|credential| credential.keeps(setting))
        };
        if let Some(secret) = self.plugin.settings.iter().find(|setting| is_kept(setting)) {
            return Err(ManifestError::SecretSetting(secret.clone()));
        }
        if let Some(secret) = self.plugin.identity.iter().flatten().find(|setting| is_kept(setting)) {
            return Err(ManifestError::SecretIdentity(secret.clone()));
        }
        if let Some(agent) = self.plugin.user_agent.as_deref().filter(|agent| !self.can_say(agent)) {
            return Err(ManifestError::UserAgent(printable(agent, 100)));
        }
        self.check_endpoints()
    }

    fn can_say(&self, agent: &str) -> bool {
        let filled = replace(agent, |key| self.may_read(key).then_some("x"));
        filled.is_some_and(|agent| agent.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '))
    }
}

impl Manifest {
    /// What follows the host's name in the `User-Agent` of requests with these settings.
    pub fn user_agent(&self, settings: &HostSettings) -> Option<String> {
        let is_word = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        replace(self.plugin.user_agent.as_deref()?, |key| settings.text(key).filter(is_word))
    }

    /// Whether a setting, or the one that it is a member of, is listed.
    pub(crate) fn may_read(&self, key: &str) -> bool {
        self.plugin.settings.iter().any(|setting| setting == root(key))
    }

    /// The settings under which operators name endpoints, for requests of the plugin and of the host.
    pub(crate) fn endpoint_keys(&self) -> BTreeSet<&str> {
        let of_plugin = self.http.iter().filter_map(|ask| ask.endpoint.as_deref());
        let of_host = self.credentials.values().filter_map(|credential| credential.key_request()?.endpoint.as_deref());
        of_plugin.chain(of_host).collect()
    }

    /// The endpoint under a key as these settings make it, if they do; or what is wrong with one of them.
    pub(crate) fn made_endpoint(&self, key: &str, settings: &Object) -> Result<Option<Endpoint>, String> {
        let made = self.made_endpoints.iter().find(|made| made.setting == key && made.applies(settings));
        made.map(|made| made.of(settings)).transpose()
    }

    fn check_endpoints(&self) -> Result<(), ManifestError> {
        let mut of_plugin = self.http.iter().filter_map(|ask| ask.endpoint.as_ref());
        if let Some(endpoint) = of_plugin.find(|endpoint| !self.may_read(endpoint)) {
            return Err(ManifestError::UnknownEndpoint(endpoint.clone()));
        }
        let used = self.endpoint_keys();
        for made in &self.made_endpoints {
            if !used.contains(made.setting.as_str()) {
                return Err(ManifestError::UnusedEndpoint(made.setting.clone()));
            }
            if let Some(setting) = made.settings().find(|setting| !self.may_read(setting)) {
                let (endpoint, setting) = (made.setting.clone(), setting.to_owned());
                return Err(ManifestError::UnreadableSetting { endpoint, setting });
            }
        }
        Ok(())
    }
}

impl Manifest {
    fn check_key_requests(&self) -> Result<(), ManifestError> {
        for (name, credential) in &self.credentials {
            let Some(request) = credential.key_request() else { continue };
            if !matches!(self.credentials.get(&request.credential), Some(Credential::Entra { .. })) {
                let problem = "asks for its key with a credential that is none of scheme entra";
                return Err(ManifestError::Credential { name: name.clone(), problem });
            }
            let Some(path) = request.meant() else { continue };
            let has_path = |ask: &HttpAsk| ask.paths.iter().any(|pattern| pattern.overlaps(&path));
            if self.http.iter().any(|ask| ask.methods.contains(&request.method) && has_path(ask)) {
                return Err(ManifestError::KeyInReach(name.clone()));
            }
        }
        Ok(())
    }
}

fn is_version(version: &str) -> bool {
    (1..=40).contains(&version.len())
        && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-_".contains(&byte))
        && !version.starts_with('.')
}

/// Whether a text can name a plugin, and so a file.
pub fn is_plugin_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUGIN: &str = "[plugin]\nname = \"x\"\nversion = \"1.0.0\"\ncontract = \"bosh:cpi@0.1\"\n";

    fn refusal(text: &str) -> String {
        Manifest::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_smallest_manifest_asks_for_nothing() {
        let manifest = Manifest::parse(PLUGIN).unwrap();
        assert!(manifest.http.is_empty());
    }

    #[test]
    fn a_name_in_requests_is_made_of_settings_that_are_given() {
        let text = format!("{PLUGIN}settings = [\"guid\"]\nuser-agent = \"pid-{{guid}}\"\n");
        let manifest = Manifest::parse(&text).unwrap();
        let agent = |settings: serde_json::Value| {
            let properties = serde_json::json!({"x": settings});
            let properties = properties.as_object().unwrap();
            let settings = crate::Settings::split(&manifest, properties, &Object::new()).unwrap();
            manifest.user_agent(&settings.host)
        };
        assert_eq!(agent(serde_json::json!({"guid": "a-1"})).as_deref(), Some("pid-a-1"));
        assert_eq!(agent(serde_json::json!({})), None);
        assert_eq!(agent(serde_json::json!({"guid": "a\r\nb: c"})), None);
        for wrong in ["pid-{client_secret}", "pid-{guid", "\u{e9}", "a\\nb"] {
            let text = text.replace("pid-{guid}", wrong);
            assert!(refusal(&text).starts_with("user-agent '"), "{wrong}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refusal(&PLUGIN.replace("0.1", "9.9")).contains("bosh:cpi@9.9"));
        assert!(refusal(&PLUGIN.replace("\"x\"", "\"../x\"")).contains("../x"));
        assert!(refusal(&format!("{PLUGIN}colour = 1\n")).contains("colour"));
        let ask = "[[http]]\nhosts = [\"https://a.b\"]\nmethods = [\"GET\"]\npaths = [\"/\"]\n";
        assert!(refusal(&format!("{PLUGIN}{ask}credential = \"aws\"\n")).contains("[credentials.aws]"));
        assert!(refusal(&format!("{PLUGIN}settings = [\"secret_access_key\"]\n")).contains("secret_access_key"));
        let basic = "[credentials.b]\nscheme = \"basic\"\nusername = \"user\"\npassword = \"pin\"\n";
        for setting in ["user", "pin"] {
            assert!(refusal(&format!("{PLUGIN}settings = [\"{setting}\"]\n{basic}")).contains(setting));
        }
        assert!(refusal(&format!("{PLUGIN}{}", basic.replace("pin", "user"))).contains("[credentials.b] names"));
        let sign = "sign = { service = \"s\", region = \"r\" }\n";
        assert!(refusal(&format!("{PLUGIN}{ask}credential = \"b\"\n{sign}{basic}")).contains("`sign`"));
        assert!(Manifest::parse(&format!("{PLUGIN}{ask}credential = \"b\"\n{basic}")).is_ok());
        assert!(refusal(&format!("{PLUGIN}identity = [\"password\"]\n")).contains("under `identity`"));
        assert!(refusal(&format!("{PLUGIN}{ask}endpoint = \"url\"\n")).contains("'url'"));
        assert!(refusal(&format!("{PLUGIN}{ask}endpoint = \"urls.main\"\n")).contains("'urls.main'"));
        assert!(Manifest::parse(&format!("{PLUGIN}settings = [\"urls\"]\n{ask}endpoint = \"urls.main\"\n")).is_ok());
        let listed = format!("{PLUGIN}settings = [\"urls\", \"domain\"]\n{ask}endpoint = \"urls.main\"\n");
        let made = "[[endpoint]]\nsetting = \"urls.main\"\nurl = \"https://a.{domain}\"\n";
        assert!(Manifest::parse(&format!("{listed}{made}")).is_ok());
        assert!(
            refusal(&format!("{listed}{}", made.replace("urls.main", "urls.other"))).contains("makes 'urls.other'")
        );
        for hidden in
            [made.replace("{domain}", "{client_secret}"), format!("{made}when = {{ client_secret = \"x\" }}\n")]
        {
            assert!(refusal(&format!("{listed}{hidden}")).contains("uses setting 'client_secret'"));
        }
        assert!(
            refusal(&format!("{listed}{}", made.replace("{domain}", "b"))).contains("in the domain that a setting")
        );
        assert!(refusal(&PLUGIN.replace("\"x\"", "\"agent\"")).contains("'agent'"));
        let key = "[credentials.azure]\nscheme = \"entra\"\nresource = \"management\"\n[credentials.storage]\n\
                   scheme = \"shared-key\"\nkey = { method = \"POST\", service = \"management\", \
                   path = \"/{group}/<account>/keys?v=1\", json = \"/key\", credential = \"azure\" }\n";
        assert!(Manifest::parse(&format!("{PLUGIN}{ask}{key}")).is_ok());
        let post = ask.replace("GET", "POST").replace("\"/\"", "\"/*/*/keys\"");
        assert!(refusal(&format!("{PLUGIN}{post}{key}")).contains("the key of [credentials.storage]"));
        for path in ["/*/mine/keys", "/my/*/KEYS", "/*/a*/k*", "/*/**"] {
            let block = post.replace("/*/*/keys", path);
            assert!(refusal(&format!("{PLUGIN}{block}{key}")).contains("the key of [credentials.storage]"), "{path}");
        }
        assert!(Manifest::parse(&format!("{PLUGIN}{}{key}", post.replace("/keys", "/other"))).is_ok());
        let stranger = key.replace("credential = \"azure\"", "credential = \"storage\"");
        assert!(refusal(&format!("{PLUGIN}{stranger}")).contains("none of scheme entra"));
        let place =
            "[agents]\nplace = [{ method = \"Post\", path = \"/vms\", json = \"/data\", encoding = \"base64\" }]\n";
        assert!(refusal(&format!("{PLUGIN}{place}")).contains("{ method, path, json, encoding }"));
        assert!(Manifest::parse(&format!("{PLUGIN}{}", place.replace("Post", "POST"))).is_ok());
        assert!(refusal(&PLUGIN.replace("1.0.0", "\\u001b[31m")).contains("version '\\u{1b}[31m'"));
    }
}
