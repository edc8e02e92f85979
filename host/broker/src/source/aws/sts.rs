use std::sync::Arc;
use std::time::SystemTime;

use aws_config::{BehaviorVersion, Region, retry::RetryConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::IdentityCache;
use aws_sdk_sts::{Client, Config};
use aws_smithy_async::rt::sleep::TokioSleep;
use cpi_policy::normalise_endpoint;

use super::{AwsSource, Connector, failure};
use crate::source::CredentialError;

const SERVICE: &str = "STS";

/// `AssumeRole` with the keys of an identity.
pub(super) async fn assume_role(
    source: &AwsSource,
    role: &str,
    identity: SharedCredentialsProvider,
    region: Region,
) -> Result<Credentials, CredentialError> {
    let service = format!("{SERVICE} (AssumeRole {role})");
    let answer = client(source, Some(identity), region)?
        .assume_role()
        .role_arn(role)
        .role_session_name(session_name(source)?)
        .set_external_id(source.settings.text("external_id").map(str::to_owned))
        .send()
        .await
        .map_err(|error| failure::of_service(&service, &error))?;
    credentials(answer.credentials, &service)
}

/// `AssumeRoleWithWebIdentity` with the token in a file, which is read anew each time: who puts it there renews it.
pub(super) async fn with_web_identity(source: &AwsSource, region: Region) -> Result<Credentials, CredentialError> {
    let setting_or_variable = |name: &str, variable: &str| {
        let value = source.settings.text(name).map(str::to_owned).or_else(|| std::env::var(variable).ok());
        value.filter(|value| !value.is_empty()).ok_or_else(|| {
            CredentialError::Settings(format!(
                "credentials_source is web_identity, which needs {name} in the settings or {variable} in the environment"
            ))
        })
    };
    let role = setting_or_variable("role_arn", "AWS_ROLE_ARN")?;
    let file = setting_or_variable("web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE")?;
    let token = std::fs::read_to_string(&file).map_err(|error| {
        CredentialError::Settings(format!("the web identity token in '{file}' cannot be read: {error}"))
    })?;
    let service = format!("{SERVICE} (AssumeRoleWithWebIdentity {role})");
    let answer = client(source, None, region)?
        .assume_role_with_web_identity()
        .role_arn(&role)
        .role_session_name(session_name(source)?)
        .web_identity_token(token.trim())
        .send()
        .await
        .map_err(|error| failure::of_service(&service, &error))?;
    credentials(answer.credentials, &service)
}

fn client(
    source: &AwsSource,
    identity: Option<SharedCredentialsProvider>,
    region: Region,
) -> Result<Client, CredentialError> {
    // The variable is the one that all of AWS's own tools know.
    const VARIABLE: &str = "AWS_ENDPOINT_URL_STS";
    let of_environment = || std::env::var(VARIABLE).ok().filter(|endpoint| !endpoint.is_empty());
    let setting = source.settings.text("sts_endpoint").map(|endpoint| ("sts_endpoint", endpoint.to_owned()));
    let endpoint = setting.or_else(|| Some((VARIABLE, of_environment()?))).map(|(name, endpoint)| {
        normalise_endpoint(&endpoint).map_err(|problem| CredentialError::Settings(format!("{name} {problem}")))
    });
    let endpoint = endpoint.transpose()?;
    let connector = Connector::new(Arc::clone(&source.network)).anywhere(endpoint.is_some());
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .http_client(connector)
        .sleep_impl(TokioSleep::new())
        .retry_config(RetryConfig::standard())
        .identity_cache(IdentityCache::no_cache());
    config.set_endpoint_url(endpoint);
    config.set_credentials_provider(identity);
    Ok(Client::from_conf(config.build()))
}

/// What the logs of the cloud show: as configured, or one of a kind, in the form of the Ruby CPI.
fn session_name(source: &AwsSource) -> Result<String, CredentialError> {
    match source.settings.text("role_session_name") {
        Some(name) => Ok(name.to_owned()),
        None => crate::source::random_uuid().map(|uuid| format!("rsn-{uuid}")),
    }
}

fn credentials(given: Option<aws_sdk_sts::types::Credentials>, service: &str) -> Result<Credentials, CredentialError> {
    let unreadable =
        |problem: &str| CredentialError::Unreadable { service: service.to_owned(), problem: problem.to_owned() };
    let given = given.ok_or_else(|| unreadable("there are no credentials in it"))?;
    let expires = SystemTime::try_from(given.expiration).map_err(|_| unreadable("its expiration is not a time"))?;
    Ok(Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.session_token),
        Some(expires),
        "cpi-host",
    ))
}
