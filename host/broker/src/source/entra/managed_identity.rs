use cpi_policy::{HostSettings, normalise_endpoint};
use url::Url;

use super::token::Ask;
use crate::source::CredentialError;

/// Where every machine of Azure finds its metadata.
const METADATA: &str = "http://169.254.169.254";

/// A token for the identity of this machine: its own, or one that a user gave to it.
pub(super) fn ask(settings: &HostSettings, resource: &str) -> Result<Ask, CredentialError> {
    let wrong = |problem: String| CredentialError::Settings(format!("endpoints.metadata {problem}"));
    let metadata = settings.text("endpoints.metadata").unwrap_or(METADATA);
    let metadata = normalise_endpoint(metadata).map_err(wrong)?;
    let mut query = vec![("resource", resource), ("api-version", "2018-02-01")];
    for (setting, field) in
        [("managed_identity_resource_id", "msi_res_id"), ("managed_identity_client_id", "client_id")]
    {
        query.extend(settings.text(setting).map(|value| (field, value)));
    }
    let url = Url::parse_with_params(&format!("{metadata}/metadata/identity/oauth2/token"), query)
        .map_err(|error| wrong(error.to_string()))?;
    Ok(Ask::metadata(url))
}
