//! EC2 as it is at a bad moment: it does not know everywhere yet what was just made, or the answer to an order is lost.

use std::sync::atomic::{AtomicBool, Ordering};

use cpi_tests::coverage::Case;
use cpi_tests::ebs::{Ebs, refusal_of_ec2};
use cpi_tests::{Turn, archive};
use serde_json::{Value, json};

use crate::row;
use crate::world::{AMI, World, of, text};

const SECTION: &str = "bad moments";

pub(crate) const CASES: &[Case] = &[
    row("E01", SECTION, "what was just made is not known everywhere yet", not_known_yet),
    row("E02", SECTION, "lost answers: attach_disk and detach_disk", attachments),
    row("E03", SECTION, "lost answers: resize_disk", resize),
    row("E04", SECTION, "lost answers: snapshot_disk makes one snapshot", snapshot),
    row("E05", SECTION, "lost answers: prefixes and routes of a VM", parts_of_a_vm),
    row("E06", SECTION, "answers that cannot be read: create_disk, create_stemcell and delete_vm", unreadable),
    row("E07", SECTION, "a snapshot counts as in use after its image is gone", snapshot_in_use),
    row("E08", SECTION, "a route that goes while it is being replaced", route_goes),
    row("E09", SECTION, "lost answers: an upload is not thrown away", upload),
];

fn fault() -> Turn {
    Turn::refuse(500, "InternalError", "an internal error has occurred")
}

/// The order is not carried out, or it is; nobody hears of it.
fn lost() -> [Turn; 5] {
    let done = Turn::refuse_after(500, "InternalError", "an internal error has occurred");
    [fault(), Turn::Drop, done, Turn::DropAfter, Turn::AnswerAfter(200, "<html>".to_owned())]
}

fn routed(world: &World) -> Value {
    world.vm(json!({"advertised_routes": [{"table_id": world.table, "destination": "10.99.0.0/16"}]}))
}

fn with_prefixes(world: &World) -> Value {
    let part = |ip: &str, prefix: &str| json!({"type": "manual", "ip": ip, "prefix": prefix, "nic_group": "0", "cloud_properties": {"subnet": world.subnet}});
    let mut arguments = world.vm(json!({}));
    arguments[3] =
        json!({"v4": part("10.0.1.20", "32"), "v4p": part("10.0.1.32", "28"), "v6p": part("2600:1f18:0:1::", "80")});
    arguments
}

fn not_known_yet() {
    let plain: fn(&World) -> Value = |world| world.vm(json!({}));
    let unchecked: fn(&World) -> Value = |world| world.vm(json!({"source_dest_check": false}));
    let public: fn(&World) -> Value = |world| world.vm(json!({"auto_assign_public_ip": true}));
    let interface = "InvalidNetworkInterfaceID.NotFound";
    for (action, code, arguments) in [
        ("RunInstances", interface, plain),
        ("AssignPrivateIpAddresses", interface, with_prefixes),
        ("AssignIpv6Addresses", interface, with_prefixes),
        ("ModifyNetworkInterfaceAttribute", interface, public),
        ("ModifyNetworkInterfaceAttribute", "InvalidAttachmentID.NotFound", plain),
        ("ModifyInstanceAttribute", "InvalidInstanceID.NotFound", unchecked),
        ("CreateRoute", "InvalidInstanceID.NotFound", routed),
    ] {
        let world = World::new();
        let arguments = arguments(&world);
        world.relay.script_for(action, vec![Turn::refuse(400, code, "it does not exist")]);
        world.host().call("create_vm", &arguments).result();
        let requests = world.relay.take();
        assert!(of(&requests, action).len() > 1, "{action}");
        assert_eq!(of(&requests, "TerminateInstances").len(), 0, "{action}");
    }
}

fn attachments() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    let disk = world.disk();
    for (attach, detach) in lost().into_iter().zip(lost()) {
        world.relay.script_for("AttachVolume", vec![attach]);
        world.host().call("attach_disk", &json!([vm, disk])).result();
        assert_eq!(world.ec2(&format!("DescribeVolumes&VolumeId.1={disk}"), "device"), ["/dev/sdf"]);
        world.relay.script_for("DetachVolume", vec![detach]);
        world.host().call("detach_disk", &json!([vm, disk])).result();
        assert_eq!(world.ec2(&format!("DescribeVolumes&VolumeId.1={disk}"), "instanceId"), [""; 0]);
    }
}

fn resize() {
    let world = World::new();
    let disk = world.disk();
    for (turn, gib) in lost().into_iter().zip(2..) {
        world.relay.script_for("ModifyVolume", vec![turn]);
        world.host().call("resize_disk", &json!([disk, gib * 1024])).result();
        assert_eq!(world.ec2(&format!("DescribeVolumes&VolumeId.1={disk}"), "size"), [gib.to_string()]);
    }
}

fn snapshot() {
    for turn in lost() {
        let world = World::new();
        let disk = world.disk();
        // An older one is none of this call's.
        let older = text(&world.result("snapshot_disk", json!([disk, {"deployment": "other"}])));
        world.relay.script_for("CreateSnapshot", vec![turn]);
        let snapshot = text(&world.host().call("snapshot_disk", &json!([disk, {"deployment": "cf"}])).result());
        let mut there =
            world.ec2(&format!("DescribeSnapshots&Filter.1.Name=volume-id&Filter.1.Value.1={disk}"), "snapshotId");
        there.sort();
        let mut expected = [older, snapshot];
        expected.sort();
        assert_eq!(there, expected);
    }
}

fn parts_of_a_vm() {
    for (action, arguments) in [
        ("AssignPrivateIpAddresses", with_prefixes as fn(&World) -> Value),
        ("AssignIpv6Addresses", with_prefixes),
        ("CreateRoute", routed),
    ] {
        for turn in lost() {
            let world = World::new();
            let arguments = arguments(&world);
            world.relay.script_for(action, vec![turn]);
            world.host().call("create_vm", &arguments).result();
            assert_eq!(of(&world.relay.take(), "TerminateInstances").len(), 0, "{action}");
        }
    }
}

fn unreadable() {
    let html = || vec![Turn::AnswerAfter(200, "<html>".to_owned())];
    let world = World::new();
    world.relay.script_for("CreateVolume", html());
    let disk = world.host().call("create_disk", &json!([1024, {}, null])).result();
    assert_eq!(world.ec2("DescribeVolumes", "volumeId"), [text(&disk)]);
    world.relay.script_for("CopyImage", html());
    let stemcell = json!(["/nowhere", {"ami": {"us-east-1": AMI}, "encrypted": true}]);
    let image = text(&world.host().call("create_stemcell", &stemcell).result());
    assert_eq!(world.ec2("DescribeImages&Owner.1=self", "imageId"), [image]);
    let (vm, _) = world.create(world.vm(json!({})));
    world.relay.script_for("TerminateInstances", html());
    world.host().call("delete_vm", &json!([vm])).result();
    assert_eq!(world.state(&vm), "terminated");
}

fn snapshot_in_use() {
    let world = World::new();
    let before = world.account.inventory();
    let stemcell = json!(["/nowhere", {"ami": {"us-east-1": AMI}, "encrypted": true}]);
    let image = world.result("create_stemcell", stemcell);
    world.relay.script_for("DeleteSnapshot", vec![Turn::refuse(400, "InvalidSnapshot.InUse", "in use by an image")]);
    world.host().call("delete_stemcell", &json!([image])).result();
    assert_eq!(world.account.inventory(), before);
}

fn route_goes() {
    let world = World::new();
    world.relay.script_for("CreateRoute", vec![Turn::refuse(400, "RouteAlreadyExists", "it exists")]);
    world.host().call("create_vm", &routed(&world)).result();
    let requests = world.relay.take();
    assert_eq!((of(&requests, "CreateRoute").len(), of(&requests, "ReplaceRoute").len()), (2, 1));
}

fn upload() {
    for lost in ["/snapshots", "/snapshots/completion/", "RegisterImage"] {
        let server = Ebs::start();
        let url = server.url();
        let host = World::new()
            .host_with(json!({"ec2_endpoint": url, "elb_endpoint": url, "ebs_endpoint": url, "max_retries": 2}));
        archive::sparse(&host.path("root.img"), 1 << 20, 1);
        archive::stemcell(&host.path("image"), &host.path("root.img"));
        let once = AtomicBool::new(true);
        server.behind(move |_, _, target| {
            let is_it = target == lost || lost.ends_with('/') && target.starts_with(lost);
            (is_it && once.swap(false, Ordering::Relaxed)).then(|| refusal_of_ec2(500, "InternalError"))
        });
        host.call("create_stemcell", &json!([host.path("image"), {}])).result();
        assert_eq!((server.snapshot().state.as_str(), server.world().images.len()), ("completed", 1), "{lost}");
        assert!(!server.world().actions.contains(&"DeleteSnapshot".to_owned()), "{lost}");
    }
}
