//! Light stemcells, and images of our own.

use cpi_tests::coverage::Case;
use cpi_tests::ebs::Ebs;
use cpi_tests::{Asked, Host, Turn, archive};
use serde_json::{Value, json};

use crate::row;
use crate::world::{AMI, CLOUD_ERROR, World, actions, has, of, one, under, versions};

const SECTION: &str = "stemcells";

pub(crate) const CASES: &[Case] = &[
    row("A14", SECTION, "a light stemcell is the image of its region", light),
    row("A15", SECTION, "a light stemcell without an image here", wrong_region),
    row("A16", SECTION, "at version 3 the image gets the tags of env", light_tags),
    row("A17", SECTION, "an encrypted light stemcell is a copy of our own", encrypted),
    row("A18", SECTION, "the stemcell's own 'encrypted' wins over the settings'", precedence),
    row("A19", SECTION, "'stemcell' of the settings wins over the stemcell", overrides),
    row("A20", SECTION, "a heavy stemcell is uploaded and registered", heavy),
    row("A21", SECTION, "boot mode, paravirtual images, kernels", kinds),
    row("A22", SECTION, "delete_stemcell takes away what is ours and nothing else", delete),
];

const IMAGE: &str = "/nowhere";

fn of_region() -> Value {
    json!({"ami": {"us-west-2": "ami-0000000000000west", "us-east-1": AMI}})
}

fn light() {
    let world = World::new();
    assert_eq!(world.result("create_stemcell", json!([IMAGE, of_region()])), format!("{AMI} light"));
    let requests = world.relay.take();
    assert_eq!(actions(&requests), ["DescribeImages"]);
    has(&requests[0], &[("Filter.1.Name", "image-id"), ("IncludeDeprecated", "true"), ("ImageId.1", "")]);
    let ids: Vec<_> = under(&requests[0], "Filter.1.Value.").into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids, ["ami-0000000000000west", AMI]);
    // A key for a copy that is not made.
    let mut with_key = of_region();
    with_key["kms_key_arn"] = json!("arn:aws:kms:k");
    assert_eq!(world.result("create_stemcell", json!([IMAGE, with_key])), format!("{AMI} light"));
}

fn wrong_region() {
    let world = World::new();
    let (kind, message) = world.call("create_stemcell", json!([IMAGE, {"ami": {"us-east-1": "ami-00000000"}}])).error();
    assert_eq!(kind, CLOUD_ERROR);
    assert_eq!(message, "Stemcell does not contain an AMI in region us-east-1");
    // Regions of other partitions cannot be copied from, those of this one can.
    let elsewhere = json!({"ami": {"cn-north-1": "ami-00000001", "us-gov-west-1": "ami-00000002"}});
    let (_, message) = world.call("create_stemcell", json!([IMAGE, elsewhere])).error();
    assert_eq!(message, "Stemcell does not contain an AMI in region us-east-1");
    world.relay.script_for("CopyImage", vec![Turn::refuse(400, "UnauthorizedOperation", "no")]);
    let near = json!({"ami": {"cn-north-1": "ami-00000001", "eu-west-1": "ami-00000003"}});
    let (kind, message) = world.call("create_stemcell", json!([IMAGE, near])).error();
    assert_eq!(kind, CLOUD_ERROR);
    assert!(message.starts_with("Stemcell does not contain an AMI in region us-east-1"), "{message}");
    assert!(
        message.contains("copying 'ami-00000003' of eu-west-1: ") && message.contains("UnauthorizedOperation"),
        "{message}"
    );
    let requests = world.relay.take();
    has(
        one(&requests, "CopyImage"),
        &[("SourceRegion", "eu-west-1"), ("SourceImageId", "ami-00000003"), ("Encrypted", "")],
    );
}

/// Into moto's own account: what is uploaded is compared with what moto has then.
fn heavy() {
    const BLOCK: usize = cpi_tests::ebs::BLOCK;
    let world = World::new();
    let (address, port) = world.account.address();
    let url = format!("http://{address}:{port}");
    let host = Host::aws(&url);
    let moto = world.account.unnamed();
    // Three pieces of data, and an end in the middle of a block.
    archive::sparse(&host.path("root.img"), (5 << 20) + 1000, 3);
    archive::stemcell(&host.path("image"), &host.path("root.img"));
    let properties = json!({"name": "bosh-ubuntu", "version": "1", "architecture": "x86_64", "tags": {"team": "a"}});
    let before = moto.inventory();
    let ami = host.call("create_stemcell", &json!([host.path("image"), properties])).result();
    let made: Vec<_> = moto.inventory().difference(&before).cloned().collect();
    assert!(made.contains(&ami.as_str().unwrap().to_owned()), "{made:?}");
    // moto's RegisterImage makes a snapshot of its own, which has no tags: ours is the one with them.
    let described = |id: &String| moto.ec2(&format!("Action=DescribeSnapshots&SnapshotId.1={id}"));
    let snapshots: Vec<_> = made.iter().filter(|id| id.starts_with("snap-")).map(|id| (id, described(id))).collect();
    let ours = |(_, answer): &&(&String, String)| answer.contains("<key>team</key><value>a</value>");
    let (snapshot, answer) = snapshots.iter().find(ours).unwrap_or_else(|| panic!("no tags: {snapshots:?}"));
    assert!(answer.contains("<volumeSize>2<"), "{answer}");

    let listed: Value = serde_json::from_slice(&moto.ebs(&format!("{snapshot}/blocks"))).unwrap();
    let listed: Vec<_> = listed["Blocks"].as_array().unwrap().iter().map(|block| block["BlockIndex"].clone()).collect();
    let image = std::fs::read(host.path("root.img")).unwrap();
    for (index, block) in image.chunks(BLOCK).enumerate() {
        let there = listed.contains(&json!(index));
        assert_eq!(there, block.iter().any(|byte| *byte != 0), "block {index}");
        if there {
            let mut whole = block.to_vec();
            whole.resize(BLOCK, 0);
            assert!(moto.ebs(&format!("{snapshot}/blocks/{index}?blockToken=x")) == whole, "block {index} differs");
        }
    }
    host.call("delete_stemcell", &json!([ami])).result();
    assert!(!moto.inventory().contains(ami.as_str().unwrap()));
}

fn kinds() {
    let server = Ebs::start();
    let host = Host::aws(&server.url());
    archive::sparse(&host.path("root.img"), 1 << 20, 1);
    archive::stemcell(&host.path("image"), &host.path("root.img"));
    let registered = |properties: Value| {
        host.call("create_stemcell", &json!([host.path("image"), properties])).result();
        server.world().forms["RegisterImage"].clone()
    };
    for mode in ["legacy-bios", "uefi", "uefi-preferred"] {
        assert!(registered(json!({"boot_mode": mode})).contains(&format!("BootMode={mode}&")));
    }
    assert!(registered(json!({})).contains("BootMode=legacy-bios&"));
    // The kernel is looked for, and named when it is there.
    let pv = json!({"virtualization_type": "paravirtual", "architecture": "x86_64", "root_device_name": "/dev/sda1"});
    let kernels = |kernels: &'static [(&str, &str)]| {
        let item = |(id, place): &(&str, &str)| {
            format!("<item><imageId>{id}</imageId><imageLocation>{place}</imageLocation></item>")
        };
        let items: String = kernels.iter().map(item).collect();
        let answer = format!("<DescribeImagesResponse><imagesSet>{items}</imagesSet></DescribeImagesResponse>");
        server.behind(move |world, _, target| {
            let looks = target == "DescribeImages" && !world.actions.ends_with(&["RegisterImage".to_owned()]);
            looks.then(|| (200, String::new(), answer.clone()))
        });
    };
    kernels(&[("aki-old", "pv-grub-hd00_1.04-x86_64.gz"), ("aki-new", "pv-grub-hd00_2.05-x86_64.gz"), ("aki-x", "x")]);
    assert!(registered(pv.clone()).contains("KernelId=aki-new&"));
    kernels(&[("aki-x", "pv-grub-hd0_1.04-x86_64.gz")]);
    let (_, message) = host.call("create_stemcell", &json!([host.path("image"), pv])).error();
    assert_eq!(message, "unable to find AKI");
    assert!(server.world().snapshots.values().all(|snapshot| snapshot.state == "completed"));
}

fn light_tags() {
    let world = World::new();
    let tagged = |arguments: Value, api: u64| -> Vec<Asked> {
        world.relay.take();
        let call = versions("create_stemcell", arguments, api, None);
        assert_eq!(world.host().send(&call).result(), format!("{AMI} light"));
        of(&world.relay.take(), "CreateTags").into_iter().cloned().collect()
    };
    let requests = tagged(json!([IMAGE, of_region(), {"tags": {"owner": "me"}}]), 3);
    has(&requests[0], &[("ResourceId.1", AMI), ("Tag.1.Key", "owner"), ("Tag.1.Value", "me")]);
    for env in [json!({"tags": {}}), json!({"tags": null}), json!({}), json!(null)] {
        assert!(tagged(json!([IMAGE, of_region(), env]), 3).is_empty());
    }
    assert!(tagged(json!([IMAGE, of_region()]), 3).is_empty());
    assert!(tagged(json!([IMAGE, of_region()]), 2).is_empty());
    // It works without.
    world.relay.script_for("CreateTags", vec![Turn::refuse(400, "InvalidParameterValue", "not this tag")]);
    let call = versions("create_stemcell", json!([IMAGE, of_region(), {"tags": {"owner": "me"}}]), 3, None);
    assert_eq!(world.host().send(&call).result(), format!("{AMI} light"));
}

fn encrypted() {
    let world = World::new();
    let properties = json!({"ami": {"us-east-1": AMI}, "encrypted": true, "kms_key_arn": "arn:aws:kms:k"});
    let copy = |api: u64, env: Value| {
        let mut polls = 0;
        world.relay.script(move |asked| {
            polls += usize::from(asked.field("Action") == "DescribeImages");
            match polls {
                // The image itself, then its copy while it is made.
                2 | 3 => Turn::replace("<imageState>available<", "<imageState>pending<"),
                _ => Turn::Pass,
            }
        });
        let call = versions("create_stemcell", json!([IMAGE, properties, env]), api, None);
        (world.host().send(&call), world.relay.take())
    };
    let (answer, requests) = copy(3, json!({"tags": {"owner": "me"}}));
    let image = answer.result();
    let image = image.as_str().unwrap();
    assert!(image.starts_with("ami-") && image != AMI && !image.contains(' '), "{image}");
    let request = one(&requests, "CopyImage");
    has(
        request,
        &[
            ("SourceRegion", "us-east-1"),
            ("SourceImageId", AMI),
            ("Name", &format!("Copied from SourceAMI {AMI}")),
            ("Encrypted", "true"),
            ("KmsKeyId", "arn:aws:kms:k"),
            ("TagSpecification.1.ResourceType", "image"),
            ("TagSpecification.1.Tag.1.Value", "me"),
            ("TagSpecification.2.ResourceType", "snapshot"),
        ],
    );
    assert_eq!(of(&requests, "DescribeImages").len(), 4, "the copy is waited for");
    let (answer, requests) = copy(2, json!({}));
    answer.result();
    has(one(&requests, "CopyImage"), &[("TagSpecification.1.ResourceType", "")]);

    // A key that cannot be used: nothing is left of the copy.
    let before = world.account.inventory();
    let mut seen = 0;
    world.relay.script(move |asked| {
        seen += usize::from(asked.field("Action") == "DescribeImages");
        if seen == 2 { Turn::replace("<imageState>available<", "<imageState>failed<") } else { Turn::Pass }
    });
    let (kind, message) = world.host().call("create_stemcell", &json!([IMAGE, properties])).error();
    assert_eq!(kind, CLOUD_ERROR);
    assert!(message.contains("state is failed, expected available, took"), "{message}");
    assert_eq!(one(&world.relay.take(), "DeregisterImage").field("ImageId").get(..4), Some("ami-"));
    assert_eq!(world.account.inventory(), before);
}

/// Whether a stemcell with these properties is copied under these settings.
fn copied(settings: Value, own: Value) -> bool {
    let world = World::new();
    let mut properties = of_region();
    properties.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    world.host_with(settings).call("create_stemcell", &json!([IMAGE, properties])).result();
    !of(&world.relay.take(), "CopyImage").is_empty()
}

fn precedence() {
    assert!(copied(json!({"encrypted": true}), json!({})));
    assert!(!copied(json!({"encrypted": true}), json!({"encrypted": false})));
    assert!(copied(json!({"encrypted": false}), json!({"encrypted": true})));
}

fn overrides() {
    assert!(copied(json!({"stemcell": {"encrypted": true}}), json!({"encrypted": false})));
    assert!(!copied(json!({"stemcell": {"encrypted": false}, "encrypted": true}), json!({"encrypted": true})));
}

fn delete() {
    let world = World::new();
    world.result("delete_stemcell", json!([format!("{AMI} light")]));
    assert!(world.relay.take().is_empty(), "somebody else's image is not touched");

    let before = world.account.inventory();
    let copy = json!([IMAGE, {"ami": {"us-east-1": AMI}, "encrypted": true}]);
    let image = world.result("create_stemcell", copy);
    assert_ne!(world.account.inventory(), before);
    world.result("delete_stemcell", json!([image]));
    let requests = world.relay.take();
    assert_eq!(one(&requests, "DeregisterImage").field("ImageId"), image.as_str().unwrap());
    assert_eq!(of(&requests, "DeleteSnapshot").len(), 1);
    assert_eq!(world.account.inventory(), before);
    // Twice is as good as once.
    world.result("delete_stemcell", json!([image]));
    assert!(of(&world.relay.take(), "DeregisterImage").is_empty());
}
