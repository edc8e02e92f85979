//! What is done with VMs after they were made.

use cpi_tests::coverage::Case;
use cpi_tests::{Turn, texts};
use serde_json::{Value, json};

use crate::row;
use crate::world::{World, actions, has, of, one, pairs, text, under};

const SECTION: &str = "VMs";

pub(crate) const CASES: &[Case] = &[
    row("A58", SECTION, "delete_vm: waited for, missing, and without waiting", delete),
    row("A59", SECTION, "has_vm in every state", states),
    row("A60", SECTION, "reboot_vm", reboot),
    row("A61", SECTION, "set_vm_metadata: the name, the volumes, and too many tags", metadata),
    row("A69", SECTION, "get_disks: all volumes of a VM", disks),
];

const MISSING: &str = "i-0123456789abcdef0";
const VM_NOT_FOUND: &str = "Bosh::Clouds::VMNotFound";

fn delete() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    // It takes a while.
    world.relay.script_for("DescribeInstances", vec![Turn::replace("<name>terminated<", "<name>shutting-down<")]);
    world.host().call("delete_vm", &json!([vm])).result();
    assert_eq!(actions(&world.relay.take()), ["TerminateInstances", "DescribeInstances", "DescribeInstances"]);
    assert_eq!(world.state(&vm), "terminated");

    let (kind, message) = world.call("delete_vm", json!([MISSING])).error();
    assert_eq!((kind.as_str(), message), (VM_NOT_FOUND, format!("VM `{MISSING}' not found")));

    // One that vanishes while it is waited for is gone, which is what was asked for.
    let (vm, _) = world.create(world.vm(json!({})));
    let gone = Turn::refuse(400, "InvalidInstanceID.NotFound", "no such instance");
    world.relay.script_for("DescribeInstances", vec![gone]);
    world.host().call("delete_vm", &json!([vm])).result();

    let (vm, _) = world.create(world.vm(json!({})));
    world.host_with(json!({"fast_path_delete": true})).call("delete_vm", &json!([vm])).result();
    let requests = world.relay.take();
    // Without a wait nothing else would tell which target groups have an address of the VM.
    let mut asked = actions(&requests);
    asked.sort();
    assert_eq!(asked, ["CreateTags", "DescribeInstances", "TerminateInstances"]);
    has(
        one(&requests, "CreateTags"),
        &[("ResourceId.1", &vm), ("Tag.1.Key", "Name"), ("Tag.1.Value", "to be deleted")],
    );
    // It goes whether it has that name or not.
    let (vm, _) = world.create(world.vm(json!({})));
    world.relay.script_for("CreateTags", vec![Turn::refuse(403, "UnauthorizedOperation", "you may not")]);
    world.host_with(json!({"fast_path_delete": true})).call("delete_vm", &json!([vm])).result();
    // EC2 still describes it; nothing can be done with it.
    assert_eq!(world.state(&vm), "terminated");
    for (method, arguments) in [("attach_disk", json!([vm, "vol-1"])), ("get_disks", json!([vm]))] {
        assert_eq!(world.call(method, arguments).error().0, VM_NOT_FOUND, "{method}");
    }
    world.relay.script(|asked| match asked.field("Action").as_str() {
        "RebootInstances" | "StartInstances" => Turn::refuse(400, "IncorrectInstanceState", "it is terminated"),
        _ => Turn::Pass,
    });
    assert_eq!(world.host().call("reboot_vm", &json!([vm])).error().0, VM_NOT_FOUND);
}

fn states() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    world.relay.script_for("DescribeInstances", vec![Turn::refuse(403, "UnauthorizedOperation", "you may not")]);
    let (_, message) = world.host().call("has_vm", &json!([vm])).error();
    assert!(message.contains(&format!("UnauthorizedOperation: VM '{vm}': you may not")), "{message}");
    world.relay.take();
    for (state, there) in [("pending", true), ("stopped", true), ("shutting-down", true), ("terminated", false)] {
        world.relay.script_for("DescribeInstances", vec![Turn::replace("<name>running<", format!("<name>{state}<"))]);
        assert_eq!(world.host().call("has_vm", &json!([vm])).result(), there, "{state}");
        assert_eq!(world.relay.take().len(), 1);
    }
    assert_eq!(world.result("has_vm", json!([MISSING])), false);
    world.relay.script(|_| Turn::refuse(400, "InvalidInstanceID.Malformed", "Invalid id: \"x\""));
    assert_eq!(world.host().call("has_vm", &json!(["x"])).result(), false);
}

fn reboot() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    world.result("reboot_vm", json!([vm]));
    assert_eq!(actions(&world.relay.take()), ["RebootInstances"]);
    assert_eq!(world.call("reboot_vm", json!([MISSING])).error().0, VM_NOT_FOUND);
    // One that is stopped is started.
    world.relay.script_for("RebootInstances", vec![Turn::refuse(400, "IncorrectInstanceState", "it is stopped")]);
    world.host().call("reboot_vm", &json!([vm])).result();
    assert_eq!(actions(&world.relay.take()), ["RebootInstances", "StartInstances"]);
}

fn metadata() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    let volumes = world.ec2(&format!("DescribeInstances&InstanceId.1={vm}"), "volumeId");
    assert_eq!(volumes.len(), 2);
    let all = json!({"name": "web/7", "job": "web", "index": 0, "none": null, "flag": true});
    world.result("set_vm_metadata", json!([vm, all]));
    let expected = pairs(&[("Name", "web/7"), ("job", "web"), ("index", "0"), ("flag", "true")]);
    for id in volumes.iter().chain([&vm]) {
        assert_eq!(world.tags(id), expected, "{id}");
    }
    let name = |metadata: Value| {
        world.result("set_vm_metadata", json!([vm, metadata]));
        let tags = under(one(&world.relay.take(), "CreateTags"), "Tag.");
        let at = tags.iter().position(|(_, text)| text == "Name").expect("a name");
        tags[at + 1].1.clone()
    };
    assert_eq!(name(json!({"job": "web", "index": "3"})), "web/3");
    assert_eq!(name(json!({"compiling": "ruby"})), "compiling/ruby");
    // Directors do this right after create_vm. A key of AWS's own would cost all the others.
    world.relay.script_for("DescribeInstances", vec![Turn::refuse(400, "InvalidInstanceID.NotFound", "not yet")]);
    world.host().call("set_vm_metadata", &json!([vm, {"aws:x": "1", "b": "2"}])).result();
    assert_eq!(under(one(&world.relay.take(), "CreateTags"), "Tag.").len(), 2);
    let long = "x".repeat(300);
    world.result("set_vm_metadata", json!([vm, {&long: long}]));
    let tags = under(one(&world.relay.take(), "CreateTags"), "Tag.");
    assert_eq!((tags[0].1.len(), tags[1].1.len()), (127, 255));

    // Each thing gets what it has room for, and the VM works without.
    let refusal = || Turn::refuse(400, "TagLimitExceeded", "more than 50");
    world.relay.script_for("CreateTags", vec![refusal(), refusal()]);
    let answer = world.host().call("set_vm_metadata", &json!([vm, {"a": "b"}]));
    answer.result();
    assert!(answer.stderr.contains("TagLimitExceeded"), "{answer:?}");
    let requests = world.relay.take();
    let resources: Vec<_> = of(&requests, "CreateTags").iter().map(|asked| under(asked, "ResourceId.").len()).collect();
    assert_eq!(resources, [3, 1, 1, 1]);
    // Its tags are known: when it has room its only volume was it, and when it has none a volume need not be.
    let tagged = |vm: &str| -> Vec<usize> {
        world.relay.take();
        world.relay.script_for("CreateTags", vec![refusal()]);
        world.host().call("set_vm_metadata", &json!([vm, {"new": "b"}])).result();
        of(&world.relay.take(), "CreateTags").iter().map(|asked| under(asked, "ResourceId.").len()).collect()
    };
    let mut small = world.vm(json!({"ephemeral_disk": {"use_root_disk": true}}));
    small[3]["private"]["ip"] = json!("10.0.1.77");
    assert_eq!(tagged(&world.create(small).0), [2, 1]);
    let tag = |n: usize| format!("&Tag.{n}.Key=k{n}&Tag.{n}.Value=v");
    let room = (1..=50 - world.tags(&vm).len()).map(tag).collect::<Vec<_>>().concat();
    world.account.ec2(&format!("Action=CreateTags&ResourceId.1={vm}{room}"));
    assert_eq!(tagged(&vm), [3, 1, 1]);
    assert_eq!(world.call("set_vm_metadata", json!([MISSING, {"a": "b"}])).error().0, VM_NOT_FOUND);
}

fn disks() {
    let world = World::new();
    let (vm, _) = world.create(world.vm(json!({})));
    let disk = world.disk();
    world.result("attach_disk", json!([vm, disk]));
    let answer = world.account.ec2(&format!("Action=DescribeInstances&InstanceId.1={vm}"));
    let disks = world.result("get_disks", json!([vm]));
    let mut disks: Vec<_> = disks.as_array().unwrap().iter().map(text).collect();
    let mut volumes = texts(&answer, "volumeId");
    disks.sort();
    volumes.sort();
    assert_eq!((disks.len(), disks.contains(&disk)), (3, true));
    assert_eq!(disks, volumes);
    assert_eq!(world.call("get_disks", json!([MISSING])).error().0, VM_NOT_FOUND);
}
