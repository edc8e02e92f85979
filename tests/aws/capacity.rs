//! Where EC2 has no room: other types of instances, other zones, and addresses that somebody else has.

use cpi_tests::coverage::Case;
use cpi_tests::{Asked, Turn};
use serde_json::{Value, json};

use crate::row;
use crate::world::{CLOUD_ERROR, World, device, has, of, one};

const SECTION: &str = "create_vm: no room";

pub(crate) const CASES: &[Case] = &[
    row("U01", SECTION, "other instance types, with the same interfaces", other_types),
    row("U02", SECTION, "other zones, with other interfaces", other_zones),
    row("U03", SECTION, "a VM follows its disk into a zone", follows_its_disk),
    row("U04", SECTION, "zones that cannot be", impossible_zones),
    row("U05", SECTION, "an address that a running VM has", address_taken),
    row("U06", SECTION, "a subnet without addresses", subnet_full),
    row("U07", SECTION, "what fails in the next zone hides nothing of the first", nothing_hidden),
];

const FAILED: &str = "Bosh::Clouds::VMCreationFailed";

fn no_room() -> Turn {
    Turn::refuse(500, "InsufficientInstanceCapacity", "none left")
}

fn unsupported() -> Turn {
    Turn::refuse(400, "Unsupported", "not in this zone")
}

/// What was launched: type, zone and first interface.
fn launches(requests: &[Asked]) -> Vec<(String, String, String)> {
    let fields = |run: &&Asked| {
        (
            run.field("InstanceType"),
            run.field("Placement.AvailabilityZone"),
            run.field("NetworkInterface.1.NetworkInterfaceId"),
        )
    };
    of(requests, "RunInstances").iter().map(fields).collect()
}

/// A dynamic network in both zones of the world.
fn dynamic(world: &World) -> Value {
    json!({"type": "dynamic", "cloud_properties": {"subnet": world.subnet, "subnets": [world.elsewhere]}})
}

fn other_types() {
    let world = World::new();
    let types = json!({"instance_types": ["m5a.large", "m3.medium"]});
    world.relay.script_for("RunInstances", vec![no_room(), unsupported()]);
    world.host().call("create_vm", &world.vm(types.clone())).result();
    let requests = world.relay.take();
    assert_eq!(of(&requests, "CreateNetworkInterface").len(), 1);
    let launches = launches(&requests);
    let names: Vec<_> = launches.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["m5.large", "m5a.large", "m3.medium"]);
    assert!(launches.iter().all(|(_, _, interface)| *interface == launches[0].2));
    // Each has the disks of its own type.
    assert!(device(of(&requests, "RunInstances")[2], "/dev/sdb").contains(&("Ebs.VolumeSize".into(), "4".into())));

    // The price is offered for all of them before anything is launched on demand.
    let spot = json!({"instance_types": ["m5a.large"], "spot_bid_price": 0.25, "spot_ondemand_fallback": true});
    world.relay.script_for("RunInstances", vec![no_room(), no_room()]);
    world.host().call("create_vm", &world.vm(spot)).result();
    let requests = world.relay.take();
    let market = |run: &&Asked| (run.field("InstanceType"), run.field("InstanceMarketOptions.MarketType"));
    let markets: Vec<_> = of(&requests, "RunInstances").iter().map(market).collect();
    let wanted = [("m5.large", "spot"), ("m5a.large", "spot"), ("m5.large", "")];
    assert_eq!(markets, wanted.map(|(name, market)| (name.to_owned(), market.to_owned())));

    // Nobody has room: the director may try again, and learns of all of them.
    let before = world.account.inventory();
    world.relay.script_for("RunInstances", vec![no_room(), no_room(), unsupported()]);
    let answer = world.host().call("create_vm", &world.vm(types.clone()));
    let (kind, message) = answer.error();
    assert_eq!((kind.as_str(), &answer.response()["error"]["ok_to_retry"]), (FAILED, &json!(true)));
    for name in
        ["m5.large in us-east-1a: RunInstances: Insuff", "m5a.large in", "m3.medium in us-east-1a: RunInstances: Unsup"]
    {
        assert!(message.contains(name), "{message}");
    }
    assert_eq!(world.account.inventory(), before);

    // What is wrong with the request is wrong with every type.
    world.relay.take();
    world.relay.script_for("RunInstances", vec![Turn::refuse(400, "InvalidKeyPair.NotFound", "no such key")]);
    let (kind, _) = world.host().call("create_vm", &world.vm(types)).error();
    assert_eq!((kind.as_str(), of(&world.relay.take(), "RunInstances").len()), (FAILED, 1));
}

fn other_zones() {
    let world = World::new();
    world.relay.script_for("RunInstances", vec![no_room()]);
    world.host().call("create_vm", &in_both_zones(&world)).result();
    let requests = world.relay.take();
    let subnets: Vec<_> = of(&requests, "CreateNetworkInterface").iter().map(|made| made.field("SubnetId")).collect();
    assert_eq!(subnets, [world.subnet.clone(), world.elsewhere.clone()]);
    let launches = launches(&requests);
    assert_eq!((launches[0].1.as_str(), launches[1].1.as_str()), ("us-east-1a", "us-east-1b"));
    has(one(&requests, "DeleteNetworkInterface"), &[("NetworkInterfaceId", &launches[0].2)]);
    assert_eq!(world.ec2("DescribeNetworkInterfaces", "networkInterfaceId"), [launches[1].2.clone()]);
}

/// Arguments of a VM that can be in both zones.
fn in_both_zones(world: &World) -> Value {
    let mut arguments = world.vm(json!({"availability_zones": ["us-east-1b"]}));
    arguments[3] = json!({"d": dynamic(world)});
    arguments
}

fn full() -> Turn {
    Turn::refuse(400, "InsufficientFreeAddressesInSubnet", "there are not enough free addresses")
}

fn subnet_full() {
    let world = World::new();
    world.relay.script_for("CreateNetworkInterface", vec![full()]);
    world.host().call("create_vm", &in_both_zones(&world)).result();
    let requests = world.relay.take();
    assert_eq!(one(&requests, "RunInstances").field("Placement.AvailabilityZone"), "us-east-1b");
    // Where there is no other place, it is told as it always was.
    world.relay.script_for("CreateNetworkInterface", vec![full()]);
    let (kind, message) = world.host().call("create_vm", &world.vm(json!({}))).error();
    assert_eq!(kind, CLOUD_ERROR);
    assert!(message.starts_with("Failed to create network interface for nic_group"), "{message}");
}

fn nothing_hidden() {
    let world = World::new();
    let before = world.account.inventory();
    let (mut interfaces, mut deletions) = (0, 0);
    world.relay.script(move |asked| match asked.field("Action").as_str() {
        "RunInstances" => no_room(),
        "CreateNetworkInterface" => {
            interfaces += 1;
            if interfaces == 2 { full() } else { Turn::Pass }
        }
        // In the second call.
        "DeleteNetworkInterface" => {
            deletions += 1;
            if deletions == 2 { Turn::refuse(403, "UnauthorizedOperation", "you may not") } else { Turn::Pass }
        }
        _ => Turn::Pass,
    });
    for also in ["InsufficientFreeAddressesInSubnet", ""] {
        let answer = world.host().call("create_vm", &in_both_zones(&world));
        let (kind, message) = answer.error();
        assert_eq!((kind.as_str(), &answer.response()["error"]["ok_to_retry"]), (FAILED, &json!(true)), "{message}");
        assert!(message.contains("InsufficientInstanceCapacity") && message.contains(also), "{message}");
        assert_eq!(world.account.inventory(), before);
    }
}

fn follows_its_disk() {
    let world = World::new();
    let form = "CreateVolume&AvailabilityZone=us-east-1b&Size=1";
    let disk = world.ec2(form, "volumeId").remove(0);
    let mut arguments = in_both_zones(&world);
    arguments[4] = json!([disk]);
    let (_, requests) = world.create(arguments);
    assert_eq!(launches(&requests)[0].1, "us-east-1b");
    has(one(&requests, "CreateNetworkInterface"), &[("SubnetId", &world.elsewhere)]);
}

fn impossible_zones() {
    let world = World::new();
    let arguments = world.vm(json!({"availability_zones": ["us-east-1b"]}));
    let words = "'availability_zones' has 'us-east-1b', where network 'private' has no subnet";
    world.refuses_and_makes_nothing(arguments, CLOUD_ERROR, words);
}

fn address_taken() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    let interface = world.ec2("DescribeNetworkInterfaces", "networkInterfaceId").remove(0);
    let before = world.account.inventory();
    let taken = || Turn::refuse(400, "InvalidIPAddress.InUse", "Address 10.0.1.20 is in use.");
    world.relay.script_for("CreateNetworkInterface", vec![taken()]);
    let (kind, message) = world.host().call("create_vm", &world.vm(json!({}))).error();
    assert_eq!(kind, FAILED);
    assert!(message.ends_with(&format!("10.0.1.20 belongs to {interface} of instance {vm}")), "{message}");
    assert_eq!(world.account.inventory(), before);
    assert_eq!(of(&world.relay.take(), "CreateNetworkInterface").len(), 1, "waiting for it would be no use");
}
