use proptest::prelude::*;
use serde_json::{Value, json};

use crate::damage::{self, Damage};
use crate::edit::{self, Edit};
use crate::values;

/// The text of a request. `$vm` and the like stand for what there is: see [`crate::target`].
pub(crate) fn strategy() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop_oneof![1 => Just(Vec::new()), 4 => prop::collection::vec(edit::strategy(), 1..4)];
    let damages = prop_oneof![5 => Just(Vec::new()), 1 => prop::collection::vec(damage::strategy(), 1..3)];
    (prop::sample::select(valid()), edits, damages).prop_map(|(request, edits, damages)| write(request, edits, damages))
}

fn write(request: Value, edits: Vec<Edit>, damages: Vec<Damage>) -> Vec<u8> {
    let request = edits.into_iter().fold(request, |request, edit| edit.apply(request));
    let text = values::with_raw_numbers(request.to_string());
    damages.into_iter().fold(text.into_bytes(), |text, damage| damage.apply(text))
}

/// A request of every method, as directors send them, at every version of the API.
fn valid() -> Vec<Value> {
    let versions = [None, Some(1), Some(2), Some(3)];
    versions.into_iter().flat_map(|version| calls().into_iter().map(move |call| request(call, version))).collect()
}

fn request((method, arguments): (&str, Value), api_version: Option<u8>) -> Value {
    let mut request = json!({
        "method": method,
        "arguments": arguments,
        "context": {
            "director_uuid": "director-1", "request_id": "cpi-1",
            "vm": {"stemcell": {"api_version": 3}},
            "sim": {"world": "default"},
        },
    });
    if let Some(version) = api_version {
        request["api_version"] = version.into();
    }
    request
}

fn calls() -> Vec<(&'static str, Value)> {
    let networks = json!({
        "private": {
            "type": "manual", "ip": "10.0.0.2", "prefix": "32", "netmask": "255.255.255.0", "gateway": "10.0.0.1",
            "dns": ["10.0.0.3"], "default": ["dns", "gateway"], "cloud_properties": {"subnet": "a"}, "nic_group": 1,
        },
        "public": {"type": "vip", "ip": "1.2.3.4"},
    });
    let env = json!({"bosh": {
        "tags": {"team": "data", "index": 0}, "groups": ["a", "b"], "password": "$6$hash", "mbus": {"cert": {"ca": "x"}},
    }});
    let managed = json!({
        "type": "manual", "range": "10.1.0.0/24", "gateway": "10.1.0.1", "netmask_bits": 24, "cloud_properties": {},
    });
    vec![
        ("info", json!([])),
        ("ping", json!([])),
        ("current_vm_id", json!([])),
        ("create_stemcell", json!(["/does/not/exist", {"light": true}, {"tags": {"a": "b"}}])),
        ("create_stemcell", json!(["/etc/hostname", {"disk": 3072}])),
        ("delete_stemcell", json!(["$stemcell"])),
        ("create_vm", json!(["agent-1", "$stemcell", {"cpu": 2}, networks, ["$disk"], env])),
        ("create_vm", json!(["agent-1", "$stemcell", {}, {"any": {"type": "dynamic"}}])),
        ("delete_vm", json!(["$vm"])),
        ("has_vm", json!(["$vm"])),
        ("reboot_vm", json!(["$vm"])),
        ("set_vm_metadata", json!(["$vm", {"director": "bosh", "index": 0, "deployment": "cf", "none": null}])),
        ("set_disk_metadata", json!(["$disk", {"attached_at": "2026-01-01T00:00:00Z"}])),
        ("calculate_vm_cloud_properties", json!([{"cpu": 2, "ram": 4096, "ephemeral_disk_size": 10240}])),
        ("create_disk", json!([1024, {"type": "fast"}, "$vm"])),
        ("update_disk", json!(["$disk", 2048, {"type": "slow"}])),
        ("has_disk", json!(["$disk"])),
        ("delete_disk", json!(["$disk"])),
        ("attach_disk", json!(["$vm", "$disk"])),
        ("detach_disk", json!(["$vm", "$disk"])),
        ("get_disks", json!(["$vm"])),
        ("resize_disk", json!(["$disk", 4096])),
        ("snapshot_disk", json!(["$disk", {"deployment": "cf", "agent_id": "a"}])),
        ("delete_snapshot", json!(["$snapshot"])),
        ("create_network", json!([managed])),
        ("delete_network", json!(["$network"])),
    ]
}
