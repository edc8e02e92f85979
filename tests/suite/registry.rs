//! VMs of old stemcells, whose agents read a registry.

use cpi_tests::{Answer, Host, Registry, request};
use serde_json::{Value, json};

fn host(registry: &Registry) -> Host {
    Host::new("sim", &json!({"registry": registry.properties(), "agent": {"mbus": "nats://n:canary-bus@10.0.0.6"}}))
}

/// A call about a VM whose stemcell has `api_version` 1.
fn call(host: &Host, method: &str, arguments: &Value) -> Answer {
    let mut call = request(method, arguments);
    call["context"]["vm"] = json!({"stemcell": {"api_version": 1}});
    host.send(call.to_string().as_bytes())
}

fn create_vm(host: &Host) -> Answer {
    let stemcell = host.call("create_stemcell", &json!(["/none", {"light": true}])).result();
    let networks = json!({"a": {"type": "dynamic", "cloud_properties": {}}});
    call(host, "create_vm", &json!(["agent-1", stemcell, {}, networks, [], {"bosh": {"password": "canary-env"}}]))
}

#[test]
fn an_entry_lives_as_long_as_its_vm() {
    let registry = Registry::start();
    let host = host(&registry);
    let created = create_vm(&host);
    let vm = created.result()[0].as_str().unwrap().to_owned();
    let settings = registry.settings(&vm).unwrap();
    assert_eq!(settings["agent_id"], "agent-1");
    assert_eq!(settings["env"], json!({"bosh": {"password": "canary-env"}}));
    assert_eq!(settings["mbus"], "nats://n:canary-bus@10.0.0.6");
    assert_eq!(settings["networks"]["a"]["type"], "dynamic");
    for secret in ["canary", Registry::PASSWORD] {
        assert!(!created.stderr.contains(secret) && !created.stdout.contains(secret), "{created:?}");
    }

    let disk = host.call("create_disk", &json!([1024, {}, vm])).result();
    let hint = call(&host, "attach_disk", &json!([vm, disk])).result();
    let noted = registry.settings(&vm).unwrap()["disks"]["persistent"].clone();
    assert_eq!(noted, json!({disk.as_str().unwrap(): hint["path"]}));
    call(&host, "detach_disk", &json!([vm, disk])).result();
    assert_eq!(registry.settings(&vm).unwrap()["disks"]["persistent"], json!({}));

    call(&host, "delete_vm", &json!([vm])).result();
    assert_eq!(registry.settings(&vm), None);
    assert_eq!(call(&host, "delete_vm", &json!([vm])).error().0, "Bosh::Clouds::VMNotFound");
}

#[test]
fn a_vm_without_an_entry_is_removed_and_the_first_error_told() {
    let registry = Registry::start();
    let host = host(&registry);
    registry.fail("PUT", 500);
    let answer = create_vm(&host);
    let (kind, message) = answer.error();
    assert_eq!(kind, "Bosh::Clouds::CloudError");
    assert!(message.starts_with("Cannot update settings for 'vm-") && message.contains("got HTTP 500"), "{message}");
    assert!(answer.stderr.contains("removing VM 'vm-"), "{answer:?}");
    let vm = message.split('\'').nth(1).unwrap();
    assert_eq!(host.call("has_vm", &json!([vm])).result(), false);
}

#[test]
fn a_wrong_password_and_a_registry_that_is_away_are_told() {
    let registry = Registry::start();
    let mut properties = registry.properties();
    properties["password"] = json!("canary-wrong-password");
    let answer = create_vm(&Host::new("sim", &json!({"registry": properties})));
    assert!(answer.error().1.contains("got HTTP 401"), "{answer:?}");
    assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("canary"), "{answer:?}");

    let away = cpi_tests::Endpoint::refusing();
    let answer = create_vm(&Host::new("sim", &json!({"registry": {"endpoint": away}})));
    assert!(answer.error().1.contains("in the registry: "), "{answer:?}");
}

#[test]
fn a_disk_of_a_vm_that_may_read_no_registry_needs_no_entry() {
    let registry = Registry::start();
    let host = host(&registry);
    let stemcell = host.call("create_stemcell", &json!(["/none", {"light": true}])).result();
    let networks = json!({"a": {"type": "dynamic", "cloud_properties": {}}});
    let vm = host.call("create_vm", &json!(["agent-1", stemcell, {}, networks, [], {}])).result()[0].clone();
    assert_eq!(registry.requests(), Vec::<String>::new(), "a current stemcell never touches a registry");

    let disk = host.call("create_disk", &json!([1024, {}, vm])).result();
    let mut attach = request("attach_disk", &json!([vm, disk]));
    attach["context"].as_object_mut().unwrap().remove("vm");
    assert!(host.send(attach.to_string().as_bytes()).result()["path"].is_string());
    assert_eq!(registry.requests().len(), 1);
    let (_, message) = call(&host, "attach_disk", &json!([vm, disk])).error();
    assert!(message.contains("Cannot read settings"), "{message}");
}

#[test]
fn at_version_1_results_have_their_old_shapes() {
    let registry = Registry::start();
    let host = host(&registry);
    let stemcell = host.call("create_stemcell", &json!(["/none", {"light": true}])).result();
    let networks = json!({"a": {"type": "dynamic", "cloud_properties": {}}});
    let mut create = request("create_vm", &json!(["agent-1", stemcell, {}, networks, [], {}]));
    create["api_version"] = json!(1);
    let vm = host.send(create.to_string().as_bytes()).result();
    assert!(vm.is_string(), "{vm}");
    let disk = host.call("create_disk", &json!([1024, {}, vm])).result();
    let mut attach = request("attach_disk", &json!([vm, disk]));
    attach["api_version"] = json!(1);
    assert_eq!(host.send(attach.to_string().as_bytes()).result(), Value::Null);
    let persistent = &registry.settings(vm.as_str().unwrap()).unwrap()["disks"]["persistent"];
    assert!(persistent[disk.as_str().unwrap()].is_string(), "{persistent}");
}
