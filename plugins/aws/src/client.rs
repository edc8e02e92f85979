use std::ops::Deref;

use aws_sdk_ec2::Client;
use cpi_plugin_sdk::smithy::{self, SdkConfig};
use cpi_plugin_sdk::{Call, Failure};

use crate::settings::Settings;

/// The name of the credential in the manifest.
const CREDENTIAL: &str = "aws";

/// EC2 in the region of one call.
pub(crate) struct Ec2 {
    client: Client,
    pub settings: Settings,
    pub region: String,
}

impl Ec2 {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        let settings = Settings::of(call)?;
        let endpoint = settings.ec2_endpoint.as_deref();
        let region = settings.region_with(endpoint)?.to_owned();
        let config = aws_sdk_ec2::config::Builder::from(&config(&settings, endpoint)?).allow_no_auth().build();
        Ok(Self { client: Client::from_conf(config), settings, region })
    }
}

impl Deref for Ec2 {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// What a client of any service is made from; `endpoint` is the operator's for this service.
pub(crate) fn config(settings: &Settings, endpoint: Option<&str>) -> Result<SdkConfig, Failure> {
    let region = settings.region_with(endpoint)?;
    Ok(smithy::config(CREDENTIAL, Some(region), endpoint).use_dual_stack(settings.dualstack).build())
}
