//! M: methods, in the simulated cloud.

use cpi_tests::Host;
use cpi_tests::coverage::Case;
use serde_json::{Value, json};

use crate::support::{assert_kind, case, disk, dynamic_network, stemcell, vm, vm_of};

const SECTION: &str = "M methods";

pub(crate) const CASES: &[Case] = &[
    case("M02", SECTION, "create_vm again for the same agent succeeds after a failure", create_again),
    case("M07", SECTION, "addresses on dynamic networks are no demands", dynamic_hints),
    case("M08", SECTION, "prefixes and nic_group are honoured, or refused by name", prefixes),
    case("M12", SECTION, "delete_vm twice is harmless", delete_vm_twice),
    case("M13", SECTION, "has_vm is false for unknown and deleted VMs", has_vm),
    case("M18", SECTION, "metadata: numbers and booleans become text, null is left out", metadata_values),
    case("M20", SECTION, "empty metadata succeeds", empty_metadata),
    case("M23", SECTION, "attaching again returns the same hint", attach_again),
    case("M24", SECTION, "a disk of another VM is refused and stays there", attached_elsewhere),
    case("M25", SECTION, "two disks of one VM have different hints", two_disks),
    case("M26", SECTION, "hints hold texts only", hints_are_texts),
    case("M27", SECTION, "after detach_disk the disk can be attached and deleted", detached),
    case("M28", SECTION, "detaching what is not attached succeeds or says DiskNotAttached", detach_again),
    case("M29", SECTION, "delete_disk of an attached disk is an error", delete_attached),
    case("M30", SECTION, "delete_disk of an unknown disk succeeds or says DiskNotFound", delete_unknown_disk),
    case("M31", SECTION, "delete_stemcell of an unknown stemcell succeeds", delete_unknown_stemcell),
    case("M32", SECTION, "a light stemcell's image is not opened", light_stemcell),
    case("M34", SECTION, "delete_snapshot of an unknown snapshot succeeds", delete_unknown_snapshot),
    case("M35", SECTION, "snapshot_disk takes an integer index and missing keys", snapshot_metadata),
    case("M36", SECTION, "get_disks returns a list, without ephemeral disks", get_disks),
    case("M37", SECTION, "calculate_vm_cloud_properties is deterministic and names what is missing", calculate),
    case("M38", SECTION, "what it returns is accepted by create_vm", calculated_vm),
    case("M40", SECTION, "update_disk in place returns null or the same cid", update_disk),
    case("M41", SECTION, "create_network returns three elements; an unknown one is NetworkNotFound", networks),
    case("M42", SECTION, "current_vm_id, configure_networks and ping", legacy),
];

fn create_again() {
    let host = Host::new("sim", &json!({"sim": {"capacity": {"vms": 1}}}));
    let arguments = vm_of(&stemcell(&host));
    let first = host.call("create_vm", &arguments).result()[0].clone();
    let answer = host.call("create_vm", &arguments);
    assert_eq!(answer.response()["error"]["ok_to_retry"], true);
    host.call("delete_vm", &json!([first])).result();
    host.call("create_vm", &arguments).result();
}

fn dynamic_hints() {
    let host = Host::sim();
    let mut arguments = vm_of(&stemcell(&host));
    arguments[3] = json!({"a": {
        "type": "dynamic", "ip": "10.9.9.9", "netmask": "255.0.0.0", "gateway": "10.0.0.1", "cloud_properties": {},
    }});
    // The same address twice: both were hints.
    host.call("create_vm", &arguments).result();
    host.call("create_vm", &arguments).result();
}

fn prefixes() {
    let host = Host::sim();
    let network = |prefix: &str, ip: &str| {
        json!({"type": "manual", "ip": ip, "prefix": prefix, "netmask": "255.255.255.0", "gateway": "10.0.0.1",
               "cloud_properties": {}})
    };
    let mut arguments = vm_of(&stemcell(&host));
    arguments[3] = json!({"a": network("28", "10.0.0.16")});
    let message = assert_kind(&host.call("create_vm", &arguments), "Bosh::Clouds::CloudError");
    assert!(message.contains("prefix"), "{message}");
    let (mut first, mut second) = (network("32", "10.0.0.16"), network("32", "10.0.0.17"));
    (first["nic_group"], second["nic_group"]) = (json!("1"), json!("1"));
    arguments[3] = json!({"a": first, "b": second});
    host.call("create_vm", &arguments).result();
}

fn delete_vm_twice() {
    let host = Host::sim();
    let vm = vm(&host);
    host.call("delete_vm", &json!([vm])).result();
    assert_kind(&host.call("delete_vm", &json!([vm])), "Bosh::Clouds::VMNotFound");
}

fn has_vm() {
    let host = Host::sim();
    let vm = vm(&host);
    assert_eq!(host.call("has_vm", &json!([vm])).result(), true);
    host.call("delete_vm", &json!([vm])).result();
    for gone in [vm, json!("vm-never"), json!(""), json!("ü/../x")] {
        assert_eq!(host.call("has_vm", &json!([gone])).result(), false);
    }
}

fn metadata_values() {
    let host = Host::sim();
    let vm = vm(&host);
    let metadata = json!({"index": 0, "bootstrap": true, "none": null, "ratio": 0.5, "name": "a/b"});
    host.call("set_vm_metadata", &json!([vm, metadata])).result();
    host.call("set_disk_metadata", &json!([disk(&host), metadata])).result();
}

fn empty_metadata() {
    let host = Host::sim();
    host.call("set_vm_metadata", &json!([vm(&host), {}])).result();
    host.call("set_disk_metadata", &json!([disk(&host), {}])).result();
}

fn attach_again() {
    let host = Host::sim();
    let pair = json!([vm(&host), disk(&host)]);
    let hint = host.call("attach_disk", &pair).result();
    assert_eq!(host.call("attach_disk", &pair).result(), hint);
}

fn attached_elsewhere() {
    let host = Host::sim();
    let (vm, other, disk) = (vm(&host), vm(&host), disk(&host));
    host.call("attach_disk", &json!([vm, disk])).result();
    assert_kind(&host.call("attach_disk", &json!([other, disk])), "Bosh::Clouds::CloudError");
    assert_eq!(host.call("get_disks", &json!([vm])).result(), json!([disk]));
    assert_eq!(host.call("get_disks", &json!([other])).result(), json!([]));
}

fn two_disks() {
    let host = Host::sim();
    let vm = vm(&host);
    let hints: Vec<_> =
        (0..3).map(|_| host.call("attach_disk", &json!([vm, disk(&host)])).result().to_string()).collect();
    assert!(hints[0] != hints[1] && hints[1] != hints[2] && hints[0] != hints[2], "{hints:?}");
}

fn hints_are_texts() {
    let host = Host::sim();
    let hint = host.call("attach_disk", &json!([vm(&host), disk(&host)])).result();
    assert!(hint.as_object().unwrap().values().all(Value::is_string), "{hint}");
    let hostile = Host::hostile("http://127.0.0.1:9/");
    assert_kind(&hostile.call("attach_disk", &json!(["vm", "number-within"])), "Bosh::Clouds::CpiError");
}

fn detached() {
    let host = Host::sim();
    let (vm, other, disk) = (vm(&host), vm(&host), disk(&host));
    host.call("attach_disk", &json!([vm, disk])).result();
    host.call("detach_disk", &json!([vm, disk])).result();
    host.call("attach_disk", &json!([other, disk])).result();
    host.call("detach_disk", &json!([other, disk])).result();
    host.call("delete_disk", &json!([disk])).result();
}

fn detach_again() {
    let host = Host::sim();
    let answer = host.call("detach_disk", &json!([vm(&host), disk(&host)]));
    assert_kind(&answer, "Bosh::Clouds::DiskNotAttached");
}

fn delete_attached() {
    let host = Host::sim();
    let (vm, disk) = (vm(&host), disk(&host));
    host.call("attach_disk", &json!([vm, disk])).result();
    assert_kind(&host.call("delete_disk", &json!([disk])), "Bosh::Clouds::CloudError");
    assert_eq!(host.call("has_disk", &json!([disk])).result(), true);
}

fn delete_unknown_disk() {
    assert_kind(&Host::sim().call("delete_disk", &json!(["disk-none"])), "Bosh::Clouds::DiskNotFound");
}

fn delete_unknown_stemcell() {
    assert_eq!(Host::sim().call("delete_stemcell", &json!(["stemcell-none"])).result(), Value::Null);
}

fn light_stemcell() {
    let host = Host::sim();
    // Opening a pipe without a writer would wait for ever.
    let pipe = host.path("image");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(host.call("create_stemcell", &json!([pipe, {"light": true}])).result().is_string());
}

fn delete_unknown_snapshot() {
    assert_eq!(Host::sim().call("delete_snapshot", &json!(["snapshot-none"])).result(), Value::Null);
}

fn snapshot_metadata() {
    let host = Host::sim();
    let disk = disk(&host);
    for metadata in [json!({"deployment": "d", "job": "j", "index": 0}), json!({}), json!(null)] {
        assert!(host.call("snapshot_disk", &json!([disk, metadata])).result().is_string());
    }
}

fn get_disks() {
    let host = Host::sim();
    let mut arguments = vm_of(&stemcell(&host));
    arguments[2] = json!({"ephemeral_disk": 1024});
    let vm = host.call("create_vm", &arguments).result()[0].clone();
    assert_eq!(host.call("get_disks", &json!([vm])).result(), json!([]));
    assert_kind(&host.call("get_disks", &json!(["vm-none"])), "Bosh::Clouds::VMNotFound");
}

fn calculate() {
    let host = Host::sim();
    let size = json!([{"cpu": 2, "ram": 4096, "ephemeral_disk_size": 2048}]);
    let first = host.call("calculate_vm_cloud_properties", &size).result();
    assert_eq!(host.call("calculate_vm_cloud_properties", &size).result(), first);
    let message = assert_kind(&host.call("calculate_vm_cloud_properties", &json!([{"cpu": 2}])), "InvalidCall");
    assert!(message.contains("'ram'") && message.contains("'ephemeral_disk_size'"), "{message}");
    let huge = json!([{"cpu": 1e9, "ram": 1, "ephemeral_disk_size": 1}]);
    assert_kind(&host.call("calculate_vm_cloud_properties", &huge), "Bosh::Clouds::CloudError");
}

fn calculated_vm() {
    let host = Host::sim();
    let size = json!([{"cpu": 2, "ram": 4096, "ephemeral_disk_size": 2048}]);
    let properties = host.call("calculate_vm_cloud_properties", &size).result();
    let vm = json!(["agent-1", stemcell(&host), properties, dynamic_network(), [], {}]);
    assert!(host.call("create_vm", &vm).result()[0].is_string());
}

fn update_disk() {
    let host = Host::sim();
    let disk = disk(&host);
    let updated = host.call("update_disk", &json!([disk, 2048, {"type": "fast"}])).result();
    assert!(updated.is_null() || updated == disk, "{updated}");
    assert_eq!(host.call("has_disk", &json!([disk])).result(), true);
}

fn networks() {
    let host = Host::sim();
    let spec = json!([{"type": "manual", "range": "10.9.0.0/24", "gateway": "10.9.0.1", "cloud_properties": {"a": 1}}]);
    let created = host.call("create_network", &spec).result();
    assert_eq!(created.as_array().unwrap().len(), 3);
    assert!(created[0].is_string() && created[2].is_object(), "{created}");
    assert_eq!(created[1]["range"], "10.9.0.0/24");
    host.call("delete_network", &json!([created[0]])).result();
    assert_kind(&host.call("delete_network", &json!([created[0]])), "Bosh::Clouds::NetworkNotFound");
}

fn legacy() {
    let host = Host::sim();
    assert_kind(&host.call("current_vm_id", &json!([])), "Bosh::Clouds::NotImplemented");
    assert_kind(&host.call("configure_networks", &json!(["vm", {}])), "Bosh::Clouds::NotImplemented");
    assert_eq!(host.call("ping", &json!([])).result(), "pong");
}
