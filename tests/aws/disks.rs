//! Persistent disks and their snapshots.

use cpi_tests::coverage::Case;
use cpi_tests::{Turn, texts};
use serde_json::{Value, json};

use crate::row;
use crate::world::{CLOUD_ERROR, World, ZONE, actions, has, of, one, pairs, text};

const SECTION: &str = "disks";

pub(crate) const CASES: &[Case] = &[
    row("A62", SECTION, "set_disk_metadata", metadata),
    row("A63", SECTION, "create_disk: zone, rounding, defaults, tags, key", create),
    row("A64", SECTION, "a size has to be a whole number", sizes),
    row("A65", SECTION, "has_disk in every state", states),
    row("A66", SECTION, "delete_disk: waited for, missing, in use, and without waiting", delete),
    row("A67", SECTION, "attach_disk: names, paths, no room, not yet, and elsewhere", attach),
    row("A68", SECTION, "detach_disk: attached, not attached, and gone", detach),
    row("A70", SECTION, "resize_disk: equal, larger, smaller, attached", resize),
    row("A71", SECTION, "update_disk changes what it can in place", update),
    row("A72", SECTION, "snapshot_disk: description and tags, attached or not", snapshot),
    row("A73", SECTION, "delete_snapshot twice", delete_snapshot),
];

const MISSING: &str = "vol-0123456789abcdef0";
const DISK_NOT_FOUND: &str = "Bosh::Clouds::DiskNotFound";
const NOT_SUPPORTED: &str = "Bosh::Clouds::NotSupported";
const NVME: &str = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_";

fn metadata() {
    let world = World::new();
    let disk = world.disk();
    let before = world.tags(&disk);
    world.result("set_disk_metadata", json!([disk, {"director": "d", "none": null}]));
    assert_eq!(actions(&world.relay.take()), ["CreateTags"]);
    let mut expected = before;
    expected.extend(pairs(&[("director", "d")]));
    expected.sort();
    assert_eq!(world.tags(&disk), expected);
    world.relay.script(|_| Turn::refuse(400, "TagLimitExceeded", "more than 50"));
    world.host().call("set_disk_metadata", &json!([disk, {"a": "b"}])).result();
}

fn create() {
    let world = World::new();
    let made = |settings: Value, arguments: Value| {
        let disk = text(&world.host_with(settings).call("create_disk", &arguments).result());
        assert_eq!(world.ec2(&format!("DescribeVolumes&VolumeId.1={disk}"), "volumeId"), [disk]);
        one(&world.relay.take(), "CreateVolume").clone()
    };
    let plain = made(json!({}), json!([1025, {}, null]));
    has(&plain, &[("Size", "2"), ("VolumeType", "gp3"), ("Encrypted", "false"), ("Iops", ""), ("KmsKeyId", "")]);
    let zones = world.ec2("DescribeAvailabilityZones", "zoneName");
    assert!(zones.contains(&plain.field("AvailabilityZone")), "{zones:?}");

    let (vm, _) = world.create(world.vm(json!({})));
    let own = json!({"type": "gp3", "iops": 4000, "throughput": 200, "encrypted": true, "kms_key_arn": "arn:aws:kms:k",
        "tags": {"owner": "me"}});
    let full = made(json!({}), json!([1024, own, vm]));
    has(
        &full,
        &[
            ("AvailabilityZone", ZONE),
            ("Size", "1"),
            ("VolumeType", "gp3"),
            ("Iops", "4000"),
            ("Throughput", "200"),
            ("Encrypted", "true"),
            ("KmsKeyId", "arn:aws:kms:k"),
            ("TagSpecification.1.ResourceType", "volume"),
            ("TagSpecification.1.Tag.1.Key", "owner"),
        ],
    );
    let defaults = json!({"encrypted": true, "kms_key_arn": "arn:aws:kms:default"});
    has(
        &made(defaults.clone(), json!([1024, {}, null])),
        &[("Encrypted", "true"), ("KmsKeyId", "arn:aws:kms:default")],
    );
    let off = json!({"encrypted": false});
    has(&made(defaults, json!([1024, off, null])), &[("Encrypted", "false"), ("KmsKeyId", "")]);

    // A new volume may not be known everywhere at once; one that never is had a key that cannot be used.
    let before = world.account.inventory();
    let creating = |asked: &cpi_tests::Asked| asked.field("Action") == "CreateVolume";
    let unknown = || Turn::refuse(400, "InvalidVolume.NotFound", "no such volume");
    let mut looks = 0;
    world.relay.script(move |asked| match asked.field("Action").as_str() {
        _ if creating(asked) => Turn::replace("<status>available<", "<status>creating<"),
        "DescribeVolumes" => {
            looks += 1;
            if looks == 1 { unknown() } else { Turn::Pass }
        }
        _ => Turn::Pass,
    });
    let disk = text(&world.host().call("create_disk", &json!([1024, {}, null])).result());
    world.relay.script(|_| Turn::Pass);
    world.result("delete_disk", json!([disk]));
    world.relay.script(move |asked| match asked.field("Action").as_str() {
        _ if creating(asked) => Turn::replace("<status>available<", "<status>creating<"),
        "DescribeVolumes" => Turn::replace("<status>available<", "<status>error<"),
        _ => Turn::Pass,
    });
    let (kind, message) = world.host().call("create_disk", &json!([1024, {}, null])).error();
    assert_eq!(kind, CLOUD_ERROR);
    assert!(message.contains("state is error, expected available, took"), "{message}");
    assert_eq!(world.account.inventory(), before, "the volume is removed");
    world.relay.script_for("CreateVolume", vec![Turn::refuse(400, "VolumeLimitExceeded", "no more")]);
    assert_eq!(world.host().call("create_disk", &json!([1024, {}, null])).error().0, "Bosh::Clouds::NoDiskSpace");
}

fn sizes() {
    let world = World::new();
    for wrong in [json!("1024"), json!(1.5), json!(null)] {
        let (kind, message) = world.call("create_disk", json!([wrong, {}, null])).error();
        assert_eq!(
            (kind.as_str(), message.contains("disk size needs to be an integer")),
            ("InvalidCall", true),
            "{message}"
        );
    }
    assert!(world.relay.take().is_empty());
}

fn states() {
    let world = World::new();
    let disk = world.disk();
    for state in ["available", "in-use", "error", "deleting"] {
        world
            .relay
            .script_for("DescribeVolumes", vec![Turn::replace("<status>available<", format!("<status>{state}<"))]);
        assert_eq!(world.host().call("has_disk", &json!([disk])).result(), true, "{state}");
    }
    assert_eq!(world.result("has_disk", json!([MISSING])), false);
    let malformed =
        Turn::refuse(400, "InvalidParameterValue", "Value (x) for parameter volume is invalid. Expected: 'vol-...'.");
    world.relay.script_for("DescribeVolumes", vec![malformed]);
    assert_eq!(world.host().call("has_disk", &json!(["x"])).result(), false);
}

fn delete() {
    let world = World::new();
    let disk = world.disk();
    world.relay.script_for("DeleteVolume", vec![Turn::refuse(400, "VolumeInUse", "still attached")]);
    world.host().call("delete_disk", &json!([disk])).result();
    let requests = world.relay.take();
    assert_eq!(actions(&requests), ["DeleteVolume", "DeleteVolume", "DescribeVolumes"]);
    let answer = world.call("delete_disk", json!([MISSING]));
    let (kind, message) = answer.error();
    assert_eq!((kind.as_str(), message), (DISK_NOT_FOUND, format!("Disk '{MISSING}' not found")));
    assert_eq!(answer.response()["error"]["ok_to_retry"], false);
    let disk = world.disk();
    world.relay.take();
    world.host_with(json!({"fast_path_delete": true})).call("delete_disk", &json!([disk])).result();
    let requests = world.relay.take();
    assert_eq!(actions(&requests), ["DeleteVolume", "CreateTags"]);
    has(&requests[1], &[("ResourceId.1", &disk), ("Tag.1.Key", "Name"), ("Tag.1.Value", "to be deleted")]);
}

fn attach() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    let (xen, _) = world.create(world.vm(json!({"instance_type": "t2.micro"})));
    let disk = world.disk();
    let path = text(&world.result("attach_disk", json!([vm, disk])));
    assert_eq!(path, format!("{NVME}{}", disk.replace('-', "")));
    let requests = world.relay.take();
    has(one(&requests, "AttachVolume"), &[("VolumeId", &disk), ("InstanceId", &vm), ("Device", "/dev/sdf")]);
    // Once more is the same.
    assert_eq!(text(&world.result("attach_disk", json!([vm, disk]))), path);
    assert!(of(&world.relay.take(), "AttachVolume").is_empty());

    // The names go on where the common ones end.
    let (first, second) = (world.disk(), world.disk());
    assert_eq!(world.result("attach_disk", json!([xen, first])), "/dev/sdf");
    assert_eq!(world.result("attach_disk", json!([xen, second])), "/dev/sdg");
    let more: String = ('h'..='p').map(|letter| mapping(&format!("/dev/sd{letter}"))).collect();
    let full: String = ('a'..='z').map(|letter| mapping(&format!("/dev/xvdc{letter}"))).collect::<String>() + &more;
    let third = world.disk();
    world.relay.script_for(
        "DescribeInstances",
        vec![Turn::replace("<blockDeviceMapping>", format!("<blockDeviceMapping>{full}"))],
    );
    let (kind, message) = world.host().call("attach_disk", &json!([xen, third])).error();
    assert_eq!((kind.as_str(), message.as_str()), (CLOUD_ERROR, "Instance has too many disks attached"));
    world.relay.script_for(
        "DescribeInstances",
        vec![Turn::replace("<blockDeviceMapping>", format!("<blockDeviceMapping>{more}"))],
    );
    assert_eq!(world.host().call("attach_disk", &json!([xen, third])).result(), "/dev/xvdca");

    // A name that another volume got a moment ago.
    let late = world.disk();
    let taken = "Invalid value '/dev/sdg' for unixDevice. Attachment point /dev/sdg is already in use";
    world.relay.script_for("AttachVolume", vec![Turn::refuse(400, "InvalidParameterValue", taken)]);
    world.host().call("attach_disk", &json!([vm, late])).result();
    let devices: Vec<_> = of(&world.relay.take(), "AttachVolume").iter().map(|asked| asked.field("Device")).collect();
    assert_eq!(devices, ["/dev/sdg", "/dev/sdh"]);
    // A VM that is not ready, and a volume that another one lets go.
    let fourth = world.disk();
    let wait = vec![Turn::refuse(400, "IncorrectState", "not running"), Turn::refuse(400, "VolumeInUse", "detaching")];
    world.relay.script_for("AttachVolume", wait);
    world.host().call("attach_disk", &json!([vm, fourth])).result();
    assert_eq!(of(&world.relay.take(), "AttachVolume").len(), 3);
    // One that another VM holds on to is told at once.
    world.relay.script_for("AttachVolume", vec![Turn::refuse(400, "VolumeInUse", "attached")]);
    let (kind, message) = world.host().call("attach_disk", &json!([xen, fourth])).error();
    assert_eq!((kind.as_str(), message.contains(&format!("is attached to '{vm}'"))), (CLOUD_ERROR, true), "{message}");
    assert_eq!(world.call("attach_disk", json!([vm, MISSING])).error().0, DISK_NOT_FOUND);
    assert_eq!(world.call("attach_disk", json!(["i-0123456789abcdef0", disk])).error().0, "Bosh::Clouds::VMNotFound");
}

fn mapping(device: &str) -> String {
    format!("<item><deviceName>{device}</deviceName><ebs><volumeId>vol-0</volumeId></ebs></item>")
}

fn detach() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    let disk = world.disk();
    world.result("attach_disk", json!([vm, disk]));
    world.result("detach_disk", json!([vm, disk]));
    let requests = world.relay.take();
    has(
        one(&requests, "DetachVolume"),
        &[("VolumeId", &disk), ("InstanceId", &vm), ("Device", "/dev/sdf"), ("Force", "false")],
    );
    assert_eq!(world.ec2(&format!("DescribeVolumes&VolumeId.1={disk}"), "status"), ["available"]);
    let answer = world.call("detach_disk", json!([vm, disk]));
    let (kind, message) = answer.error();
    assert_eq!(kind, "Bosh::Clouds::DiskNotAttached");
    assert_eq!(message, format!("Disk `{disk}' is not attached to instance `{vm}'"));
    assert_eq!(answer.response()["error"]["ok_to_retry"], true);
    world.result("detach_disk", json!([vm, MISSING]));
}

fn resize() {
    let world = World::new();
    let disk = text(&world.result("create_disk", json!([2048, {}, null])));
    world.result("resize_disk", json!([disk, 1500]));
    assert_eq!(actions(&world.relay.take()), ["DescribeVolumes"]);
    world.relay.script_for(
        "ModifyVolume",
        vec![Turn::replace("<modificationState>completed<", "<modificationState>modifying<")],
    );
    world.host().call("resize_disk", &json!([disk, 3000])).result();
    let requests = world.relay.take();
    assert_eq!(actions(&requests), ["DescribeVolumes", "ModifyVolume", "DescribeVolumesModifications"]);
    has(&requests[1], &[("VolumeId", &disk), ("Size", "3"), ("VolumeType", "")]);
    assert_eq!(world.ec2(&format!("DescribeVolumes&VolumeId.1={disk}"), "size"), ["3"]);
    let (kind, message) = world.call("resize_disk", json!([disk, 1024])).error();
    assert_eq!(
        (kind.as_str(), message.as_str()),
        (NOT_SUPPORTED, "Cannot resize volume to a smaller size from 3 GiB to 1 GiB")
    );
    let (vm, _) = world.create(world.vm(json!({})));
    world.result("attach_disk", json!([vm, disk]));
    let (kind, message) = world.call("resize_disk", json!([disk, 9000])).error();
    assert_eq!(
        (kind, message),
        (CLOUD_ERROR.to_owned(), format!("Cannot resize volume '{disk}' it still has 1 attachment(s)"))
    );
    assert_eq!(world.call("resize_disk", json!([MISSING, 9000])).error().0, DISK_NOT_FOUND);
    // What cannot be done now is done by copying.
    let other = world.disk();
    world
        .relay
        .script_for("ModifyVolume", vec![Turn::refuse(400, "VolumeModificationRateExceeded", "once in six hours")]);
    assert_eq!(world.host().call("resize_disk", &json!([other, 9000])).error().0, NOT_SUPPORTED);
    world.relay.script_for("ModifyVolume", vec![Turn::refuse(400, "UnsupportedOperation", "not this volume")]);
    assert_eq!(world.host().call("resize_disk", &json!([other, 9000])).error().0, NOT_SUPPORTED);
}

fn update() {
    let world = World::new();
    let disk = world.disk();
    assert_eq!(
        world.result("update_disk", json!([disk, 2048, {"type": "io1", "iops": 200, "tags": {"tier": "fast"}}])),
        Value::Null
    );
    let requests = world.relay.take();
    has(one(&requests, "ModifyVolume"), &[("Size", "2"), ("VolumeType", "io1"), ("Iops", "200")]);
    assert!(world.tags(&disk).contains(&("tier".to_owned(), "fast".to_owned())));
    for other in [json!({"encrypted": true}), json!({"type": "standard"})] {
        let (kind, message) = world.call("update_disk", json!([disk, 2048, other])).error();
        assert_eq!(kind, NOT_SUPPORTED, "{message}");
        assert!(of(&world.relay.take(), "ModifyVolume").is_empty());
    }
    assert_eq!(world.call("update_disk", json!([MISSING, 2048, {}])).error().0, DISK_NOT_FOUND);
    // Copying needs no such permission.
    world.relay.script_for("ModifyVolume", vec![Turn::refuse(403, "UnauthorizedOperation", "you may not")]);
    assert_eq!(
        world.host().call("update_disk", &json!([disk, 4096, {"type": "io1", "iops": 200}])).error().0,
        NOT_SUPPORTED
    );
}

fn snapshot() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    let disk = world.disk();
    let metadata =
        json!({"deployment": "cf", "job": "router", "index": 0, "director_name": "bosh", "instance_id": "guid"});
    for attached in [false, true] {
        if attached {
            world.result("attach_disk", json!([vm, disk]));
        }
        world.relay.script_for("CreateSnapshot", vec![Turn::replace("<status>completed<", "<status>pending<")]);
        let snapshot = text(&world.host().call("snapshot_disk", &json!([disk, metadata])).result());
        let requests = world.relay.take();
        let description = if attached { "cf/router/0/sdf" } else { "cf/router/0" };
        has(one(&requests, "CreateSnapshot"), &[("VolumeId", &disk), ("Description", description)]);
        let mut tags = world.tags(&snapshot);
        tags.retain(|(key, _)| key != "bosh-intent");
        let mut expected = vec![
            ("deployment", "cf"),
            ("director", "bosh"),
            ("instance_id", "guid"),
            ("instance_index", "0"),
            ("instance_name", "router/guid"),
            ("Name", description),
        ];
        if attached {
            expected.push(("device", "/dev/sdf"));
        }
        assert_eq!(tags, pairs(&expected));
    }
    world.result("snapshot_disk", json!([disk, {}]));
    assert_eq!(world.call("snapshot_disk", json!([MISSING, metadata])).error().0, DISK_NOT_FOUND);
}

fn delete_snapshot() {
    let world = World::new();
    let before = world.account.inventory();
    let disk = world.disk();
    let snapshot = world.result("snapshot_disk", json!([disk, {}]));
    for _ in 0..2 {
        world.result("delete_snapshot", json!([snapshot]));
        assert_eq!(actions(&world.relay.take()), ["DeleteSnapshot"]);
    }
    world.result("delete_disk", json!([disk]));
    assert_eq!(world.account.inventory(), before);
    world
        .relay
        .script_for("DeleteSnapshot", vec![Turn::refuse(400, "InvalidSnapshotID.Malformed", "Invalid id: \"x\"")]);
    world.host().call("delete_snapshot", &json!(["x"])).result();
    assert!(texts(&world.account.ec2("Action=DescribeVolumes"), "volumeId").is_empty());
}
