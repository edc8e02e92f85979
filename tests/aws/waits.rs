//! Waits that come to their end without what they waited for.

use cpi_tests::coverage::Case;
use cpi_tests::{Asked, Turn};
use serde_json::{Value, json};

use crate::row;
use crate::world::{CLOUD_ERROR, World, of};

const SECTION: &str = "waits that end";

pub(crate) const CASES: &[Case] = &[
    row("W01", SECTION, "a volume that vanishes: its key cannot be used", vanishes),
    row("W02", SECTION, "a thing to be tagged that never appears", never_tagged),
    row("W03", SECTION, "a call that takes too long is ended, and what it made is on record", too_long),
    row("W04", SECTION, "a disk that stays attached is not waited for", stays_attached),
];

fn vanishes() {
    let world = World::new();
    let before = world.account.inventory();
    world.relay.script(|asked| match asked.field("Action").as_str() {
        "CreateVolume" => Turn::replace("<status>available<", "<status>creating<"),
        "DescribeVolumes" => Turn::refuse(400, "InvalidVolume.NotFound", "no such volume"),
        _ => Turn::Pass,
    });
    let answer =
        world.host().call("create_disk", &json!([1024, {"encrypted": true, "kms_key_arn": "arn:aws:kms:k"}, null]));
    let (kind, message) = answer.error();
    assert_eq!(
        (kind.as_str(), message.contains("the key for its encryption cannot be used")),
        (CLOUD_ERROR, true),
        "{message}"
    );
    let looks = of(&world.relay.take(), "DescribeVolumes").len();
    assert!(looks > 3, "new things may not be known everywhere at once: {looks} looks");
    assert_eq!(world.account.inventory(), before);
}

fn never_tagged() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    world.relay.script(|asked| match asked.field("Action").as_str() {
        "CreateTags" => Turn::refuse(400, "InvalidInstanceID.NotFound", "no such instance"),
        _ => Turn::Pass,
    });
    let answer = world.host().call("set_vm_metadata", &json!([vm, {"a": "b"}]));
    assert_eq!(answer.error().0, "Bosh::Clouds::VMNotFound");
    assert!(of(&world.relay.take(), "CreateTags").len() > 3);
}

fn stays_attached() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    let disk = world.disk();
    world.result("attach_disk", json!([vm, disk]));
    let (kind, message) = world.call("delete_disk", json!([disk])).error();
    assert_eq!((kind.as_str(), message.contains(&format!("is attached to '{vm}'"))), (CLOUD_ERROR, true), "{message}");
}

fn too_long() {
    let world = World::new();
    let before = world.account.inventory();
    let never = |asked: &Asked| match asked.field("Action").as_str() {
        "DescribeInstances" => Turn::replace("<name>running<", "<name>pending<"),
        _ => Turn::Pass,
    };
    world.relay.script(never);
    let host = world.host().with_settings("[limits]\nwall = { create_vm = \"8s\" }\n");
    let (kind, message) = host.call("create_vm", &world.vm(json!({}))).error();
    assert_eq!((kind.as_str(), message.contains("limit-")), ("Bosh::Clouds::CpiError", true), "{message}");
    let report: Value = serde_json::from_str(&host.run("orphans", &["--json", "--delete"]).stdout).unwrap();
    let orphans = report["orphans"].as_array().unwrap();
    let mut kinds: Vec<_> = orphans.iter().map(|orphan| orphan["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["network-interface", "vm"], "{report}");
    assert!(orphans.iter().all(|orphan| orphan["state"] == "removed"), "{report}");
    assert_eq!(world.account.inventory(), before);
}
