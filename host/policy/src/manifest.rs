use std::collections::BTreeMap;

use serde::Deserialize;

use crate::LimitsPatch;
use crate::pattern::{HostPattern, PathPattern};
use crate::request::Method;
use crate::retry::RetryAsk;

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
    #[expect(clippy::zero_sized_map_values, reason = "there is one scheme so far")]
    pub credentials: BTreeMap<String, Credential>,
    /// One block for each kind of request that the plugin makes.
    #[serde(default)]
    pub http: Vec<HttpAsk>,
    /// When requests are sent again.
    #[serde(default)]
    pub retry: RetryAsk,
    /// Where the agent's settings go.
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
    /// What `cloud.plugin` of the configuration selects: lower-case letters, digits and dashes.
    pub name: String,
    /// The author's own version.
    pub version: String,
    /// The contract it was built for.
    pub contract: String,
    /// The member of `cloud.properties` that holds this provider's settings; the plugin's name when absent.
    pub section: Option<String>,
    /// The settings that the plugin may read. Everything else stays with the host.
    #[serde(default)]
    pub settings: Vec<String>,
}

/// One `[credentials.NAME]` table.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// How requests that name this credential are authenticated.
    pub scheme: Scheme,
}

/// How the host authenticates a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// AWS Signature Version 4.
    Sigv4,
}

impl Scheme {
    /// The settings that hold secrets of this scheme: no plugin ever reads them.
    pub fn secret_settings(self) -> &'static [&'static str] {
        match self {
            Self::Sigv4 => &["access_key_id", "secret_access_key", "session_token"],
        }
    }
}

/// One `[[http]]` block.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAsk {
    /// Scheme and host, such as `https://ec2.{region}.amazonaws.com`; `{key}` is a setting.
    pub hosts: Vec<HostPattern>,
    /// A setting under which operators may give another address for the same service.
    pub endpoint: Option<String>,
    /// Methods allowed.
    pub methods: Vec<Method>,
    /// Paths allowed; a `*` stands for any text within one segment, and at the end for any text.
    pub paths: Vec<PathPattern>,
    /// The credential that requests must name; none for unsigned requests.
    pub credential: Option<String>,
    /// Scope of the signature.
    pub sign: Option<Sign>,
    /// API actions allowed, for services that name them in the body.
    pub actions: Option<Actions>,
}

/// What a `SigV4` signature is for.
#[derive(Debug, Clone, Deserialize)]
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
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agents {
    /// The request fields in which a token stands for the agent's settings.
    #[serde(default)]
    pub place: Vec<Placement>,
}

/// A field of a request that carries the agent's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// The action of the request.
    pub action: String,
    /// The field of its form.
    pub form: String,
    /// How the document is written there.
    pub encoding: Encoding,
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
    /// The name cannot be a file name.
    #[error("plugin name '{0}' is not valid: use lower-case letters, digits and dashes, at most 40")]
    Name(String),
    /// A request block names a credential that the manifest does not define.
    #[error("an [[http]] block names credential '{0}', but there is no [credentials.{0}]")]
    UnknownCredential(String),
    /// A signed request needs a scope, and an unsigned one has none.
    #[error("an [[http]] block for {0} has a credential without `sign`, or `sign` without a credential")]
    UnscopedSignature(String),
    /// A secret may not be listed among the plugin's settings.
    #[error("setting '{0}' holds a secret of [credentials] and may not be listed under `settings`")]
    SecretSetting(String),
}

impl Manifest {
    /// Reads and checks a manifest.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The member of `cloud.properties` with this provider's settings.
    pub fn section(&self) -> &str {
        self.plugin.section.as_deref().unwrap_or(&self.plugin.name)
    }

    fn check(&self) -> Result<(), ManifestError> {
        let name = &self.plugin.name;
        if !is_plugin_name(name) {
            return Err(ManifestError::Name(name.clone()));
        }
        if self.plugin.contract != CONTRACT {
            return Err(ManifestError::Contract { name: name.clone(), contract: self.plugin.contract.clone() });
        }
        for ask in &self.http {
            if let Some(credential) = ask.credential.as_ref().filter(|name| !self.credentials.contains_key(*name)) {
                return Err(ManifestError::UnknownCredential(credential.clone()));
            }
            if ask.credential.is_some() != ask.sign.is_some() {
                let hosts: Vec<_> = ask.hosts.iter().map(ToString::to_string).collect();
                return Err(ManifestError::UnscopedSignature(hosts.join(", ")));
            }
        }
        let mut secrets = self.credentials.values().flat_map(|credential| credential.scheme.secret_settings());
        match secrets.find(|secret| self.plugin.settings.iter().any(|setting| setting == **secret)) {
            Some(secret) => Err(ManifestError::SecretSetting((*secret).to_owned())),
            None => Ok(()),
        }
    }
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
        assert_eq!(manifest.section(), "x");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refusal(&PLUGIN.replace("0.1", "9.9")).contains("bosh:cpi@9.9"));
        assert!(refusal(&PLUGIN.replace("\"x\"", "\"../x\"")).contains("../x"));
        assert!(refusal(&format!("{PLUGIN}colour = 1\n")).contains("colour"));
        let ask = "[[http]]\nhosts = [\"https://a.b\"]\nmethods = [\"GET\"]\npaths = [\"/\"]\n";
        assert!(refusal(&format!("{PLUGIN}{ask}credential = \"aws\"\n")).contains("[credentials.aws]"));
        let secret = "settings = [\"secret_access_key\"]\n[credentials.aws]\nscheme = \"sigv4\"\n";
        assert!(refusal(&format!("{PLUGIN}{secret}")).contains("secret_access_key"));
    }
}
