//! What concerns whole calls: sizes, methods that are not there, secrets, a life from end to end.

use cpi_tests::coverage::Case;
use cpi_tests::{Turn, request};
use serde_json::{Value, json};

use crate::row;
use crate::world::{SECRET, World, one, text};

const SECTION: &str = "whole calls";

pub(crate) const CASES: &[Case] = &[
    row("A74", SECTION, "calculate_vm_cloud_properties", calculate),
    row("A75", SECTION, "methods that AWS does not have", not_implemented),
    row("A76", SECTION, "no secret in any output, also when EC2 repeats it", redaction),
    row("A77", SECTION, "a stemcell, a VM and a disk from beginning to end", life),
];

fn calculate() {
    let world = World::new();
    let fitting = |cpu: u64, ram: u64| {
        world.result("calculate_vm_cloud_properties", json!([{"cpu": cpu, "ram": ram, "ephemeral_disk_size": 4096}]))
    };
    for (cpu, ram, name) in [
        (1, 128, "t2.nano"),
        (2, 8192, "m5.large"),
        (8, 12_288, "c5.2xlarge"),
        (32, 65_536, "c5.9xlarge"),
        (1, 8192, "m5.large"),
        (64, 524_288, "r5.16xlarge"),
    ] {
        assert_eq!(fitting(cpu, ram), json!({"instance_type": name, "ephemeral_disk": {"size": 4096}}));
    }
    let refused = |size: Value| world.call("calculate_vm_cloud_properties", json!([size])).error().1;
    let large = refused(json!({"cpu": 65, "ram": 1024, "ephemeral_disk_size": 1}));
    assert!(large.starts_with("Unable to meet requested VM requirements: 65 CPU, 1024 RAM."), "{large}");
    assert!(large.ends_with("Largest known VM type is 'r5.16xlarge': 64 CPU, 524288 RAM."), "{large}");
    let missing = refused(json!({"ram": 1024}));
    assert!(missing.contains("Missing VM cloud properties: 'cpu', 'ephemeral_disk_size'"), "{missing}");
    assert!(world.relay.take().is_empty());
}

fn not_implemented() {
    let world = World::new();
    for (method, arguments) in
        [("create_network", json!([{}])), ("delete_network", json!(["n"])), ("configure_networks", json!(["i-1", {}]))]
    {
        let (kind, message) = world.call(method, arguments).error();
        assert_eq!(kind, "Bosh::Clouds::NotImplemented", "{method}");
        assert!(message.contains(method), "{message}");
    }
    assert!(world.relay.take().is_empty());
}

fn redaction() {
    let world = World::new();
    let mut arguments = world.vm(json!({"tags": {"note": "value-of-a-tag"}}));
    arguments[5] =
        json!({"bosh": {"password": "canary-env-password", "mbus": {"cert": {"private_key": "canary-private-key"}}}});
    let call = request("create_vm", &arguments).to_string();
    let (host, debug) = (world.host(), "[log]\nlevel = \"debug\"\n");
    for host in [host, world.host().with_settings(debug)] {
        let answer = host.send(call.as_bytes());
        if answer.response()["error"].is_null() {
            let user_data = one(&world.relay.take(), "RunInstances").field("UserData");
            assert!(user_data.len() > 100 && !answer.stderr.contains(&user_data[..60]), "{answer:?}");
        }
        let output = answer.stdout + &answer.stderr;
        assert!(!output.contains("canary"), "{output}");
    }
    world.relay.script(|asked| {
        let echo = format!("{} {SECRET} canary-env-password", asked.header("authorization"));
        Turn::refuse(403, "SignatureDoesNotMatch", &echo)
    });
    let answer = world.host().send(call.as_bytes());
    assert!(answer.error().1.contains("SignatureDoesNotMatch"), "{answer:?}");
    assert!(!(answer.stdout + &answer.stderr).contains("canary"), "what EC2 repeats is hidden as well");
}

fn life() {
    let world = World::new();
    let before = world.account.inventory();
    let host = world.host();
    let ok = |method: &str, arguments: Value| host.call(method, &arguments).result();
    let stemcell =
        ok("create_stemcell", json!(["/nowhere", {"ami": {"us-east-1": crate::world::AMI}, "encrypted": true}]));
    let mut arguments = world.vm(json!({}));
    arguments[1] = stemcell.clone();
    // moto's copies have another root device.
    let vm = text(&ok("create_vm", arguments)[0]);
    assert_eq!(ok("has_vm", json!([vm])), true);
    ok("set_vm_metadata", json!([vm, {"job": "web", "index": 0}]));
    let disk = text(&ok("create_disk", json!([1024, {}, vm])));
    assert_eq!(ok("has_disk", json!([disk])), true);
    ok("attach_disk", json!([vm, disk]));
    assert!(ok("get_disks", json!([vm])).as_array().unwrap().contains(&json!(disk)));
    let snapshot = ok("snapshot_disk", json!([disk, {"deployment": "d", "job": "web", "index": 0}]));
    ok("reboot_vm", json!([vm]));
    ok("detach_disk", json!([vm, disk]));
    ok("resize_disk", json!([disk, 2048]));
    ok("delete_snapshot", json!([snapshot]));
    ok("delete_disk", json!([disk]));
    assert_eq!(ok("has_disk", json!([disk])), false);
    ok("delete_vm", json!([vm]));
    assert_eq!(ok("has_vm", json!([vm])), false);
    ok("delete_stemcell", json!([stemcell]));
    let left: Vec<_> = world.account.inventory().difference(&before).cloned().collect();
    // moto forgets that an interface goes with its VM.
    assert!(left.iter().all(|id| id.starts_with("eni-")), "{left:?}");
}
