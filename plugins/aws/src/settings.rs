use cpi_plugin_sdk::{Call, Failure, settings};
use serde_json::{Map, Value};

use crate::properties::Properties;

/// The provider's settings: `cloud.properties.aws` under the request's context, without the credentials.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "operators switch these one by one")]
pub(crate) struct Settings {
    pub region: Option<String>,
    /// An absolute URL.
    pub ec2_endpoint: Option<String>,
    /// Of both generations of load balancers; an absolute URL.
    pub elb_endpoint: Option<String>,
    /// Where the metadata service of the caller's own instance is, if it may be asked; an absolute URL.
    pub metadata_endpoint: Option<String>,
    /// Of EBS direct, which takes images; an absolute URL.
    pub ebs_endpoint: Option<String>,
    pub dualstack: bool,
    pub default_key_name: Option<String>,
    /// A name, not an ARN.
    pub default_iam_instance_profile: Option<String>,
    /// Ids and names.
    pub default_security_groups: Vec<String>,
    pub encrypted: bool,
    pub kms_key_arn: Option<String>,
    pub metadata_options: Properties,
    /// Ask EC2 about an instance type rather than guess from its family.
    pub describe_instance_types: bool,
    /// Deletes do not wait.
    pub fast_path_delete: bool,
    /// Volumes, snapshots and copied images get a tag by which `cpi-host orphans` finds them.
    pub intent_tags: bool,
    /// Laid over the cloud properties of every stemcell.
    pub stemcell: Properties,
}

impl Settings {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        let settings = settings::object(&call.settings, "the aws settings")?;
        check(&settings)?;
        let settings = Properties::new(settings);
        Ok(Self {
            region: settings.text("region")?.filter(|region| !region.is_empty()),
            ec2_endpoint: settings.text("ec2_endpoint")?.map(with_scheme),
            elb_endpoint: settings.text("elb_endpoint")?.map(with_scheme),
            metadata_endpoint: settings.text("metadata_endpoint")?.map(|url| url.trim_end_matches('/').to_owned()),
            ebs_endpoint: settings.text("ebs_endpoint")?.map(with_scheme),
            dualstack: settings.flag("dualstack")?.unwrap_or(false),
            default_key_name: settings.text("default_key_name")?,
            default_iam_instance_profile: settings.text("default_iam_instance_profile")?,
            default_security_groups: settings.strings("default_security_groups")?,
            encrypted: settings.flag("encrypted")?.unwrap_or(false),
            kms_key_arn: settings.text("kms_key_arn")?,
            metadata_options: settings.object("metadata_options")?,
            describe_instance_types: settings.flag("enable_describe_instance_types")?.unwrap_or(true),
            fast_path_delete: settings.flag("fast_path_delete")?.unwrap_or(false),
            intent_tags: settings.flag("intent_tags")?.unwrap_or(false),
            stemcell: settings.object("stemcell")?,
        })
    }

    /// The region of requests to a service that may have an endpoint of its own; what only calls with requests need.
    pub(crate) fn region_with(&self, endpoint: Option<&str>) -> Result<&str, Failure> {
        if self.dualstack && endpoint.is_some() {
            return Err(Failure::invalid("Invalid Configuration: Dualstack and custom endpoint are not supported"));
        }
        // A signature is for one region, whatever the endpoint.
        let missing = || Failure::invalid("missing configuration parameters > aws:region");
        let region = self.region.as_deref().ok_or_else(missing)?;
        if region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Ok(region);
        }
        Err(Failure::invalid(format!(
            "'region' is '{region}': a region has letters, digits and hyphens only, such as 'us-east-1'"
        )))
    }
}

/// Where the host can have credentials from: the words of the Ruby CPI, and those that say more precisely what is meant.
const SOURCES: [&str; 7] =
    ["static", "env_or_profile", "environment", "profile", "web_identity", "container", "instance_profile"];

/// The first thing that is wrong, in the order operators know. Credentials themselves are the host's to check.
fn check(settings: &Map<String, Value>) -> Result<(), Failure> {
    let has = |key| settings.contains_key(key);
    if !has("max_retries") {
        return Err(Failure::invalid("missing configuration parameters > aws:max_retries"));
    }
    let endpoints = has("ec2_endpoint") && has("elb_endpoint");
    if !has("region") && !endpoints {
        return Err(Failure::invalid(
            "missing configuration parameters > aws:region, or aws:ec2_endpoint and aws:elb_endpoint",
        ));
    }
    match settings.get("credentials_source") {
        None => Ok(()),
        Some(Value::String(source)) if SOURCES.contains(&source.as_str()) => Ok(()),
        Some(Value::String(source)) => Err(Failure::invalid(format!("Unknown credentials_source {source}"))),
        Some(Value::Null) => Err(Failure::invalid("Unknown credentials_source ")),
        Some(other) => Err(Failure::invalid(format!("Unknown credentials_source {other}"))),
    }
}

fn with_scheme(endpoint: String) -> String {
    let lower = endpoint.to_ascii_lowercase();
    if lower.starts_with("http://") || lower.starts_with("https://") { endpoint } else { format!("https://{endpoint}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &str) -> Result<Settings, Failure> {
        Settings::of(&Call {
            request_id: None,
            director_id: "d".into(),
            api_version: 2,
            stemcell_api_version: None,
            settings: json.into(),
        })
    }

    fn refusal(json: &str) -> String {
        settings(json).unwrap_err().message().to_owned()
    }

    #[test]
    fn the_first_missing_setting_is_named() {
        assert_eq!(refusal("{}"), "missing configuration parameters > aws:max_retries");
        assert_eq!(
            refusal(r#"{"max_retries": 8, "ec2_endpoint": "x"}"#),
            "missing configuration parameters > aws:region, or aws:ec2_endpoint and aws:elb_endpoint"
        );
        assert_eq!(
            refusal(r#"{"max_retries": 8, "region": "r", "credentials_source": "vault"}"#),
            "Unknown credentials_source vault"
        );
    }

    #[test]
    fn a_key_counts_even_with_a_null() {
        assert!(settings(r#"{"max_retries": null, "region": null}"#).is_ok());
        assert!(settings(r#"{"max_retries": 0, "ec2_endpoint": "x", "elb_endpoint": "y"}"#).is_ok());
    }

    #[test]
    fn defaults() {
        let given = settings(r#"{"max_retries": 8, "region": "r", "enable_describe_instance_types": null}"#).unwrap();
        assert!(given.describe_instance_types);
        assert!(!given.encrypted && !given.fast_path_delete && !given.dualstack);
    }

    #[test]
    fn endpoints_get_a_scheme_even_with_a_port() {
        let endpoint = |value: &str| {
            settings(&format!(r#"{{"max_retries": 8, "region": "r", "ec2_endpoint": "{value}"}}"#))
                .unwrap()
                .ec2_endpoint
        };
        assert_eq!(endpoint("localhost:4566").as_deref(), Some("https://localhost:4566"));
        assert_eq!(endpoint("http://127.0.0.1:5000").as_deref(), Some("http://127.0.0.1:5000"));
    }

    #[test]
    fn requests_need_a_region_and_one_kind_of_endpoint() {
        let both = settings(r#"{"max_retries": 8, "region": "r", "dualstack": true}"#).unwrap();
        assert_eq!(both.region_with(None).unwrap(), "r");
        assert!(both.region_with(Some("x")).unwrap_err().message().starts_with("Invalid Configuration"));
        let none = r#"{"max_retries": 8, "region": null}"#;
        assert!(settings(none).unwrap().region_with(None).is_err());
        let wrong = settings(r#"{"max_retries": 8, "region": "us east 1"}"#).unwrap();
        assert!(wrong.region_with(None).unwrap_err().message().starts_with("'region' is 'us east 1': "));
    }
}
