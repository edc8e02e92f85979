use std::ops::Deref;

use aws_sdk_ebs::Client;
use aws_sdk_ebs::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use cpi_plugin_sdk::Failure;

use crate::client;
use crate::settings::Settings;

/// EBS direct.
pub(crate) struct Ebs {
    client: Client,
    /// Where it is, without a slash at the end.
    pub url: String,
}

impl Ebs {
    pub(crate) async fn of(settings: &Settings) -> Result<Self, Failure> {
        let endpoint = settings.ebs_endpoint.as_deref();
        let config = aws_sdk_ebs::config::Builder::from(&client::config(settings, endpoint)?).allow_no_auth().build();
        let url = match endpoint {
            Some(endpoint) => endpoint.to_owned(),
            None => resolve(settings).await?,
        };
        Ok(Self { client: Client::from_conf(config), url: url.trim_end_matches('/').to_owned() })
    }
}

/// The SDK sends no blocks for us, so the host needs to be told where they go.
async fn resolve(settings: &Settings) -> Result<String, Failure> {
    let wrong =
        |error: &dyn std::fmt::Display| Failure::invalid(format!("there is no endpoint of EBS direct: {error}"));
    let params = Params::builder()
        .region(settings.region_with(None)?)
        .use_dual_stack(settings.dualstack)
        .build()
        .map_err(|error| wrong(&error))?;
    let endpoint = ResolveEndpoint::resolve_endpoint(&DefaultResolver::new(), &params).await;
    endpoint.map(|endpoint| endpoint.url().to_owned()).map_err(|error| wrong(&error))
}

impl Deref for Ebs {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
