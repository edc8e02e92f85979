//! `create_vm`: the disks that come with a VM.

use cpi_tests::coverage::Case;
use cpi_tests::{Asked, Turn};
use serde_json::{Value, json};

use crate::row;
use crate::world::{AMI_PV, AMI_SDA1, CLOUD_ERROR, World, device, of, one, pairs, text, user_data};

const SECTION: &str = "create_vm: disks";

pub(crate) const CASES: &[Case] = &[
    row("A42", SECTION, "the ephemeral disk: defaults, properties, encryption", ephemeral),
    row("A43", SECTION, "without a size the ephemeral disk is as large as a local one", as_large_as_local),
    row("A44", SECTION, "the root disk or a local one in place of the ephemeral disk", in_its_place),
    row("A45", SECTION, "local disks as they are: HVM, paravirtual, NVMe", raw),
    row("A46", SECTION, "the root disk: name, type, size", root),
    row("A47", SECTION, "what EC2 says of an instance type, and what its name tells", instance_types),
];

/// What EC2 is asked to launch. It may refuse: moto takes no local disks.
fn launched(world: &World, properties: Value, ami: Option<&str>) -> Asked {
    world.relay.script_for("RunInstances", vec![Turn::refuse(400, "Unsupported", "not here")]);
    let mut arguments = world.vm(properties);
    if let Some(ami) = ami {
        arguments[1] = json!(format!("{ami} light"));
    }
    let (_, message) = world.host().call("create_vm", &arguments).error();
    assert!(message.contains("Unsupported: not here"), "{message}");
    one(&world.relay.take(), "RunInstances").clone()
}

fn ephemeral() {
    let world = World::new();
    let plain = [("Ebs.VolumeSize", "10"), ("Ebs.VolumeType", "gp3"), ("Ebs.DeleteOnTermination", "true")];
    assert_eq!(device(&launched(&world, json!({}), None), "/dev/sdb"), pairs(&plain));
    let disk = json!({"size": 4097, "type": "gp3", "iops": 4000, "throughput": 150, "encrypted": true, "kms_key_arn": "arn:aws:kms:k"});
    let (vm, requests) = world.create(world.vm(json!({"ephemeral_disk": {"size": 4097, "encrypted": true}})));
    let volumes =
        world.ec2(&format!("DescribeVolumes&Filter.1.Name=attachment.instance-id&Filter.1.Value.1={vm}"), "encrypted");
    assert!(volumes.contains(&"true".to_owned()), "{volumes:?}");
    assert_eq!(user_data(one(&requests, "RunInstances"))["disks"]["ephemeral"], "/dev/sdb");
    let full = [
        ("Ebs.VolumeSize", "5"),
        ("Ebs.VolumeType", "gp3"),
        ("Ebs.Iops", "4000"),
        ("Ebs.Throughput", "150"),
        ("Ebs.Encrypted", "true"),
        ("Ebs.KmsKeyId", "arn:aws:kms:k"),
        ("Ebs.DeleteOnTermination", "true"),
    ];
    assert_eq!(device(&launched(&world, json!({"ephemeral_disk": disk}), None), "/dev/sdb"), pairs(&full));
    // The settings' encryption holds until the disk says otherwise.
    let host = world.host_with(json!({"encrypted": true, "kms_key_arn": "arn:aws:kms:default"}));
    for (own, encrypted) in [(json!({}), "true"), (json!({"ephemeral_disk": {"encrypted": false}}), "")] {
        host.call("create_vm", &world.vm(own)).result();
        let fields = device(one(&world.relay.take(), "RunInstances"), "/dev/sdb");
        let found = fields.iter().find(|(key, _)| key == "Ebs.Encrypted").map_or("", |(_, value)| value.as_str());
        assert_eq!(found, encrypted);
    }
    let key_alone = json!({"ephemeral_disk": {"kms_key_arn": "arn:aws:kms:k"}});
    world.refuses_and_makes_nothing(world.vm(key_alone), CLOUD_ERROR, "set 'encrypted' or leave out the key");
}

fn size_of(run: &Asked, name: &str) -> String {
    let fields = device(run, name);
    fields.into_iter().find(|(key, _)| key == "Ebs.VolumeSize").map(|(_, value)| value).unwrap_or_default()
}

fn as_large_as_local() {
    let world = World::new();
    for (instance_type, size) in [("m3.medium", "4"), ("c3.xlarge", "40"), ("c5d.4xlarge", "10"), ("m5.large", "10")] {
        let run = launched(&world, json!({"instance_type": instance_type}), None);
        assert_eq!(size_of(&run, "/dev/sdb"), size, "{instance_type}");
    }
}

fn in_its_place() {
    let world = World::new();
    let run = launched(&world, json!({"ephemeral_disk": {"use_root_disk": true}}), None);
    assert_eq!(run.field("BlockDeviceMapping.2.DeviceName"), "");
    assert!(user_data(&run)["disks"].get("ephemeral").is_none());
    let local = json!({"instance_type": "m3.medium", "ephemeral_disk": {"use_instance_storage": true}});
    let run = launched(&world, local, None);
    assert_eq!(device(&run, "/dev/sdb"), pairs(&[("VirtualName", "ephemeral0")]));
    for (properties, words) in [
        (
            json!({"raw_instance_storage": true}),
            "raw_instance_storage requested for instance type 'm5.large' that does not have instance storage",
        ),
        (
            json!({"instance_type": "c3.xlarge", "raw_instance_storage": true, "ephemeral_disk": {"use_instance_storage": true}}),
            "ephemeral_disk.use_instance_storage and raw_instance_storage cannot both be true",
        ),
        (
            json!({"instance_type": "m3.medium", "ephemeral_disk": {"use_instance_storage": true, "size": 1024}}),
            "use_instance_storage cannot be combined with additional ephemeral_disk properties",
        ),
        (
            json!({"ephemeral_disk": {"use_instance_storage": true}}),
            "use_instance_storage requested for instance type 'm5.large' that does not have instance storage",
        ),
        (
            json!({"instance_type": "i3.large", "ephemeral_disk": {"use_instance_storage": true}}),
            "its local disks are NVMe devices",
        ),
    ] {
        world.refuses_and_makes_nothing(world.vm(properties), CLOUD_ERROR, words);
    }
}

fn raw() {
    let world = World::new();
    let raw = |instance_type: &str, ami: Option<&str>| {
        let run = launched(&world, json!({"instance_type": instance_type, "raw_instance_storage": true}), ami);
        let paths = user_data(&run)["disks"]["raw_ephemeral"].clone();
        let paths: Vec<_> = paths.as_array().unwrap().iter().map(|disk| text(&disk["path"])).collect();
        (run, paths)
    };
    let (run, paths) = raw("c3.xlarge", None);
    assert_eq!(paths, ["/dev/xvdba", "/dev/xvdbb"]);
    assert_eq!(device(&run, "/dev/xvdbb"), pairs(&[("VirtualName", "ephemeral1")]));
    let (run, paths) = raw("c3.xlarge", Some(AMI_PV));
    assert_eq!(paths, ["/dev/sdc", "/dev/sdd"]);
    assert_eq!(device(&run, "/dev/sdc"), pairs(&[("VirtualName", "ephemeral0")]));
    // EC2 attaches NVMe disks by itself; newer types are known from what EC2 says of them.
    for (instance_type, count) in [("i3.8xlarge", 4), ("m6id.large", 1), ("c7gd.16xlarge", 2)] {
        let (run, paths) = raw(instance_type, None);
        let expected: Vec<_> = (0..count).map(|index| format!("/dev/nvme{index}n1")).collect();
        assert_eq!(paths, expected, "{instance_type}");
        assert!(!run.body.contains("VirtualName"), "{instance_type}");
    }
}

fn root() {
    let world = World::new();
    let run = launched(&world, json!({}), None);
    // The size is that of the image: 15 GiB, says moto.
    let plain = [("Ebs.VolumeSize", "15"), ("Ebs.VolumeType", "gp3"), ("Ebs.DeleteOnTermination", "true")];
    assert_eq!(device(&run, "/dev/xvda"), pairs(&plain));
    let disk = json!({"root_disk": {"size": 20_481, "type": "gp3", "iops": 4000, "throughput": 300}});
    let full = [
        ("Ebs.VolumeSize", "21"),
        ("Ebs.VolumeType", "gp3"),
        ("Ebs.Iops", "4000"),
        ("Ebs.Throughput", "300"),
        ("Ebs.DeleteOnTermination", "true"),
    ];
    let run = launched(&world, disk, Some(AMI_SDA1));
    assert_eq!(device(&run, "/dev/sda1"), pairs(&full));
    assert_eq!(user_data(&run)["disks"]["system"], "/dev/sda1");
    // An image that maps /dev/sda and calls /dev/sda1 its root device.
    world.relay.script(|asked| match asked.field("Action").as_str() {
        "DescribeImages" => Turn::replace("<deviceName>/dev/sda1<", "<deviceName>/dev/sda<"),
        "RunInstances" => Turn::refuse(400, "Unsupported", "not here"),
        _ => Turn::Pass,
    });
    let mut arguments = world.vm(json!({"root_disk": {"type": "io2", "iops": 500, "throughput": 300}}));
    arguments[1] = json!(format!("{AMI_SDA1} light"));
    world.host().call("create_vm", &arguments).error();
    let fields = device(one(&world.relay.take(), "RunInstances"), "/dev/sda");
    assert!(fields.contains(&("Ebs.Iops".into(), "500".into())), "{fields:?}");
    assert!(!fields.iter().any(|(key, _)| key == "Ebs.Throughput"), "only gp3 has a throughput");
}

fn instance_types() {
    let world = World::new();
    let attach = |settings: Value, instance_type: &str| {
        let (vm, _) = world.create(world.vm(json!({"instance_type": instance_type})));
        let disk = world.disk();
        world.relay.take();
        let path = text(&world.host_with(settings).call("attach_disk", &json!([vm, disk])).result());
        (path.contains("nvme"), of(&world.relay.take(), "DescribeInstanceTypes").len())
    };
    assert_eq!(attach(json!({}), "t3.micro"), (true, 1));
    assert_eq!(attach(json!({}), "t2.micro"), (false, 1));
    assert_eq!(attach(json!({}), "i3.large"), (false, 1), "its local disks are NVMe, its EBS volumes are not");
    assert_eq!(attach(json!({}), "z9.large"), (true, 1), "a type that nobody knows is a new one");
    let by_name = json!({"enable_describe_instance_types": false});
    assert_eq!(attach(by_name.clone(), "t3.micro"), (true, 0));
    assert_eq!(attach(by_name, "t2.micro"), (false, 0));
    // Where EC2 may not be asked, the name of the type has to do.
    let (vm, _) = world.create(world.vm(json!({})));
    let disk = world.disk();
    world.relay.script(|asked| match asked.field("Action").as_str() {
        "DescribeInstanceTypes" => Turn::refuse(403, "UnauthorizedOperation", "you may not"),
        _ => Turn::Pass,
    });
    let answer = world.host().call("attach_disk", &json!([vm, disk]));
    assert!(text(&answer.result()).contains("nvme"), "{answer:?}");
    assert!(answer.stderr.contains("DescribeInstanceTypes: UnauthorizedOperation"), "{answer:?}");
    assert_eq!(of(&world.relay.take(), "AttachVolume").len(), 1);
    let busy = || Turn::refuse(503, "RequestLimitExceeded", "slow down");
    world.relay.script_for("DescribeInstanceTypes", vec![busy()]);
    world.host_with(json!({"max_retries": 2})).call("attach_disk", &json!([vm, disk])).result();
}
