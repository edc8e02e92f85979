//! `create_vm`: the request, the launch, and what becomes of it.

use cpi_tests::coverage::Case;
use cpi_tests::{Registry, Turn, texts};
use serde_json::{Value, json};

use crate::row;
use crate::world::{BUS, CLOUD_ERROR, STEMCELL, World, ZONE, actions, has, of, one, text, under, user_data, versions};

const SECTION: &str = "create_vm: the VM";

pub(crate) const CASES: &[Case] = &[
    row("A23", SECTION, "the result's shape at every version", shapes),
    row("A24", SECTION, "without a registry, old stemcells are refused", registry_needed),
    row("A25", SECTION, "the registry of an old stemcell follows its VM", registry),
    row("A26", SECTION, "the user data of old and current stemcells", user_data_of_both),
    row("A27", SECTION, "agent settings, dns and env reach the agent", agent),
    row("A34", SECTION, "whatever EC2 refuses, nothing is left", cleanup),
    row("A36", SECTION, "subnet, VM and disks have to be in one zone", zones),
    row("A37", SECTION, "a disk hint that leads nowhere", missing_disk),
    row("A38", SECTION, "placement, tenancy, key, profile and metadata options", launch_parameters),
    row("A39", SECTION, "tags at creation, on everything", tags),
    row("A40", SECTION, "tags that are no object", wrong_tags),
    row("A41", SECTION, "a spot instance, one on demand in its place, and none", spot),
    row("A48", SECTION, "an instance that is not known yet, and then pending, is waited for", pending),
    row("A49", SECTION, "an instance that dies while it starts", dies),
    row("A54", SECTION, "a failure after the launch ends the VM", failure_after_launch),
];

fn shapes() {
    let world = World::new();
    let registry = Registry::start();
    let mut settings = world.settings();
    settings["max_retries"] = json!(0);
    let host = cpi_tests::Host::new("aws", &json!({"aws": settings, "registry": registry.properties()}));
    let arguments = world.vm(json!({}));
    let first = host.send(&versions("create_vm", arguments.clone(), 1, None)).result();
    assert!(text(&first).starts_with("i-"));
    for version in [2, 3] {
        let result = host.send(&versions("create_vm", arguments.clone(), version, Some(3))).result();
        assert!(text(&result[0]).starts_with("i-"));
        assert_eq!(result[1], arguments[3], "the networks come back as they were");
    }
}

fn registry_needed() {
    let world = World::new();
    for (api, stemcell, words) in [
        (1, Some(3), "Cannot create VM without registry with CPI v1. Registry not configured."),
        (
            2,
            Some(1),
            "Cannot create VM without registry with CPI v2 and stemcell api version 1. Registry not configured.",
        ),
        (3, None, "Cannot create VM without registry with CPI v2 and stemcell api version 1. Registry not configured."),
    ] {
        let (kind, message) = world.host().send(&versions("create_vm", world.vm(json!({})), api, stemcell)).error();
        assert_eq!((kind.as_str(), message.starts_with(words)), (CLOUD_ERROR, true), "{message}");
    }
    assert!(world.relay.take().is_empty());
}

fn registry() {
    let (world, registry) = (World::new(), Registry::start());
    let properties = json!({"aws": world.settings(), "registry": registry.properties(), "agent": {"mbus": BUS}});
    let host = cpi_tests::Host::new("aws", &properties);
    let call = |method: &str, arguments: Value| host.send(&versions(method, arguments, 2, Some(1)));
    let vm = text(&call("create_vm", world.vm(json!({}))).result()[0]);
    let settings = registry.settings(&vm).expect("an entry");
    assert_eq!((&settings["agent_id"], &settings["mbus"]), (&json!("agent-1"), &json!(BUS)));
    let disk = world.disk();
    let path = call("attach_disk", json!([vm, disk])).result();
    assert_eq!(registry.settings(&vm).unwrap()["disks"]["persistent"], json!({&disk: path}));
    call("detach_disk", json!([vm, disk])).result();
    assert_eq!(registry.settings(&vm).unwrap()["disks"]["persistent"], json!({}));
    call("delete_vm", json!([vm])).result();
    let path = format!("/instances/{vm}/settings");
    let expected: Vec<_> =
        ["PUT", "GET", "PUT", "GET", "PUT", "DELETE"].iter().map(|verb| format!("{verb} {path}")).collect();
    assert_eq!(registry.requests(), expected);

    // A VM that its agent could not start is no VM.
    registry.fail("PUT", 500);
    let before = world.account.inventory();
    let (kind, message) = call("create_vm", world.vm(json!({}))).error();
    assert_eq!((kind.as_str(), message.contains("Cannot update settings for 'i-")), (CLOUD_ERROR, true), "{message}");
    assert!(message.contains("got HTTP 500"), "{message}");
    let left: Vec<_> = world.account.inventory().difference(&before).cloned().collect();
    // moto forgets that an interface goes with its VM.
    assert!(left.iter().all(|id| id.starts_with("eni-")), "{left:?}");
}

fn user_data_of_both() {
    let (world, registry) = (World::new(), Registry::start());
    let (_, requests) = world.create(world.vm(json!({})));
    let settings = user_data(one(&requests, "RunInstances"));
    assert!(settings["vm"]["name"].as_str().unwrap().starts_with("vm-"), "{settings}");
    assert_eq!(settings["agent_id"], "agent-1");
    assert_eq!(settings["disks"], json!({"system": "/dev/xvda", "ephemeral": "/dev/sdb", "persistent": {}}));
    let network = &settings["networks"]["private"];
    assert_eq!((&network["use_dhcp"], &network["ip"]), (&json!(true), &json!("10.0.1.20")));
    assert_eq!(network["cloud_properties"], json!({"subnet": world.subnet}));
    assert_eq!(network["mac"].as_str().map(str::len), Some(17));
    assert!(settings.get("registry").is_none());

    let properties = json!({"aws": world.settings(), "registry": registry.properties(), "agent": {"mbus": BUS}});
    let host = cpi_tests::Host::new("aws", &properties);
    host.send(&versions("create_vm", world.vm(json!({})), 2, Some(1))).result();
    let requests = world.relay.take();
    let settings = user_data(one(&requests, "RunInstances"));
    let keys: Vec<_> = settings.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert_eq!(settings["dns"], json!({"nameserver": ["10.0.0.2"]}));
    assert!(settings["registry"]["endpoint"].as_str().unwrap().starts_with("http://"));
    assert_eq!(settings["networks"]["private"]["ip"], "10.0.1.20");
}

fn agent() {
    let world = World::new();
    let env =
        json!({"bosh": {"password": "*", "mbus": {"cert": {"ca": "x\ny"}}, "tags": {"a": "b"}}, "mine": [1, null]});
    let mut arguments = world.vm(json!({}));
    arguments[5] = env.clone();
    let settings = user_data(one(&world.create(arguments.clone()).1, "RunInstances"));
    assert_eq!(settings["env"], env);
    assert_eq!((&settings["mbus"], &settings["ntp"]), (&json!(BUS), &json!(["time.example.com"])));
    assert_eq!(settings["dns"], json!({"nameserver": ["10.0.0.2"]}));
    arguments.as_array_mut().unwrap().truncate(4);
    let settings = user_data(one(&world.create(arguments).1, "RunInstances"));
    assert!(settings.get("env").is_none_or(Value::is_null), "{settings}");
    // More than EC2 takes is found out before anything is made.
    let mut large = world.vm(json!({}));
    large[5] = json!({"bosh": {"certificate": "x".repeat(16_384)}});
    world.refuses_and_makes_nothing(large, CLOUD_ERROR, "16384 bytes of user data");
}

fn zones() {
    let world = World::new();
    let elsewhere = json!({"availability_zone": "us-east-1b"});
    let words = "can't use multiple availability zones: subnet in us-east-1a, VM in us-east-1b";
    world.refuses_and_makes_nothing(world.vm(elsewhere), CLOUD_ERROR, words);
    let disk = world.ec2("CreateVolume&Size=1&AvailabilityZone=us-east-1b", "volumeId").remove(0);
    let mut arguments = world.vm(json!({}));
    arguments[4] = json!([disk]);
    let words = "subnet in us-east-1a, VM in us-east-1a, and volume in us-east-1b";
    world.refuses_and_makes_nothing(arguments, CLOUD_ERROR, words);
    let mut missing = world.vm(json!({}));
    missing[2] = json!({});
    let words = "Missing properties: cloud_properties.instance_type, cloud_properties.availability_zone. See http";
    world.refuses_and_makes_nothing(missing, CLOUD_ERROR, words);
    let mut unknown = world.vm(json!({}));
    unknown[1] = json!("ami-00000000 light");
    world.refuses_and_makes_nothing(unknown, CLOUD_ERROR, "could not find AMI 'ami-00000000'");
}

fn missing_disk() {
    let world = World::new();
    let mut arguments = world.vm(json!({}));
    arguments[4] = json!(["vol-0123456789abcdef0"]);
    world.refuses_and_makes_nothing(arguments, CLOUD_ERROR, "InvalidVolume.NotFound");
    let disk = world.ec2(&format!("CreateVolume&Size=1&AvailabilityZone={ZONE}"), "volumeId").remove(0);
    let mut arguments = world.vm(json!({}));
    arguments[4] = json!([disk, disk]);
    let (_, requests) = world.create(arguments);
    has(one(&requests, "DescribeVolumes"), &[("VolumeId.1", &disk), ("VolumeId.2", "")]);
}

fn launch_parameters() {
    let world = World::new();
    world.account.ask("iam", "2010-05-08", "Action=CreateInstanceProfile&InstanceProfileName=director");
    let own = json!({
        "placement_group": "close", "tenancy": "dedicated", "key_name": "own", "iam_instance_profile": "director",
        "metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 2, "http_protocol_ipv_6": "enabled"},
    });
    let host = world.host_with(json!({"metadata_options": {"http_endpoint": "enabled", "http_tokens": "optional"}}));
    host.call("create_vm", &world.vm(own)).result();
    let requests = world.relay.take();
    has(
        one(&requests, "RunInstances"),
        &[
            ("ImageId", STEMCELL.split(' ').next().unwrap()),
            ("InstanceType", "m5.large"),
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("Placement.AvailabilityZone", ZONE),
            ("Placement.GroupName", "close"),
            ("Placement.Tenancy", "dedicated"),
            ("KeyName", "own"),
            ("IamInstanceProfile.Name", "director"),
            ("MetadataOptions.HttpTokens", "required"),
            ("MetadataOptions.HttpEndpoint", "enabled"),
            ("MetadataOptions.HttpPutResponseHopLimit", "2"),
            ("MetadataOptions.HttpProtocolIpv6", "enabled"),
        ],
    );
    let (_, requests) = world.create(world.vm(json!({"tenancy": "default"})));
    let plain = one(&requests, "RunInstances");
    has(plain, &[("KeyName", "bosh"), ("Placement.Tenancy", ""), ("IamInstanceProfile.Name", "")]);
    assert!(under(plain, "MetadataOptions.").is_empty());
    let unknown = json!({"metadata_options": {"http_token": "required"}});
    world.refuses_and_makes_nothing(world.vm(unknown), "InvalidCall", "metadata_options.http_token");
}

fn tags() {
    let world = World::new();
    let mut arguments =
        world.vm(json!({"tags": {"tier": "vm", "null": null, "n": 7, "k".repeat(200): "v".repeat(300)}}));
    arguments[5] = json!({"bosh": {"tags": {"tier": "env", "deployment": "cf"}}});
    let (vm, requests) = world.create(arguments);
    assert!(of(&requests, "CreateTags").is_empty(), "they are there from the beginning");
    let volumes = world.ec2(&format!("DescribeInstances&InstanceId.1={vm}"), "volumeId");
    let interface = one(&requests, "RunInstances").field("NetworkInterface.1.NetworkInterfaceId");
    let mut expected = vec![
        ("deployment".to_owned(), "cf".to_owned()),
        ("k".repeat(127), "v".repeat(255)),
        ("n".to_owned(), "7".to_owned()),
        ("tier".to_owned(), "vm".to_owned()),
    ];
    expected.sort();
    for id in volumes.iter().chain([&vm, &interface]) {
        assert_eq!(world.tags(id), expected, "{id}");
    }
    let mut bare = world.vm(json!({}));
    bare[5] = json!({});
    let (_, requests) = world.create(bare);
    assert!(under(one(&requests, "RunInstances"), "TagSpecification.").is_empty());
}

fn wrong_tags() {
    let world = World::new();
    let words = r#"Invalid value for 'tags': expected a Hash but got String ("x")"#;
    world.refuses_and_makes_nothing(world.vm(json!({"tags": "x"})), CLOUD_ERROR, words);
    let (kind, message) = world.call("create_disk", json!([1024, {"tags": ["x"]}, null])).error();
    assert_eq!(kind, CLOUD_ERROR);
    assert!(message.starts_with("Invalid value for 'tags': expected a Hash but got Array"), "{message}");
}

fn spot() {
    let world = World::new();
    let (vm, requests) = world.create(world.vm(json!({"spot_bid_price": 0.25})));
    has(
        one(&requests, "RunInstances"),
        &[
            ("InstanceMarketOptions.MarketType", "spot"),
            ("InstanceMarketOptions.SpotOptions.MaxPrice", "0.25"),
            ("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time"),
            ("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate"),
        ],
    );
    let answer = world.account.ec2(&format!("Action=DescribeInstances&InstanceId.1={vm}"));
    assert_eq!(texts(&answer, "instanceLifecycle"), ["spot"]);

    let none = || Turn::refuse(400, "SpotMaxPriceTooLow", "Your Spot request price of 0.25 is too low");
    world.relay.script_for("RunInstances", vec![none()]);
    let before = world.account.inventory();
    let answer = world.host().call("create_vm", &world.vm(json!({"spot_bid_price": 0.25})));
    let (kind, message) = answer.error();
    assert_eq!(kind, "Bosh::Clouds::VMCreationFailed");
    assert!(
        message.starts_with("Spot instance creation failed: ") && message.contains("SpotMaxPriceTooLow"),
        "{message}"
    );
    assert_eq!(world.account.inventory(), before);

    world.relay.script_for("RunInstances", vec![none()]);
    let fallback = json!({"spot_bid_price": 0.25, "spot_ondemand_fallback": true});
    world.host().call("create_vm", &world.vm(fallback)).result();
    let requests = world.relay.take();
    let runs = of(&requests, "RunInstances");
    assert_eq!(runs.len(), 2);
    has(runs[1], &[("InstanceMarketOptions.MarketType", "")]);
    assert_ne!(runs[0].field("ClientToken"), runs[1].field("ClientToken"));

    // On demand: a cloud without room is asked again by the director, one that refuses is not.
    for (status, code, retry) in [(500, "InsufficientInstanceCapacity", true), (400, "VcpuLimitExceeded", false)] {
        world.relay.script_for("RunInstances", vec![Turn::refuse(status, code, "no")]);
        let answer = world.host_with(json!({"max_retries": 8})).call("create_vm", &world.vm(json!({})));
        let (kind, message) = answer.error();
        assert_eq!((kind.as_str(), message.contains(code)), ("Bosh::Clouds::VMCreationFailed", true), "{message}");
        assert_eq!(answer.response()["error"]["ok_to_retry"], retry);
        assert_eq!(of(&world.relay.take(), "RunInstances").len(), 1, "{code} is no reason to ask again at once");
    }
}

fn dies() {
    let world = World::new();
    let before = world.account.inventory();
    world.relay.script_for(
        "DescribeInstances",
        vec![Turn::Change(Box::new(move |body| {
            let reason = body.find("<stateReason>").map(|at| {
                let end = body.find("</stateReason>").map_or(body.len(), |end| end + "</stateReason>".len());
                (at, end)
            });
            let body = reason.map_or_else(|| body.to_owned(), |(at, end)| format!("{}{}", &body[..at], &body[end..]));
            let dead = "<name>terminated</name></instanceState><stateReason><code>Server.InternalError</code>\
                        <message>Server.InternalError: Internal error on launch</message></stateReason>";
            body.replacen("<name>running</name></instanceState>", dead, 1).replacen("<name>running</name>\n", dead, 1)
        }))],
    );
    let answer = world.host().call("create_vm", &world.vm(json!({})));
    let (kind, message) = answer.error();
    assert_eq!(kind, "Bosh::Clouds::VMCreationFailed", "{message}");
    assert!(
        message.contains("is terminated instead of running: Server.InternalError: Internal error on launch"),
        "{message}"
    );
    assert_eq!(answer.response()["error"]["ok_to_retry"], true);
    let requests = world.relay.take();
    assert_eq!((of(&requests, "TerminateInstances").len(), of(&requests, "DeleteNetworkInterface").len()), (1, 1));
    assert_eq!(world.account.inventory(), before);
}

fn failure_after_launch() {
    let world = World::new();
    let before = world.account.inventory();
    world.relay.script_for("CreateRoute", vec![Turn::refuse(400, "RouteLimitExceeded", "no room for a route")]);
    let route = json!({"advertised_routes": [{"table_id": world.table, "destination": "10.99.0.0/16"}]});
    let (kind, message) = world.host().call("create_vm", &world.vm(route.clone())).error();
    assert_eq!((kind.as_str(), message.contains("RouteLimitExceeded: no room")), (CLOUD_ERROR, true), "{message}");
    let requests = world.relay.take();
    let tail = actions(&requests);
    assert!(
        tail.ends_with(&["TerminateInstances".into(), "DescribeInstances".into(), "DeleteNetworkInterface".into()]),
        "{tail:?}"
    );
    assert_eq!(world.account.inventory(), before);

    // The first error is the one that counts; what is left behind is told with it.
    world.relay.script(|asked| match asked.field("Action").as_str() {
        "CreateRoute" => Turn::refuse(400, "RouteLimitExceeded", "no room for a route"),
        "TerminateInstances" => Turn::refuse(403, "UnauthorizedOperation", "you may not terminate"),
        _ => Turn::Pass,
    });
    let (_, message) = world.host().call("create_vm", &world.vm(route)).error();
    let (first, second) = message.split_once("RouteLimitExceeded").expect("the first error");
    assert!(
        first.starts_with("CreateRoute") && second.contains("is left behind") && second.contains("eni-"),
        "{message}"
    );
}

fn cleanup() {
    let world = World::new();
    let before = world.account.inventory();
    for number in 0.. {
        let met = world.relay.script_at(number, Turn::refuse(403, "UnauthorizedOperation", "you may not"));
        let answer = world.host().call("create_vm", &world.vm(json!({"auto_assign_public_ip": true})));
        let Some(action) = met.get() else {
            answer.result();
            assert!(number >= 8, "only {number} requests");
            return;
        };
        let (_, message) = answer.error();
        assert!(
            message.contains(&format!("{action}: UnauthorizedOperation: you may not"))
                || message.contains("Failed to associate"),
            "{message}"
        );
        assert_eq!(world.account.inventory(), before, "{action}");
    }
}

fn pending() {
    let world = World::new();
    let unknown = Turn::refuse(400, "InvalidInstanceID.NotFound", "no such instance");
    let pending = Turn::replace("<name>running<", "<name>pending<");
    world.relay.script_for("DescribeInstances", vec![unknown, pending]);
    let answer = world.host().call("create_vm", &world.vm(json!({})));
    let vm = text(&answer.result()[0]);
    assert_eq!((of(&world.relay.take(), "DescribeInstances").len(), world.state(&vm).as_str()), (3, "running"));
}
