//! The AWS SDK for Rust over the host (feature `aws`, WebAssembly only).
//!
//! ```ignore
//! let shared = smithy::config("aws", region, endpoint).build();
//! let config = aws_sdk_ec2::config::Builder::from(&shared).allow_no_auth().build();
//! let client = aws_sdk_ec2::Client::from_conf(config);
//! let answer = client.describe_instances().send().await.map_err(smithy::error("DescribeInstances"))?;
//! ```
//!
//! The host holds the credentials, signs and retries, so here all three are off. `allow_no_auth` belongs to each
//! service's own builder and cannot be set in the shared part.

mod connector;
mod error;
mod time;

pub use aws_types::SdkConfig;
pub use error::error;

use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::region::Region;
use aws_types::sdk_config::Builder;

/// The shared configuration of every AWS service client: requests go through the host, which authenticates them with
/// the named credential of the manifest. An `endpoint` is an absolute URL and replaces the one of the region.
pub fn config(credential: &'static str, region: Option<&str>, endpoint: Option<&str>) -> Builder {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(connector::Client::new(credential))
        .sleep_impl(time::Clock)
        .time_source(time::Clock)
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .region(region.map(|region| Region::new(region.to_owned())));
    config.set_endpoint_url(endpoint.map(str::to_owned));
    config
}
