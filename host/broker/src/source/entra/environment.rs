use cpi_policy::{AddressRule, HostSettings, is_domain, normalise_endpoint};
use cpi_protocol::printable;
use url::Url;

use super::Version;
use crate::network::Network;
use crate::source::CredentialError;

/// A cloud of Azure's kind: whom to ask for tokens, and what those for its resource manager are for.
pub(crate) struct Environment {
    /// The audience of the resource manager.
    pub(super) management: String,
    /// Where the resource manager is, unless the operator names its place.
    manager: Option<&'static str>,
    authority: String,
    directory: Directory,
    /// Where the authority may be.
    pub(super) addresses: AddressRule,
}

/// Who keeps the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directory {
    /// Entra, in which a tenant has a path.
    Entra,
    /// Active Directory Federation Services, which has no tenants.
    Adfs,
}

/// Name, audience of the resource manager, authority.
const CLOUDS: [(&str, &str, &str); 4] = [
    ("AzureCloud", "https://management.azure.com/", "https://login.microsoftonline.com"),
    ("AzureChinaCloud", "https://management.chinacloudapi.cn/", "https://login.chinacloudapi.cn"),
    ("AzureUSGovernment", "https://management.usgovcloudapi.net/", "https://login.microsoftonline.us"),
    ("AzureGermanCloud", "https://management.microsoftazure.de/", "https://login.microsoftonline.de"),
];
const STACK: &str = "AzureStack";

impl Environment {
    /// What `environment`, `azure_stack` and `endpoints.authority` say.
    pub(crate) fn of(settings: &HostSettings, network: &Network) -> Result<Self, CredentialError> {
        let name = settings.text("environment").unwrap_or("AzureCloud");
        let mut environment = match cloud(name) {
            Some((management, authority)) => Self {
                management: management.to_owned(),
                manager: Some(management),
                authority: authority.to_owned(),
                directory: Directory::Entra,
                addresses: network.public(),
            },
            None if name == STACK => Self::stack(settings)?,
            None => {
                let known: Vec<_> = CLOUDS.into_iter().map(|(name, _, _)| name).chain([STACK]).collect();
                return Err(CredentialError::Settings(format!(
                    "environment '{}' is not known: it can be {}",
                    printable(name, 60),
                    known.join(", ")
                )));
            }
        };
        if let Some(authority) = settings.text("endpoints.authority") {
            environment.authority = normalise_endpoint(authority)
                .map_err(|problem| CredentialError::Settings(format!("endpoints.authority {problem}")))?;
            environment.addresses = AddressRule::Any;
        }
        Ok(environment)
    }

    /// A private cloud: the operator names everything, so it may have any address.
    fn stack(settings: &HostSettings) -> Result<Self, CredentialError> {
        let text = |member: &str| settings.text(&format!("azure_stack.{member}"));
        let wrong = |problem: &str| CredentialError::Settings(format!("azure_stack.{problem}"));
        let resource =
            text("resource").ok_or_else(|| wrong("resource is missing: it says what tokens are requested for"))?;
        let (cloud, directory) = match text("authentication") {
            Some("AzureAD") => (cloud("AzureCloud"), Directory::Entra),
            Some("AzureChinaCloudAD") => (cloud("AzureChinaCloud"), Directory::Entra),
            Some("ADFS") => (None, Directory::Adfs),
            _ => return Err(wrong("authentication must be AzureAD, AzureChinaCloudAD or ADFS")),
        };
        let domain = text("domain").unwrap_or("local.azurestack.external");
        if !is_domain(domain) {
            return Err(wrong("domain must be the name of a domain, without a scheme, a port or a path"));
        }
        let authority = cloud.map_or(format!("https://adfs.{domain}/adfs"), |(_, authority)| authority.to_owned());
        Ok(Self { management: resource.to_owned(), manager: None, authority, directory, addresses: AddressRule::Any })
    }

    /// Where the resource manager is, unless the operator names another place. That of a private cloud is always named.
    pub(crate) fn manager(&self) -> Result<&'static str, CredentialError> {
        self.manager.ok_or_else(|| {
            CredentialError::Settings(format!(
                "the resource manager of {STACK} is not known: the plugin's manifest has to name an `endpoint` for it"
            ))
        })
    }

    /// Whether tokens can be asked for with a scope.
    pub(super) fn speaks_two(&self) -> bool {
        self.directory == Directory::Entra
    }

    /// Where tokens are given.
    pub(super) fn token_url(&self, tenant: Option<&str>, version: Version) -> Result<Url, CredentialError> {
        // What the Ruby CPI sends, to ADFS too.
        const QUERY: &str = "api-version=2015-06-15";
        let authority = &self.authority;
        let text = match self.directory {
            Directory::Adfs => format!("{authority}/oauth2/token?{QUERY}"),
            Directory::Entra => {
                let tenant = tenant.ok_or_else(|| {
                    CredentialError::Settings("tenant_id is missing; a token of Entra needs it".to_owned())
                })?;
                if !is_tenant(tenant) {
                    return Err(CredentialError::Settings(format!(
                        "tenant_id '{}' is none: it must be a UUID or the name of a domain",
                        printable(tenant, 100)
                    )));
                }
                match version {
                    Version::One => format!("{authority}/{tenant}/oauth2/token?{QUERY}"),
                    Version::Two => format!("{authority}/{tenant}/oauth2/v2.0/token"),
                }
            }
        };
        Url::parse(&text)
            .map_err(|error| CredentialError::Settings(format!("the authority '{authority}' is not a URL: {error}")))
    }
}

fn cloud(name: &str) -> Option<(&'static str, &'static str)> {
    CLOUDS.into_iter().find(|(known, _, _)| *known == name).map(|(_, management, authority)| (management, authority))
}

fn is_tenant(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) && !text.starts_with('.')
}

#[cfg(test)]
mod tests {
    use cpi_policy::{Manifest, Settings};
    use serde_json::{Value, json};

    use super::*;

    fn environment(section: &Value) -> Result<Environment, String> {
        let manifest = "[plugin]\nname = \"azure\"\nversion = \"1\"\ncontract = \"bosh:cpi@0.1\"\n";
        let manifest = Manifest::parse(manifest).unwrap();
        let properties = json!({"azure": section});
        let settings =
            Settings::split(&manifest, properties.as_object().unwrap(), &cpi_protocol::Object::new()).unwrap();
        Environment::of(&settings.host, &Network::default()).map_err(|error| error.to_string())
    }

    fn url(section: &Value, version: Version) -> String {
        environment(section).unwrap().token_url(Some("tenant-1"), version).unwrap().to_string()
    }

    #[test]
    fn each_cloud_has_its_authority_and_audience() {
        for (name, management, authority) in CLOUDS {
            let section = json!({"environment": name});
            assert_eq!(environment(&section).unwrap().management, management);
            assert_eq!(
                url(&section, Version::One),
                format!("{authority}/tenant-1/oauth2/token?api-version=2015-06-15")
            );
            assert_eq!(url(&section, Version::Two), format!("{authority}/tenant-1/oauth2/v2.0/token"));
        }
        assert_eq!(environment(&json!({})).unwrap().management, "https://management.azure.com/");
    }

    #[test]
    fn a_private_cloud_says_who_keeps_its_accounts() {
        let stack = |authentication: &str| {
            let stack = json!({"authentication": authentication, "resource": "https://x/", "domain": "stack.example"});
            json!({"environment": "AzureStack", "azure_stack": stack})
        };
        let one = |authentication: &str| url(&stack(authentication), Version::One);
        assert!(one("AzureAD").starts_with("https://login.microsoftonline.com/tenant-1/oauth2/token"));
        assert!(one("AzureChinaCloudAD").starts_with("https://login.chinacloudapi.cn/tenant-1/oauth2/token"));
        assert_eq!(one("ADFS"), "https://adfs.stack.example/adfs/oauth2/token?api-version=2015-06-15");
        assert_eq!(url(&stack("ADFS"), Version::Two), one("ADFS"));
        assert_eq!(environment(&stack("ADFS")).unwrap().management, "https://x/");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (section, problem) in [
            (json!({"environment": "AzureMoon"}), "'AzureMoon' is not known: it can be AzureCloud,"),
            (json!({"environment": "AzureStack"}), "azure_stack.resource is missing"),
            (json!({"environment": "AzureStack", "azure_stack": {"resource": "x"}}), "must be AzureAD,"),
            (json!({"endpoints": {"authority": "ftp://x"}}), "endpoints.authority must start with"),
            (
                json!({"environment": "AzureStack",
                    "azure_stack": {"resource": "x", "authentication": "ADFS", "domain": "x@evil.example"}}),
                "azure_stack.domain must be the name of a domain",
            ),
        ] {
            let error = environment(&section).err().unwrap();
            assert!(error.contains(problem), "{error}");
        }
        let environment = environment(&json!({})).unwrap();
        for tenant in [None, Some(".."), Some("a/b"), Some("a?b")] {
            assert!(environment.token_url(tenant, Version::Two).unwrap_err().to_string().contains("tenant_id"));
        }
    }
}
