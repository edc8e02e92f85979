//! Keys for AWS: from settings, the environment, files, metadata services, and roles in front of any of these.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::{Region, imds};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use cpi_policy::HostSettings;
use cpi_protocol::printable;
use serde::{Deserialize, Serialize};

use super::{CredentialError, Fresh};
use crate::network::Network;

mod connector;
mod failure;
mod sts;

use connector::Connector;

/// Keys of an identity.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Keys {
    id: String,
    secret: String,
    session: Option<String>,
}

/// Where the keys come from: `credentials_source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    /// `access_key_id`, `secret_access_key` and maybe `session_token`.
    Static,
    /// `AWS_ACCESS_KEY_ID` and its like.
    Environment,
    /// The shared files of the AWS tools.
    Profile,
    /// The token of a file, for a role.
    WebIdentity,
    /// The service of ECS and EKS.
    Container,
    /// The metadata service of EC2, version 2.
    Instance,
    /// Each of the others but `Static`, in the order of the AWS SDK.
    Chain,
}

const BASES: [(&str, Base); 7] = [
    ("static", Base::Static),
    ("env_or_profile", Base::Chain),
    ("environment", Base::Environment),
    ("profile", Base::Profile),
    ("web_identity", Base::WebIdentity),
    ("container", Base::Container),
    ("instance_profile", Base::Instance),
];

impl Base {
    /// Whether the operator writes the keys down where they are looked for; otherwise a service is asked for them.
    fn is_settings(self) -> bool {
        matches!(self, Self::Static | Self::Environment | Self::Profile | Self::WebIdentity)
    }

    /// Who gives the keys, in messages.
    fn service(self) -> &'static str {
        match self {
            Self::Static => "the configuration",
            Self::Environment => "the environment",
            Self::Profile => "the shared profile",
            Self::WebIdentity => "the web identity",
            Self::Container => "the container's credential service",
            Self::Instance => "the instance's metadata service",
            Self::Chain => "the chain of environment, profile, web identity, container and instance metadata",
        }
    }
}

/// How the keys for one credential are had.
pub(crate) struct AwsSource {
    settings: Arc<HostSettings>,
    network: Arc<Network>,
}

impl Keys {
    /// In the form that is signed with.
    pub(crate) fn credentials(self) -> Credentials {
        Credentials::new(self.id, self.secret, self.session, None, "cpi-host")
    }

    /// What must not be printed.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        [Some(self.secret.as_str()), self.session.as_deref()].into_iter().flatten()
    }
}

impl From<&Credentials> for Keys {
    fn from(credentials: &Credentials) -> Self {
        Self {
            id: credentials.access_key_id().to_owned(),
            secret: credentials.secret_access_key().to_owned(),
            session: credentials.session_token().map(str::to_owned),
        }
    }
}

impl AwsSource {
    pub(crate) fn new(settings: Arc<HostSettings>, network: Arc<Network>) -> Self {
        Self { settings, network }
    }

    /// Whether keys come from a service far enough away for keeping them between calls.
    pub(crate) fn is_remote(&self) -> bool {
        self.settings.text("role_arn").is_some() || self.settings.text("credentials_source") == Some("web_identity")
    }

    /// What else decides about the keys, apart from the settings.
    pub(crate) fn surroundings() -> String {
        let mut variables: Vec<_> =
            std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"AWS_")).collect();
        variables.sort();
        format!("{variables:?}")
    }

    /// Keys that are in the settings already; `None` when somebody has to be asked.
    pub(crate) fn at_hand(&self) -> Result<Option<Keys>, CredentialError> {
        let base = self.base()?;
        if base == Base::Static && !self.is_remote() { self.static_keys().map(Some) } else { Ok(None) }
    }

    /// Asks for keys, in this region where it matters.
    pub(crate) async fn fetch(&self, region: &str) -> Result<Fresh<Keys>, CredentialError> {
        let base = self.base()?;
        let region = Region::new(self.settings.text("region").unwrap_or(region).to_owned());
        let provider = self.provider(base, &region).await?;
        let credentials = match self.settings.text("role_arn") {
            // The role of a web identity is not one more.
            Some(role) if base != Base::WebIdentity => sts::assume_role(self, role, provider, region).await?,
            _ => provider
                .provide_credentials()
                .await
                .map_err(|error| failure::of_provider(base.service(), base.is_settings(), &error))?,
        };
        let now = SystemTime::now();
        // What does not say when it ends is looked at again now and then: a file may have changed.
        let expires = credentials.expiry().unwrap_or(now + Duration::from_mins(15));
        Ok(Fresh::new(Keys::from(&credentials), expires, now))
    }

    fn base(&self) -> Result<Base, CredentialError> {
        let settings = &self.settings;
        let wanted = settings.text("credentials_source").unwrap_or("static");
        let Some((_, base)) = BASES.into_iter().find(|(name, _)| *name == wanted) else {
            let known: Vec<_> = BASES.into_iter().map(|(name, _)| name).collect();
            return Err(CredentialError::Settings(format!(
                "Unknown credentials_source {}: it can be {}",
                printable(wanted, 60),
                known.join(", ")
            )));
        };
        let has_key = ["access_key_id", "secret_access_key"].into_iter().any(|key| settings.text(key).is_some());
        if base != Base::Static && has_key {
            return Err(CredentialError::Settings(format!(
                "Can't use access_key_id and secret_access_key with {wanted} credentials_source"
            )));
        }
        Ok(base)
    }

    fn static_keys(&self) -> Result<Keys, CredentialError> {
        let text = |key: &str| self.settings.text(key).map(str::to_owned);
        match (text("access_key_id"), text("secret_access_key")) {
            (Some(id), Some(secret)) => Ok(Keys { id, secret, session: text("session_token") }),
            _ => Err(CredentialError::Settings(
                "Must use access_key_id and secret_access_key with static credentials_source".to_owned(),
            )),
        }
    }

    /// Who gives the keys, without a role of the settings.
    async fn provider(&self, base: Base, region: &Region) -> Result<SharedCredentialsProvider, CredentialError> {
        let config = ProviderConfig::empty()
            .with_region(Some(region.clone()))
            .with_http_client(Connector::new(Arc::clone(&self.network)))
            .with_sleep_impl(TokioSleep::new())
            .with_retry_config(RetryConfig::standard());
        let profile = self.settings.text("profile").unwrap_or_default();
        Ok(match base {
            Base::Static => SharedCredentialsProvider::new(self.static_keys()?.credentials()),
            Base::Environment => SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()),
            Base::WebIdentity => SharedCredentialsProvider::new(sts::with_web_identity(self, region.clone()).await?),
            Base::Profile => {
                let files = ProfileFileCredentialsProvider::builder().configure(&config);
                let files = if profile.is_empty() { files } else { files.profile_name(profile) };
                SharedCredentialsProvider::new(files.build())
            }
            Base::Container => {
                SharedCredentialsProvider::new(EcsCredentialsProvider::builder().configure(&config).build())
            }
            Base::Instance => {
                let metadata = self.metadata(&config)?;
                SharedCredentialsProvider::new(ImdsCredentialsProvider::builder().imds_client(metadata).build())
            }
            Base::Chain => {
                let metadata = self.metadata(&config)?;
                let chain = DefaultCredentialsChain::builder().configure(config).region(region.clone());
                let chain = if profile.is_empty() { chain } else { chain.profile_name(profile) };
                SharedCredentialsProvider::new(chain.imds_client(metadata).build().await)
            }
        })
    }

    /// The metadata service, asked for seconds and not longer: where there is none, nobody says so.
    fn metadata(&self, config: &ProviderConfig) -> Result<imds::Client, CredentialError> {
        let client =
            imds::Client::builder().configure(config).max_attempts(3).operation_timeout(Duration::from_secs(5));
        let client = match self.settings.text("metadata_endpoint") {
            Some(endpoint) => client.endpoint(endpoint).map_err(|_| {
                CredentialError::Settings("metadata_endpoint must be a URL such as http://169.254.169.254".to_owned())
            })?,
            None => client,
        };
        Ok(client.build())
    }
}
