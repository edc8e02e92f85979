use std::ops::Deref;

use aws_sdk_ec2::Client;
use cpi_plugin_sdk::{Call, Failure, smithy};

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
        let region = settings.check_endpoint()?.to_owned();
        let shared = smithy::config(CREDENTIAL, Some(&region), settings.ec2_endpoint.as_deref())
            .use_dual_stack(settings.dualstack)
            .build();
        let config = aws_sdk_ec2::config::Builder::from(&shared).allow_no_auth().build();
        Ok(Self { client: Client::from_conf(config), settings, region })
    }
}

impl Deref for Ec2 {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
