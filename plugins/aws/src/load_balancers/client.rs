use cpi_plugin_sdk::Failure;

use crate::client;
use crate::settings::Settings;

/// Both generations of Elastic Load Balancing, which share their endpoint.
pub(crate) struct LoadBalancing {
    pub classic: aws_sdk_elasticloadbalancing::Client,
    pub targets: aws_sdk_elasticloadbalancingv2::Client,
}

impl LoadBalancing {
    pub(crate) fn of(settings: &Settings) -> Result<Self, Failure> {
        let shared = client::config(settings, settings.elb_endpoint.as_deref())?;
        let classic = aws_sdk_elasticloadbalancing::config::Builder::from(&shared).allow_no_auth().build();
        let targets = aws_sdk_elasticloadbalancingv2::config::Builder::from(&shared).allow_no_auth().build();
        Ok(Self {
            classic: aws_sdk_elasticloadbalancing::Client::from_conf(classic),
            targets: aws_sdk_elasticloadbalancingv2::Client::from_conf(targets),
        })
    }
}
