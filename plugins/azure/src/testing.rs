//! Values for unit tests.

use cpi_plugin_sdk::Call;
use serde_json::{Value, json};

use crate::settings::Settings;

/// A call with settings that are complete, and these on top.
pub(crate) fn call(extra: &Value) -> Call {
    let mut all = json!({
        "subscription_id": "sub", "resource_group_name": "rg", "use_managed_disks": true, "location": "eastus",
        "ssh_user": "vcap", "ssh_public_key": "ssh-rsa key",
    });
    all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    Call {
        request_id: None,
        director_id: "director".into(),
        api_version: 2,
        stemcell_api_version: None,
        settings: all.to_string(),
    }
}

/// Settings that are complete, with these on top.
pub(crate) fn settings(extra: &Value) -> Settings {
    Settings::of(&call(extra)).unwrap()
}
