//! How many requests a call takes, beside what the Ruby CPI takes for the same in the same world.

use std::fmt::Write;
use std::sync::Mutex;

use cpi_tests::Turn;
use cpi_tests::coverage::Case;
use serde_json::{Value, json};

use crate::world::{AMI, World, network_in};
use crate::{load_balancers, row};

pub(crate) const CASES: &[Case] =
    &[row("R01", "requests of a call", "no call takes more requests than with the Ruby CPI", compare)];

/// Name, requests of the Ruby CPI, ours, and how to measure them: the relay has to hold those of the one call.
type Measured = (&'static str, usize, usize, fn(&World));

/// The Ruby CPI's are from recordings of release 107.3.2 against moto, where every wait ends with its first look.
const CALLS: &[Measured] = &[
    ("info", 0, 0, |world| _ = world.result("info", json!([]))),
    ("create_stemcell, light", 1, 1, |world| _ = world.result("create_stemcell", stemcell(false))),
    ("create_stemcell, encrypted", 3, 3, |world| _ = world.result("create_stemcell", stemcell(true))),
    ("delete_stemcell, light", 1, 0, |world| _ = world.result("delete_stemcell", json!([format!("{AMI} light")]))),
    ("create_vm", 12, 7, |world| created(world, json!({}))),
    ("create_vm, dynamic network", 12, 7, |world| {
        with_networks(world, json!({"d": {"type": "dynamic", "cloud_properties": {"subnet": world.subnet}}}));
    }),
    ("create_vm, Elastic IP", 14, 9, |world| {
        let vip = json!({"type": "vip", "ip": world.address, "cloud_properties": {}});
        with_networks(world, json!({"a": world.network("10.0.1.20"), "v": vip}));
    }),
    ("create_vm, two interfaces", 16, 10, |world| {
        with_networks(world, json!({"a": world.network("10.0.1.20"), "b": network_in(&world.second, "10.0.2.20")}));
    }),
    ("create_vm, prefixes", 14, 9, |world| {
        let part = |ip: &str, prefix: &str| json!({"type": "manual", "ip": ip, "prefix": prefix, "nic_group": "0", "cloud_properties": {"subnet": world.subnet}});
        let networks = json!({
            "v4": part("10.0.1.20", "32"), "v4p": part("10.0.1.32", "28"), "v6p": part("2600:1f18:0:1::", "80"),
        });
        with_networks(world, networks);
    }),
    ("create_vm, security group by name", 14, 8, |world| created(world, json!({"security_groups": ["bosh"]}))),
    ("create_vm, spot", 12, 7, |world| created(world, json!({"spot_bid_price": 0.25}))),
    ("create_vm, on demand after spot", 13, 8, |world| {
        world.relay.script_for("RunInstances", vec![Turn::refuse(400, "SpotMaxPriceTooLow", "too low")]);
        let properties = json!({"spot_bid_price": 0.25, "spot_ondemand_fallback": true});
        world.host().call("create_vm", &world.vm(properties)).result();
    }),
    ("create_vm, route", 14, 9, |world| {
        created(world, json!({"advertised_routes": [{"table_id": world.table, "destination": "10.99.0.0/16"}]}));
    }),
    ("create_vm, local NVMe disks", 13, 8, |world| {
        created(world, json!({"instance_type": "i3.large", "raw_instance_storage": true}));
    }),
    ("create_vm, classic load balancer", 13, 9, |world| {
        load_balancers::classic(world, "web");
        created(world, json!({"elbs": ["web"]}));
    }),
    ("create_vm, two target groups", 16, 11, |world| {
        load_balancers::group(world, "one", "instance");
        load_balancers::group(world, "two", "instance");
        created(world, json!({"lb_target_groups": ["one", "two"]}));
    }),
    ("has_vm", 2, 1, |world| _ = world.result("has_vm", json!([vm(world)]))),
    ("has_vm, none", 1, 1, |world| _ = world.result("has_vm", json!(["i-0123456789abcdef0"]))),
    ("delete_vm", 2, 2, |world| _ = world.result("delete_vm", json!([vm(world)]))),
    ("set_vm_metadata", 3, 2, |world| _ = world.result("set_vm_metadata", json!([vm(world), {"job": "web"}]))),
    ("get_disks", 1, 1, |world| _ = world.result("get_disks", json!([vm(world)]))),
    ("create_disk for a VM", 3, 2, |world| _ = world.result("create_disk", json!([1024, {}, vm(world)]))),
    ("has_disk", 1, 1, |world| _ = world.result("has_disk", json!([world.disk()]))),
    ("delete_disk", 2, 2, |world| _ = world.result("delete_disk", json!([world.disk()]))),
    ("attach_disk", 4, 4, |world| _ = world.result("attach_disk", json!([vm(world), world.disk()]))),
    ("detach_disk", 4, 3, |world| {
        let (vm, disk) = (vm(world), world.disk());
        world.result("attach_disk", json!([vm, disk]));
        world.result("detach_disk", json!([vm, disk]));
    }),
    ("snapshot_disk", 3, 2, |world| _ = world.result("snapshot_disk", json!([world.disk(), {}]))),
    ("delete_snapshot", 1, 1, |world| {
        let snapshot = world.result("snapshot_disk", json!([world.disk(), {}]));
        world.result("delete_snapshot", json!([snapshot]));
    }),
    ("resize_disk", 3, 2, |world| _ = world.result("resize_disk", json!([world.disk(), 2048]))),
    ("set_disk_metadata", 1, 1, |world| _ = world.result("set_disk_metadata", json!([world.disk(), {"a": "b"}]))),
];

static TABLE: Mutex<String> = Mutex::new(String::new());

/// The table, once it was measured.
pub(crate) fn table() -> String {
    TABLE.lock().unwrap().clone()
}

fn compare() {
    let (mut table, mut total, mut ours_total) = (String::new(), 0, 0);
    let mut differing = Vec::new();
    _ = writeln!(table, "{:<40} {:>10} {:>7}", "requests of a call", "Ruby CPI", "ours");
    for (name, ruby, ours, measure) in CALLS {
        let world = World::new();
        measure(&world);
        let found = world.relay.take().len();
        _ = writeln!(table, "{name:<40} {ruby:>10} {found:>7}");
        (total, ours_total) = (total + ruby, ours_total + found);
        assert!(ours <= ruby, "{name}");
        if found != *ours {
            differing.push(format!("{name}: {found} instead of {ours}"));
        }
    }
    _ = write!(table, "{:<40} {total:>10} {ours_total:>7}", "all");
    *TABLE.lock().unwrap() = table;
    assert!(differing.is_empty(), "{differing:?}");
}

fn created(world: &World, properties: Value) {
    world.result("create_vm", world.vm(properties));
}

fn with_networks(world: &World, networks: Value) {
    let mut arguments = world.vm(json!({}));
    arguments[3] = networks;
    world.result("create_vm", arguments);
}

fn vm(world: &World) -> String {
    world.create(world.vm(json!({}))).0
}

fn stemcell(encrypted: bool) -> Value {
    json!(["/nowhere", {"ami": {"us-east-1": AMI}, "encrypted": encrypted}])
}
