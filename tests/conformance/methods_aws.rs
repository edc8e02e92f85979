//! M: methods, in EC2 as moto simulates it.

use std::sync::atomic::{AtomicUsize, Ordering};

use cpi_tests::coverage::Case;
use cpi_tests::ebs::{Ebs, refusal, refusal_of_ec2};
use cpi_tests::{Endpoint, Host, Turn, archive, texts};
use serde_json::{Value, json};

use crate::support::cloud::{ZONE, cloud, text};
use crate::support::{actions, assert_kind, case};

const SECTION: &str = "M methods";

pub(crate) const CASES: &[Case] = &[
    case("M01", SECTION, "create_vm that fails at any step leaves nothing behind", faults_everywhere),
    case("M03", SECTION, "tags of env are there from the creation on", tags_at_creation),
    case("M04", SECTION, "unknown keys of env reach the VM unchanged", env_passes),
    case("M05", SECTION, "a disk hint decides where the VM is placed", disk_hints),
    case("M06", SECTION, "vip, dynamic and several manual networks", kinds_of_networks),
    case("M09", SECTION, "delete_vm keeps an attached persistent disk", disk_survives),
    case("M10", SECTION, "delete_vm removes what was made with the VM", nothing_is_left),
    case("M11", SECTION, "delete_vm of an unknown VM says VMNotFound", delete_unknown_vm),
    case("M14", SECTION, "has_vm fails, and is not false, when the cloud fails", || fails("has_vm")),
    case("M15", SECTION, "has_disk likewise", || fails("has_disk")),
    case("M16", SECTION, "reboot_vm brings a stopped VM up", reboot),
    case("M17", SECTION, "metadata that is too long or illegal is cut, not refused", long_metadata),
    case("M19", SECTION, "metadata keeps the tags that it does not name", metadata_adds),
    case("M21", SECTION, "sizes are rounded up, identifiers are new", disk_sizes),
    case("M22", SECTION, "a disk is made in the zone of its VM", disk_zone),
    case("M33", SECTION, "create_stemcell that fails half-way removes its uploads", faults_of_an_upload),
    case("M39", SECTION, "resizing to the same rounded size modifies nothing", same_size),
];

fn faults_everywhere() {
    let cloud = cloud();
    let mut faults = 0;
    for number in 0.. {
        let tag = format!("fault-{number}");
        let relay = cloud.relay();
        let met = relay.script_at(number, Turn::refuse(400, "InjectedFault", "a fault of the test"));
        let host = cloud.host_at(&relay.url());
        let answer = host.call("create_vm", &cloud.vm(&tag));
        let actions = actions(&relay);
        if met.get().is_none() {
            cloud.host().call("delete_vm", &json!([answer.result()[0]])).result();
            break;
        }
        faults += 1;
        if answer.response()["error"].is_null() {
            // The plugin could do without what failed.
            cloud.host().call("delete_vm", &json!([answer.result()[0]])).result();
            continue;
        }
        assert!(answer.error().1.contains("InjectedFault"), "{answer:?}");
        let left: Vec<_> = cloud.tagged(&tag).into_iter().filter(|id| !goes_with_its_vm(&actions, id)).collect();
        assert!(left.is_empty(), "a fault of request {number}, {actions:?}, leaves {left:?}");
    }
    assert!(faults >= 5, "only {faults} requests were seen");
}

fn faults_of_an_upload() {
    let server = Ebs::start();
    let host = Host::aws(&server.url());
    archive::sparse(&host.path("root.img"), 4 << 20, 3);
    archive::stemcell(&host.path("image"), &host.path("root.img"));
    for number in 0.. {
        let seen = AtomicUsize::new(0);
        server.behind(move |_, _, target| {
            let cleans_up = target.starts_with("De") && !target.starts_with("Describe");
            let hit = !cleans_up && seen.fetch_add(1, Ordering::Relaxed) == number;
            let fault = || {
                let of_ec2 = refusal_of_ec2(400, "InjectedFault");
                if target.starts_with('/') { refusal(400, "InjectedFault", "so says the test", None) } else { of_ec2 }
            };
            hit.then(fault)
        });
        let answer = host.call("create_stemcell", &json!([host.path("image"), {}]));
        let world = server.world();
        if answer.response()["error"].is_null() {
            assert!(number >= 7 && world.images.len() == 1, "only {number} requests were seen");
            return;
        }
        assert!(answer.error().1.contains("InjectedFault"), "{answer:?}");
        assert!(world.snapshots.is_empty() && world.images.is_empty(), "request {number}: {:?}", world.actions);
    }
}

/// Network interfaces that EC2 was asked to remove with their VM; moto forgets that, and keeps them.
fn goes_with_its_vm(actions: &[String], id: &str) -> bool {
    id.starts_with("eni-") && actions.iter().any(|action| action == "ModifyNetworkInterfaceAttribute")
}

fn tags_at_creation() {
    let relay = cloud().relay();
    let host = cloud().host_at(&relay.url());
    let vm = cloud().make_vm(&host, "tags-at-creation");
    let asked = actions(&relay);
    assert!(!asked.contains(&"CreateTags".to_owned()), "{asked:?}");
    let found = cloud().tagged("tags-at-creation");
    for kind in ["i-", "vol-", "eni-"] {
        assert!(found.iter().any(|id| id.starts_with(kind)), "{found:?}");
    }
    assert!(found.contains(&vm));
    host.call("delete_vm", &json!([vm])).result();
}

fn env_passes() {
    let env = json!({"bosh": {"password": "*", "mbus": {"cert": {"ca": "x\ny"}}, "novel": [1, 2.5, null, {}]},
                     "persistent_disk_fs": "xfs", "mine": {"deep": {"ü": "\u{1F375}"}}});
    let mut arguments = cloud().vm("env");
    arguments[5] = env.clone();
    let host = cloud().host();
    let vm = text(&host.call("create_vm", &arguments).result()[0]);
    assert_eq!(cloud().agent_settings(&vm)["env"], env);
    host.call("delete_vm", &json!([vm])).result();
}

fn disk_hints() {
    let volume =
        |zone: &str| cloud().one(&[("Action", "CreateVolume"), ("Size", "1"), ("AvailabilityZone", zone)], "volumeId");
    let host = cloud().host();
    let mut arguments = cloud().vm("disk-hint");
    arguments[4] = json!([volume("us-east-1b")]);
    let message = assert_kind(&host.call("create_vm", &arguments), "Bosh::Clouds::CloudError");
    assert!(message.contains("us-east-1b"), "{message}");
    arguments[4] = json!([volume(ZONE)]);
    let vm = host.call("create_vm", &arguments).result()[0].clone();
    host.call("delete_vm", &json!([vm])).result();
}

fn kinds_of_networks() {
    let address = cloud().one(&[("Action", "AllocateAddress"), ("Domain", "vpc")], "publicIp");
    let host = cloud().host();
    let mut arguments = cloud().vm("networks");
    arguments[2]["instance_type"] = json!("m5.xlarge");
    let (mut first, mut second) = (cloud().network(), cloud().network());
    (first["nic_group"], second["nic_group"]) = (json!("0"), json!("1"));
    let vip = json!({"type": "vip", "ip": address, "cloud_properties": {}});
    arguments[3] = json!({"a": first, "b": second, "public": vip});
    let vm = host.call("create_vm", &arguments).result()[0].clone();
    host.call("delete_vm", &json!([vm])).result();

    let dynamic = json!({"type": "dynamic", "cloud_properties": {"subnet": cloud().subnet}});
    arguments[3] = json!({"a": dynamic});
    let vm = host.call("create_vm", &arguments).result()[0].clone();
    host.call("delete_vm", &json!([vm])).result();
    arguments[3] = json!({"a": dynamic, "b": vip, "c": vip});
    let message = assert_kind(&host.call("create_vm", &arguments), "Bosh::Clouds::CloudError");
    assert!(message.to_lowercase().contains("vip"), "{message}");
}

fn disk_survives() {
    let host = cloud().host();
    let vm = cloud().make_vm(&host, "disk-survives");
    let disk = host.call("create_disk", &json!([1024, {}, vm])).result();
    host.call("attach_disk", &json!([vm, disk])).result();
    host.call("delete_vm", &json!([vm])).result();
    assert_eq!(host.call("has_disk", &json!([disk])).result(), true);
    host.call("delete_disk", &json!([disk])).result();
}

fn nothing_is_left() {
    let relay = cloud().relay();
    let host = cloud().host_at(&relay.url());
    let vm = cloud().make_vm(&host, "nothing-is-left");
    assert!(cloud().tagged("nothing-is-left").len() >= 4);
    host.call("delete_vm", &json!([vm])).result();
    let asked = actions(&relay);
    let left: Vec<_> =
        cloud().tagged("nothing-is-left").into_iter().filter(|id| !goes_with_its_vm(&asked, id)).collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(host.call("has_vm", &json!([vm])).result(), false);
}

fn delete_unknown_vm() {
    let answer = cloud().host().call("delete_vm", &json!(["i-0123456789abcdef0"]));
    assert_kind(&answer, "Bosh::Clouds::VMNotFound");
}

fn fails(method: &str) {
    let refused = "<Response><Errors><Error><Code>InternalError</Code><Message>m</Message></Error></Errors></Response>";
    let argument = json!([if method == "has_vm" { "i-0123456789abcdef0" } else { "vol-0123456789abcdef0" }]);
    for host in [
        Host::aws(&Endpoint::in_turn(&[(500, refused)]).url()),
        Host::aws(&Endpoint::in_turn(&[(403, &refused.replace("InternalError", "UnauthorizedOperation"))]).url()),
        Host::aws(&Endpoint::refusing()),
    ] {
        assert_kind(&host.call(method, &argument), "Bosh::Clouds::CloudError");
    }
}

fn reboot() {
    let host = cloud().host();
    let vm = cloud().make_vm(&host, "reboot");
    cloud().ask(&[("Action", "StopInstances"), ("InstanceId.1", &vm)]);
    host.call("reboot_vm", &json!([vm])).result();
    let answer = cloud().ask(&[("Action", "DescribeInstances"), ("InstanceId.1", &vm)]);
    assert!(answer.contains("<name>running</name>"), "{answer}");
    host.call("delete_vm", &json!([vm])).result();
}

fn long_metadata() {
    let host = cloud().host();
    let vm = cloud().make_vm(&host, "long-metadata");
    let long = "k".repeat(300);
    host.call("set_vm_metadata", &json!([vm, {long: "v".repeat(500), "aws:mine": "x", "ok": "yes"}])).result();
    let tags = cloud().tags(&vm);
    assert!(tags.contains(&("ok".to_owned(), "yes".to_owned())), "{tags:?}");
    assert!(tags.iter().all(|(key, value)| key.len() <= 127 && value.len() <= 256), "{tags:?}");
    assert!(tags.iter().any(|(key, _)| key.starts_with("kkk")), "{tags:?}");
    host.call("delete_vm", &json!([vm])).result();
}

fn metadata_adds() {
    let host = cloud().host();
    let vm = cloud().make_vm(&host, "metadata-adds");
    host.call("set_vm_metadata", &json!([vm, {"first": 1, "none": null, "yes": true}])).result();
    host.call("set_vm_metadata", &json!([vm, {"second": "2"}])).result();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let expected = [pair("first", "1"), pair("second", "2"), pair("test", "metadata-adds"), pair("yes", "true")];
    assert_eq!(cloud().tags(&vm), expected);
    host.call("delete_vm", &json!([vm])).result();
}

fn disk_sizes() {
    let host = cloud().host();
    let make = || text(&host.call("create_disk", &json!([1025, {}, null])).result());
    let (first, second) = (make(), make());
    assert_ne!(first, second);
    assert_eq!(cloud().one(&[("Action", "DescribeVolumes"), ("VolumeId.1", &first)], "size"), "2");
    for disk in [first, second] {
        host.call("delete_disk", &json!([disk])).result();
    }
}

fn disk_zone() {
    let host = cloud().host();
    let vm = cloud().make_vm(&host, "disk-zone");
    for _ in 0..3 {
        let disk = text(&host.call("create_disk", &json!([1024, {}, vm])).result());
        let answer = cloud().ask(&[("Action", "DescribeVolumes"), ("VolumeId.1", &disk)]);
        assert_eq!(texts(&answer, "availabilityZone"), [ZONE]);
        host.call("delete_disk", &json!([disk])).result();
    }
    host.call("delete_vm", &json!([vm])).result();
}

fn same_size() {
    let relay = cloud().relay();
    let host = cloud().host_at(&relay.url());
    let disk = host.call("create_disk", &json!([2048, {}, null])).result();
    assert_eq!(host.call("resize_disk", &json!([disk, 1500])).result(), Value::Null);
    let asked = actions(&relay);
    assert!(!asked.contains(&"ModifyVolume".to_owned()), "{asked:?}");
    host.call("delete_disk", &json!([disk])).result();
}
