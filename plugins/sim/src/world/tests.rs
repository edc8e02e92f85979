use cpi_plugin_sdk::{Missing, Network, NetworkKind, NetworkSpec, Plan, Retriable, Tag};
use serde_json::{Value, json};

use super::*;
use crate::settings::Capacity;

const FREE: Capacity = Capacity { vms: None, disk_mib: None };

/// A world with stemcell `s`, VM `vm` at 10.0.0.2 and disk `disk` of 1024 MiB.
fn world() -> World {
    let mut world = World::default();
    world.create_stemcell("s", Stemcell::new("{}", &[]).unwrap());
    create_vm(&mut world, "vm", &plan("10.0.0.2"), FREE).unwrap();
    create_disk(&mut world, "disk", 1024, FREE).unwrap();
    world
}

fn plan(ip: &str) -> Plan {
    Plan {
        agent_id: "agent".to_owned(),
        stemcell: "s".to_owned(),
        properties: json!({"ephemeral_disk": 2048, "zone": "z1"}).to_string(),
        networks: vec![Network {
            name: "private".to_owned(),
            kind: NetworkKind::Manual,
            ip: Some(ip.to_owned()),
            prefix: None,
            netmask: None,
            gateway: None,
            dns: Vec::new(),
            defaults: Vec::new(),
            nic_group: None,
            cloud_properties: "{}".to_owned(),
        }],
        near_disks: Vec::new(),
        tags: vec![tag("team", "data")],
        groups: Vec::new(),
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

fn spec(range: Option<&str>) -> NetworkSpec {
    NetworkSpec {
        kind: "manual".to_owned(),
        range: range.map(str::to_owned),
        gateway: None,
        netmask_bits: None,
        properties: "{}".to_owned(),
    }
}

fn create_vm(world: &mut World, cid: &str, plan: &Plan, capacity: Capacity) -> Result<(), Failure> {
    world.create_vm(cid, Vm::new(cid, plan)?.with_settings_of(100), &plan.near_disks, capacity)
}

fn create_disk(world: &mut World, cid: &str, size_mib: u64, capacity: Capacity) -> Result<(), Failure> {
    world.create_disk(cid, Disk::new(size_mib, "{}")?, None, capacity)
}

fn json_of(world: &World) -> Value {
    serde_json::from_slice(&world.to_json().unwrap()).unwrap()
}

fn is_missing<T: std::fmt::Debug>(result: Result<T, Failure>, thing: Thing) {
    assert!(matches!(&result, Err(Failure::NotFound(Missing { what, .. })) if *what == thing), "{result:?}");
}

fn is_rejected<T: std::fmt::Debug>(result: Result<T, Failure>, because: &str) {
    assert!(matches!(&result, Err(Failure::Rejected(message)) if message.contains(because)), "{result:?}");
}

#[test]
fn a_world_is_the_same_after_it_was_kept() {
    let mut world = world();
    world.attach_disk("vm", "disk").unwrap();
    world.create_network("net", &spec(None)).unwrap();
    world.snapshot_disk("snapshot", "disk", &[]).unwrap();
    let text = world.to_json().unwrap();
    assert_eq!(World::from_json(&text).unwrap().to_json().unwrap(), text);
    assert!(World::from_json(br#"{"stemcells":{},"planets":{}}"#).is_err());
}

#[test]
fn a_vm_keeps_what_it_was_made_from() {
    let vm = &json_of(&world())["vms"]["vm"];
    assert_eq!(vm["properties"], json!({"ephemeral_disk": 2048, "zone": "z1"}));
    assert_eq!((&vm["stemcell"], &vm["tags"]), (&json!("s"), &json!({"team": "data"})));
    assert_eq!(vm["settings_size"], 100);
}

#[test]
fn the_agent_hears_of_an_ephemeral_disk_only_when_there_is_one() {
    let disks = |properties: &str| {
        let plan = Plan { properties: properties.to_owned(), ..plan("10.0.0.2") };
        Vm::new("vm", &plan).unwrap().agent_settings("vm").disks
    };
    assert_eq!(disks(r#"{"ephemeral_disk":1}"#).ephemeral.as_deref(), Some(r#"{"path":"/dev/vdb"}"#));
    assert_eq!(disks(r#"{"ephemeral_disk":0}"#).ephemeral, None);
    assert_eq!(disks("{}").system.as_deref(), Some("/dev/vda"));
}

#[test]
fn a_vm_needs_its_stemcell_its_disks_and_its_address() {
    let mut world = world();
    let before = json_of(&world);
    let other = plan("10.0.0.3");
    is_rejected(create_vm(&mut world, "b", &Plan { stemcell: "x".to_owned(), ..other.clone() }, FREE), "stemcell 'x'");
    is_missing(
        create_vm(&mut world, "b", &Plan { near_disks: vec!["x".to_owned()], ..other.clone() }, FREE),
        Thing::Disk,
    );
    is_rejected(create_vm(&mut world, "b", &plan("10.0.0.2"), FREE), "in use by VM 'vm'");
    assert_eq!(json_of(&world), before);
    create_vm(&mut world, "b", &other, FREE).unwrap();
}

#[test]
fn a_full_cloud_may_be_tried_again() {
    let full = Capacity { vms: Some(1), disk_mib: Some(1500) };
    let mut world = world();
    let no_vm = create_vm(&mut world, "b", &plan("10.0.0.3"), full);
    assert!(matches!(no_vm, Err(Failure::VmNotCreated(Retriable { retry: true, .. }))), "{no_vm:?}");
    assert!(matches!(create_disk(&mut world, "b", 1024, full), Err(Failure::NoDiskSpace(_))));
    assert!(matches!(world.resize_disk("disk", 2048, full), Err(Failure::NoDiskSpace(_))));
    create_disk(&mut world, "b", 476, full).unwrap();
    world.delete_vm("vm").unwrap();
    create_vm(&mut world, "b", &plan("10.0.0.3"), full).unwrap();
}

#[test]
fn disks_survive_their_vm() {
    let mut world = world();
    world.attach_disk("vm", "disk").unwrap();
    world.delete_vm("vm").unwrap();
    assert!(!world.has_vm("vm") && world.has_disk("disk"));
    is_missing(world.delete_vm("vm"), Thing::Vm);
    is_missing(world.reboot_vm("vm"), Thing::Vm);
    is_missing(world.disks_of("vm"), Thing::Vm);
    world.delete_disk("disk").unwrap();
}

#[test]
fn attaching_is_idempotent_and_exclusive() {
    let mut world = world();
    create_vm(&mut world, "b", &plan("10.0.0.3"), FREE).unwrap();
    create_disk(&mut world, "disk-2", 1, FREE).unwrap();
    let device = world.attach_disk("vm", "disk").unwrap();
    assert_eq!(world.attach_disk("vm", "disk").unwrap(), device);
    assert_ne!(world.attach_disk("vm", "disk-2").unwrap(), device);
    assert_eq!(world.disks_of("vm").unwrap(), ["disk", "disk-2"]);
    is_rejected(world.attach_disk("b", "disk"), "attached to VM 'vm'");
    is_rejected(world.delete_disk("disk"), "attached to VM 'vm'");

    world.detach_disk("vm", "disk").unwrap();
    let again = world.detach_disk("vm", "disk");
    assert!(matches!(again, Err(Failure::DiskNotAttached(Retriable { retry: true, .. }))), "{again:?}");
    assert_eq!(world.attach_disk("b", "disk").unwrap(), device, "devices are counted for each VM");
    is_missing(world.attach_disk("vm", "x"), Thing::Disk);
    is_missing(world.attach_disk("x", "disk"), Thing::Vm);
}

#[test]
fn a_vm_has_a_bounded_number_of_devices() {
    let mut world = world();
    for number in 0..24 {
        create_disk(&mut world, &format!("d{number}"), 1, FREE).unwrap();
        world.attach_disk("vm", &format!("d{number}")).unwrap();
    }
    is_rejected(world.attach_disk("vm", "disk"), "has 24 disks");
}

#[test]
fn disks_grow_while_detached_and_never_shrink() {
    let mut world = world();
    world.resize_disk("disk", 1024, FREE).unwrap();
    world.resize_disk("disk", 2048, FREE).unwrap();
    assert!(matches!(world.resize_disk("disk", 1024, FREE), Err(Failure::NotSupported(_))));
    let new = Disk::new(4096, r#"{"type":"fast"}"#).unwrap();
    world.update_disk("disk", &new, FREE).unwrap();
    assert_eq!(json_of(&world)["disks"]["disk"]["properties"], json!({"type": "fast"}));

    world.attach_disk("vm", "disk").unwrap();
    world.resize_disk("disk", 4096, FREE).unwrap();
    is_rejected(world.resize_disk("disk", 8192, FREE), "attached");
    is_rejected(world.update_disk("disk", &new, FREE), "attached");
    is_missing(world.resize_disk("x", 1, FREE), Thing::Disk);
    assert_eq!(json_of(&world)["disks"]["disk"]["size_mib"], 4096);
}

#[test]
fn metadata_is_added_and_cut() {
    let mut world = world();
    world.tag_vm("vm", &[tag("team", "web"), tag("long", &"x".repeat(1000))]).unwrap();
    world.tag_vm("vm", &[]).unwrap();
    world.tag_disk("disk", &[tag("a", "1")]).unwrap();
    let json = json_of(&world);
    assert_eq!(json["vms"]["vm"]["tags"], json!({"team": "web", "long": "x".repeat(256)}));
    assert_eq!(json["disks"]["disk"]["tags"], json!({"a": "1"}));
    is_missing(world.tag_vm("x", &[]), Thing::Vm);
    is_missing(world.tag_disk("x", &[]), Thing::Disk);
}

#[test]
fn snapshots_and_stemcells_may_be_deleted_twice() {
    let mut world = world();
    world.snapshot_disk("snapshot", "disk", &[tag("job", "db")]).unwrap();
    assert_eq!(json_of(&world)["snapshots"]["snapshot"]["size_mib"], 1024);
    is_missing(world.snapshot_disk("snapshot", "x", &[]), Thing::Disk);
    for _ in 0..2 {
        world.delete_snapshot("snapshot");
        world.delete_stemcell("s");
    }
    assert_eq!(json_of(&world)["snapshots"], json!({}));
}

#[test]
fn a_network_is_chosen_and_holds_its_vms() {
    let mut world = world();
    let first = world.create_network("net", &spec(None)).unwrap();
    assert_eq!((first.range.as_deref(), first.gateway.as_deref()), (Some("10.0.0.0/24"), Some("10.0.0.1")));
    assert_eq!(world.create_network("net-2", &spec(None)).unwrap().range.as_deref(), Some("10.1.0.0/24"));
    is_rejected(world.create_network("x", &spec(Some("10.0.0.0"))), "is no range");
    let outside = NetworkSpec { gateway: Some("10.8.0.1".to_owned()), ..spec(Some("10.9.0.0/24")) };
    is_rejected(world.create_network("x", &outside), "outside of 10.9.0.0/24");

    let mut on_network = plan("10.9.0.5");
    on_network.networks[0].cloud_properties = first.properties;
    is_rejected(create_vm(&mut world, "b", &on_network, FREE), "outside of 10.0.0.0/24");
    on_network.networks[0].ip = Some("10.0.0.5".to_owned());
    create_vm(&mut world, "b", &on_network, FREE).unwrap();
    is_rejected(world.delete_network("net"), "in use by VM 'b'");
    world.delete_vm("b").unwrap();
    world.delete_network("net").unwrap();
    is_missing(world.delete_network("net"), Thing::Network);
    is_rejected(create_vm(&mut world, "b", &on_network, FREE), "network 'net' does not exist");
}
