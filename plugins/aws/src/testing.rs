//! Values for unit tests.

use cpi_plugin_sdk::{Call, Network, NetworkKind};
use serde_json::{Value, json};

use crate::settings::Settings;

/// Settings that are complete, with these on top.
pub(crate) fn settings(extra: &str) -> Settings {
    let mut all = json!({"max_retries": 8, "region": "us-east-1"});
    let extra: Value = serde_json::from_str(extra).unwrap();
    all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    Settings::of(&Call {
        request_id: None,
        director_id: "director".into(),
        api_version: 2,
        stemcell_api_version: Some(3),
        settings: all.to_string(),
    })
    .unwrap()
}

/// A manual network in a subnet.
pub(crate) fn manual(name: &str, ip: &str, subnet: &str) -> Network {
    Network {
        name: name.into(),
        kind: NetworkKind::Manual,
        ip: Some(ip.into()),
        prefix: None,
        netmask: None,
        gateway: None,
        dns: Vec::new(),
        defaults: Vec::new(),
        nic_group: None,
        cloud_properties: json!({"subnet": subnet}).to_string(),
    }
}
