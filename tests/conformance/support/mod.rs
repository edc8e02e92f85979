//! What several statements need.

use cpi_tests::coverage::{Case, Check};
use cpi_tests::{Answer, Host, Relay, request};
use serde_json::{Value, json};

pub(crate) mod cloud;

pub(crate) const fn case(id: &'static str, section: &'static str, text: &'static str, run: fn()) -> Case {
    Case { id, section, text, check: Check::Covered(run) }
}

pub(crate) const fn not_yet(id: &'static str, section: &'static str, text: &'static str, why: &'static str) -> Case {
    Case { id, section, text, check: Check::NotYet(why) }
}

/// A call at this version of the API.
pub(crate) fn at_version(host: &Host, version: u64, method: &str, arguments: &Value) -> Answer {
    let mut call = request(method, arguments);
    call["api_version"] = json!(version);
    send(host, &call)
}

/// A call with this member of the context.
pub(crate) fn with_context(host: &Host, key: &str, value: Value, method: &str, arguments: &Value) -> Answer {
    let mut call = request(method, arguments);
    call["context"][key] = value;
    send(host, &call)
}

/// The actions that a relay was asked for since the last time.
pub(crate) fn actions(relay: &Relay) -> Vec<String> {
    relay.take().iter().map(|asked| asked.field("Action")).collect()
}

pub(crate) fn send(host: &Host, call: &Value) -> Answer {
    host.send(call.to_string().as_bytes())
}

/// A light stemcell of the simulated cloud.
pub(crate) fn stemcell(host: &Host) -> Value {
    host.call("create_stemcell", &json!(["/nowhere", {"light": true}])).result()
}

pub(crate) fn dynamic_network() -> Value {
    json!({"a": {"type": "dynamic", "cloud_properties": {}}})
}

/// Arguments of a `create_vm` of the simulated cloud.
pub(crate) fn vm_of(stemcell: &Value) -> Value {
    json!(["agent-1", stemcell, {}, dynamic_network(), [], {}])
}

/// A VM of the simulated cloud.
pub(crate) fn vm(host: &Host) -> Value {
    host.call("create_vm", &vm_of(&stemcell(host))).result()[0].clone()
}

/// A disk of the simulated cloud.
pub(crate) fn disk(host: &Host) -> Value {
    host.call("create_disk", &json!([1024, {}, null])).result()
}

/// One successful call of each method that changes or reads something, in an order that makes sense.
pub(crate) fn whole_life() -> Vec<&'static str> {
    vec![
        "info",
        "ping",
        "create_stemcell",
        "create_vm",
        "has_vm",
        "set_vm_metadata",
        "create_disk",
        "has_disk",
        "attach_disk",
        "get_disks",
        "set_disk_metadata",
        "detach_disk",
        "resize_disk",
        "update_disk",
        "snapshot_disk",
        "delete_snapshot",
        "reboot_vm",
        "calculate_vm_cloud_properties",
        "delete_disk",
        "delete_vm",
        "delete_stemcell",
        "create_network",
        "delete_network",
        "current_vm_id",
    ]
}

pub(crate) fn assert_kind(answer: &Answer, kind: &str) -> String {
    let (found, message) = answer.error();
    assert_eq!(found, kind, "{message}");
    message
}
