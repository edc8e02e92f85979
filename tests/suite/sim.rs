//! The simulated cloud through the whole program.

use std::thread;

use cpi_tests::Host;
use serde_json::{Value, json};

fn networks() -> Value {
    json!({"private": {
        "type": "manual", "ip": "10.0.0.2", "prefix": "32", "netmask": "255.255.255.0", "gateway": "10.0.0.1",
        "dns": ["10.0.0.3"], "default": ["dns", "gateway"], "cloud_properties": {"a": 1}
    }})
}

fn stemcell(host: &Host) -> Value {
    host.call("create_stemcell", &json!(["/does/not/exist", {"light": true}])).result()
}

#[test]
fn a_vm_and_its_disk_live_and_die() {
    let host = Host::sim();
    let arguments = json!(["agent-1", stemcell(&host), {}, networks(), [], {"bosh": {"tags": {"team": "data"}}}]);
    let created = host.call("create_vm", &arguments).result();
    assert_eq!(created[1], networks(), "the networks come back as they went");
    let vm = &created[0];
    assert_eq!(host.call("has_vm", &json!([vm])).result(), true);
    let disk = host.call("create_disk", &json!([1024, {}, vm])).result();
    let hint = host.call("attach_disk", &json!([vm, disk])).result();
    assert!(hint["path"].is_string(), "{hint}");
    assert_eq!(host.call("attach_disk", &json!([vm, disk])).result(), hint, "attaching again changes nothing");
    assert_eq!(host.call("get_disks", &json!([vm])).result(), json!([disk]));
    assert_eq!(host.call("delete_disk", &json!([disk])).error().0, "Bosh::Clouds::CloudError");
    assert_eq!(host.call("delete_vm", &json!([vm])).result(), Value::Null);
    assert_eq!(host.call("has_disk", &json!([disk])).result(), true, "a persistent disk survives its VM");
    assert_eq!(host.call("delete_disk", &json!([disk])).result(), Value::Null);
    assert_eq!(host.call("delete_disk", &json!([disk])).error().0, "Bosh::Clouds::DiskNotFound");
    assert_eq!(host.call("delete_vm", &json!([vm])).error().0, "Bosh::Clouds::VMNotFound");
}

#[test]
fn sixteen_processes_at_once_lose_nothing() {
    let host = Host::sim();
    let disks: Vec<Value> = thread::scope(|scope| {
        let calls: Vec<_> =
            (0..16).map(|_| scope.spawn(|| host.call("create_disk", &json!([1024, {}, null])).result())).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    for disk in disks {
        assert_eq!(host.call("has_disk", &json!([disk])).result(), true);
    }
}

#[test]
fn directors_do_not_see_one_another() {
    let host = Host::sim();
    let disk = host.call("create_disk", &json!([1024, {}, null])).result();
    let mut call = cpi_tests::request("has_disk", &json!([disk]));
    call["context"]["director_uuid"] = json!("another director");
    assert_eq!(host.send(call.to_string().as_bytes()).result(), false);
}

#[test]
fn a_heavy_stemcell_is_read_and_a_wrong_one_is_named() {
    let host = Host::sim();
    let image = host.path("image");
    std::fs::write(&image, "an image").unwrap();
    let stemcell = host.call("create_stemcell", &json!([image, {}])).result();
    assert!(stemcell.as_str().unwrap().starts_with("stemcell-"), "{stemcell}");
    for wrong in [host.path("missing"), host.path("."), "/dev/zero".into()] {
        let (_, message) = host.call("create_stemcell", &json!([wrong, {}])).error();
        assert!(message.contains("stemcell image '"), "{message}");
    }
}
