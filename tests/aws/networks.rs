//! `create_vm`: interfaces, addresses, groups and routes.

use cpi_tests::coverage::Case;
use cpi_tests::{Asked, Turn, texts};
use serde_json::{Value, json};

use crate::row;
use crate::world::{CLOUD_ERROR, World, ZONE, actions, has, network_in, of, one, under, user_data};

const SECTION: &str = "create_vm: networks";

pub(crate) const CASES: &[Case] = &[
    row("A28", SECTION, "an interface with IPv4, IPv6, or both", addresses),
    row("A29", SECTION, "one interface a group, in the order of the request", order),
    row("A30", SECTION, "a dynamic network has the last interface, without an address", dynamic),
    row("A31", SECTION, "prefixes are delegated to an interface", prefixes),
    row("A32", SECTION, "groups that cannot be are refused before anything is made", impossible),
    row("A33", SECTION, "an address that a VM still holds is waited for", in_use),
    row("A35", SECTION, "security groups: who decides, names, ids, none", security_groups),
    row("A50", SECTION, "every interface goes when its VM goes", delete_on_termination),
    row("A51", SECTION, "advertised routes are made or replaced", routes),
    row("A52", SECTION, "source_dest_check is touched only when it is false", source_dest_check),
    row("A55", SECTION, "an Elastic IP goes to the interface of its group", vip),
    row("A56", SECTION, "mistakes with Elastic IPs are found before anything is made", vip_mistakes),
    row("A57", SECTION, "auto_assign_public_ip holds for every interface", public_ip),
];

/// A network of a group.
fn grouped(world: &World, ip: &str, prefix: Option<&str>, group: &str) -> Value {
    let mut network = world.network(ip);
    network["nic_group"] = json!(group);
    if let Some(prefix) = prefix {
        network["prefix"] = json!(prefix);
    }
    network
}

fn with_networks(world: &World, properties: Value, networks: Value) -> Value {
    let mut arguments = world.vm(properties);
    arguments[3] = networks;
    arguments
}

/// The interfaces of a `RunInstances` in the order of their devices.
fn attached(requests: &[Asked]) -> Vec<String> {
    let run = one(requests, "RunInstances");
    (1..)
        .map_while(|number| {
            let index = run.field(&format!("NetworkInterface.{number}.DeviceIndex"));
            (!index.is_empty()).then(|| {
                assert_eq!(index, (number - 1).to_string());
                run.field(&format!("NetworkInterface.{number}.NetworkInterfaceId"))
            })
        })
        .collect()
}

fn addresses() {
    let world = World::new();
    for (networks, v4, v6) in [
        (json!({"a": world.network("10.0.1.20")}), "10.0.1.20", ""),
        (json!({"a": world.network("2600:1f18::20")}), "", "2600:1f18::20"),
        (
            json!({"a": grouped(&world, "10.0.1.21", Some("32"), "0"), "b": grouped(&world, "2600:1f18::21", Some("128"), "0")}),
            "10.0.1.21",
            "2600:1f18::21",
        ),
    ] {
        let (vm, requests) = world.create(with_networks(&world, json!({}), networks));
        has(
            one(&requests, "CreateNetworkInterface"),
            &[
                ("SubnetId", &world.subnet),
                ("SecurityGroupId.1", &world.group),
                ("SecurityGroupId.2", ""),
                ("PrivateIpAddress", v4),
                ("Ipv6Addresses.1.Ipv6Address", v6),
            ],
        );
        let form = format!("DescribeNetworkInterfaces&NetworkInterfaceId.1={}", attached(&requests)[0]);
        if !v4.is_empty() {
            assert_eq!(world.ec2(&form, "privateIpAddress").first().map(String::as_str), Some(v4));
        }
        assert_eq!(world.ec2(&form, "instanceId"), [vm]);
    }
}

fn order() {
    let world = World::new();
    let networks = json!({
        "z": grouped(&world, "10.0.1.30", None, "second"),
        "a": network_in(&world.second, "10.0.2.30"),
        "y": grouped(&world, "2600:1f18::30", None, "second"),
        "d": {"type": "dynamic", "cloud_properties": {"subnet": world.second}},
    });
    let (_, requests) = world.create(with_networks(&world, json!({}), networks));
    let interfaces = attached(&requests);
    let addresses: Vec<_> = interfaces
        .iter()
        .map(|id| {
            world.ec2(&format!("DescribeNetworkInterfaces&NetworkInterfaceId.1={id}"), "privateIpAddress").remove(0)
        })
        .collect();
    assert_eq!(addresses[..2], ["10.0.1.30", "10.0.2.30"]);
    assert_eq!(interfaces.len(), 3);
    let run = one(&requests, "RunInstances");
    for top in ["SubnetId", "SecurityGroupId.1", "PrivateIpAddress"] {
        assert_eq!(run.field(top), "");
    }
    let settings = user_data(run);
    let mac = |network: &str| settings["networks"][network]["mac"].clone();
    assert_eq!(mac("z"), mac("y"));
    assert_ne!(mac("z"), mac("a"));
    assert_eq!(mac("d"), Value::Null);
}

fn dynamic() {
    let world = World::new();
    let dynamic = json!({"type": "dynamic", "dns": ["10.0.0.2"], "cloud_properties": {"subnet": world.subnet}});
    let networks = json!({"d": dynamic, "m": network_in(&world.second, "10.0.2.20"), "d2": dynamic});
    let (_, requests) = world.create(with_networks(&world, json!({}), networks));
    assert_eq!(attached(&requests).len(), 2, "only the first dynamic network has one");
    let creations = of(&requests, "CreateNetworkInterface");
    let of_dynamic = creations.iter().find(|asked| asked.field("PrivateIpAddress").is_empty()).expect("one without");
    has(of_dynamic, &[("SubnetId", &world.subnet), ("Ipv6Addresses.1.Ipv6Address", "")]);
    let last = attached(&requests).pop().unwrap();
    let subnet = world.ec2(&format!("DescribeNetworkInterfaces&NetworkInterfaceId.1={last}"), "subnetId");
    assert_eq!(subnet, [world.subnet]);
    assert!(user_data(one(&requests, "RunInstances"))["networks"]["d2"].is_object());
}

fn prefixes() {
    let world = World::new();
    let networks = json!({
        "v4": grouped(&world, "10.0.1.20", Some("32"), "0"),
        "v4p": grouped(&world, "10.0.1.32", Some("28"), "0"),
        "v6": grouped(&world, "2600:1f18::20", Some("128"), "0"),
        "v6p": grouped(&world, "2600:1f18:0:1::", Some("80"), "0"),
    });
    let (_, requests) = world.create(with_networks(&world, json!({}), networks));
    let id = attached(&requests).remove(0);
    has(one(&requests, "AssignPrivateIpAddresses"), &[("NetworkInterfaceId", &id), ("Ipv4Prefix.1", "10.0.1.32/28")]);
    has(one(&requests, "AssignIpv6Addresses"), &[("NetworkInterfaceId", &id), ("Ipv6Prefix.1", "2600:1f18:0:1::/80")]);
    // An address in use that only the prefix finds out: the interface is made anew, and the first one is not lost.
    let refused = Turn::refuse(400, "InvalidIPAddress.InUse", "the prefix is in use");
    world.relay.script_for("AssignPrivateIpAddresses", vec![refused]);
    let networks =
        json!({"v4": grouped(&world, "10.0.1.60", None, "0"), "v4p": grouped(&world, "10.0.1.64", Some("28"), "0")});
    world.host().call("create_vm", &with_networks(&world, json!({}), networks)).result();
    let requests = world.relay.take();
    assert_eq!((of(&requests, "CreateNetworkInterface").len(), of(&requests, "DeleteNetworkInterface").len()), (2, 1));
}

fn impossible() {
    let world = World::new();
    let one_subnet = "have different subnet ids: ";
    for (networks, words) in [
        (
            json!({"p": grouped(&world, "10.0.1.32", Some("28"), "0")}),
            "Could not find a single ip address for nic group '0' and a prefix network can only be a secondary network.",
        ),
        (
            json!({"a": grouped(&world, "10.0.1.20", None, "0"), "b": {"type": "manual", "ip": "10.0.2.20", "nic_group": "0", "cloud_properties": {"subnet": world.second}}}),
            one_subnet,
        ),
        (json!({"a": {"type": "manual", "ip": "10.0.2.20", "cloud_properties": {}}}), one_subnet),
        (
            json!({"a": world.network("10.0.1.20"), "b": network_in(&world.elsewhere, "10.0.3.20")}),
            "All nic groups must be in the same availability zone. Found subnets in zones: us-east-1a, us-east-1b",
        ),
        (
            json!({"a": {"type": "bridge", "cloud_properties": {}}}),
            "Invalid network type 'bridge' for AWS, can only handle 'dynamic', 'vip', or 'manual' network types",
        ),
        (
            json!({"v": {"type": "vip", "ip": world.address, "cloud_properties": {}}}),
            "at least one manual or dynamic network",
        ),
    ] {
        world.refuses_and_makes_nothing(with_networks(&world, json!({}), networks), CLOUD_ERROR, words);
    }
}

fn in_use() {
    let world = World::new();
    let refused = || Turn::refuse(400, "InvalidIPAddress.InUse", "10.0.1.20 is in use");
    world.relay.script_for("CreateNetworkInterface", vec![refused()]);
    world.host().call("create_vm", &world.vm(json!({}))).result();
    let requests = world.relay.take();
    let creations = of(&requests, "CreateNetworkInterface");
    assert_eq!(creations.len(), 2);
    assert_ne!(creations[0].field("ClientToken"), creations[1].field("ClientToken"), "an order that failed is over");
    // Another error in its place is told with the group.
    world.relay.script_for("CreateNetworkInterface", vec![Turn::refuse(400, "InvalidSubnet.Range", "out of range")]);
    let (kind, message) = world.host().call("create_vm", &world.vm(json!({}))).error();
    assert_eq!(kind, CLOUD_ERROR);
    assert!(message.starts_with("Failed to create network interface for nic_group 'private': "), "{message}");
    assert!(message.contains("InvalidSubnet.Range: out of range"), "{message}");
}

fn security_groups() {
    let world = World::new();
    let make = |name: &str| {
        let form = format!("CreateSecurityGroup&GroupName={name}&GroupDescription=d&VpcId={}", world.vpc);
        world.ec2(&form, "groupId").remove(0)
    };
    let (web, production) = (make("web"), make("sg-production"));
    let groups = |properties: Value, networks: Value| -> Vec<Vec<String>> {
        let (_, requests) = world.create(with_networks(&world, properties, networks));
        let creations = of(&requests, "CreateNetworkInterface");
        creations.iter().map(|asked| under(asked, "SecurityGroupId.").into_iter().map(|(_, id)| id).collect()).collect()
    };
    let network = |ip: &str, groups: Value| {
        let mut network = world.network(ip);
        network["cloud_properties"]["security_groups"] = groups;
        network
    };
    let plain = || json!({"a": world.network("10.0.1.20")});
    assert_eq!(groups(json!({}), plain()), [[world.group.clone()]]);
    // The VM's own list stands alone; names and ids mix, and a name may look like an id.
    let own = json!({"security_groups": ["web", world.group, "sg-production"]});
    let both = json!({"a": network("10.0.1.20", json!(["other"])), "b": network_in(&world.second, "10.0.2.20")});
    let expected = vec![web.clone(), world.group.clone(), production];
    assert_eq!(groups(own, both), [expected.clone(), expected]);
    // The union of the networks', a text for a list of one, and those of a vip count too.
    let union = json!({
        "a": network("10.0.1.20", json!("web")), "b": network("10.0.1.21", json!([world.group, "web"])),
        "v": {"type": "vip", "ip": world.address, "cloud_properties": {"security_groups": ["sg-production"]}},
    });
    let mut found = groups(json!({}), union).remove(0);
    found.sort();
    assert_eq!(found.len(), 3);

    let none = json!({"security_groups": ["nobody"]});
    world.refuses_and_makes_nothing(world.vm(none), CLOUD_ERROR, "Security group not found with name 'nobody'");
    world
        .relay
        .script_for("DescribeSecurityGroups", vec![Turn::replace("<groupName>sg-production<", "<groupName>web<")]);
    let (_, message) =
        world.host().call("create_vm", &world.vm(json!({"security_groups": ["web", "sg-production"]}))).error();
    assert!(message.starts_with("Found multiple matching security groups with name 'web': sg-"), "{message}");
    let host = world.host_with(json!({"default_security_groups": null}));
    let (_, message) = host.call("create_vm", &world.vm(json!({}))).error();
    assert!(message.starts_with("Missing security groups. See http"), "{message}");
}

fn two_nics(world: &World) -> Value {
    json!({"a": world.network("10.0.1.20"), "b": network_in(&world.second, "10.0.2.20")})
}

fn delete_on_termination() {
    let world = World::new();
    let (_, requests) = world.create(with_networks(&world, json!({}), two_nics(&world)));
    let changes = of(&requests, "ModifyNetworkInterfaceAttribute");
    let mut modified: Vec<_> = changes.iter().map(|asked| asked.field("NetworkInterfaceId")).collect();
    let mut interfaces = attached(&requests);
    modified.sort();
    interfaces.sort();
    assert_eq!(modified, interfaces);
    for change in changes {
        has(change, &[("Attachment.DeleteOnTermination", "true")]);
        assert!(change.field("Attachment.AttachmentId").starts_with("eni-attach-"));
    }
}

fn routes() {
    let world = World::new();
    let advertised =
        |destination: &str| json!({"advertised_routes": [{"table_id": world.table, "destination": destination}]});
    let (first, requests) = world.create(world.vm(advertised("10.99.0.0/16")));
    let table = ("RouteTableId", world.table.as_str());
    has(one(&requests, "CreateRoute"), &[table, ("DestinationCidrBlock", "10.99.0.0/16"), ("InstanceId", &first)]);
    let (second, requests) = world.create(world.vm(advertised("10.99.0.0/16")));
    has(one(&requests, "ReplaceRoute"), &[table, ("DestinationCidrBlock", "10.99.0.0/16"), ("InstanceId", &second)]);
    assert!(of(&requests, "CreateRoute").is_empty());
    let ends = world.ec2(&format!("DescribeRouteTables&RouteTableId.1={}", world.table), "instanceId");
    assert_eq!(ends, [second]);
    // EC2 takes an instance with several interfaces for no end of a route.
    let (_, requests) = world.create(with_networks(&world, advertised("10.98.0.0/16"), two_nics(&world)));
    has(one(&requests, "CreateRoute"), &[("InstanceId", ""), ("NetworkInterfaceId", &attached(&requests)[0])]);
    // Somebody made it in between, and took it away again.
    world.relay.script_for("CreateRoute", vec![Turn::refuse(400, "RouteAlreadyExists", "there is one")]);
    world.host().call("create_vm", &world.vm(advertised("10.97.0.0/16"))).result();
    assert_eq!(of(&world.relay.take(), "ReplaceRoute").len(), 1);
    let unknown = json!({"advertised_routes": [{"table_id": "rtb-00000000", "destination": "10.99.0.0/16"}]});
    world.refuses_and_makes_nothing(
        world.vm(unknown),
        CLOUD_ERROR,
        "Route table 'rtb-00000000' of 'advertised_routes' not found",
    );
}

fn source_dest_check() {
    let world = World::new();
    for untouched in [json!({}), json!({"source_dest_check": true}), json!({"source_dest_check": null})] {
        let (_, requests) = world.create(world.vm(untouched));
        assert!(of(&requests, "ModifyInstanceAttribute").is_empty());
    }
    let off = json!({"source_dest_check": false});
    let (vm, requests) = world.create(world.vm(off.clone()));
    has(one(&requests, "ModifyInstanceAttribute"), &[("InstanceId", &vm), ("SourceDestCheck.Value", "false")]);
    let attribute = format!("DescribeInstanceAttribute&InstanceId={vm}&Attribute=sourceDestCheck");
    assert!(world.account.ec2(&format!("Action={attribute}")).contains("<value>false</value>"));
    let (_, requests) = world.create(with_networks(&world, off, two_nics(&world)));
    let changes = of(&requests, "ModifyNetworkInterfaceAttribute");
    let off = changes.iter().filter(|asked| asked.field("SourceDestCheck.Value") == "false");
    assert_eq!((off.count(), of(&requests, "ModifyInstanceAttribute").len()), (2, 0));
}

fn vip() {
    let world = World::new();
    let with_vip = |group: Option<&str>| {
        let mut networks = json!({"a": world.network("10.0.1.20"), "b": grouped(&world, "10.0.1.21", None, "g")});
        networks["v"] = json!({"type": "vip", "ip": world.address, "nic_group": group, "cloud_properties": {}});
        networks
    };
    for (group, index) in [(None, 0), (Some("g"), 1), (Some("unknown"), 0)] {
        let (_, requests) = world.create(with_networks(&world, json!({}), with_vip(group)));
        let interface = &attached(&requests)[index];
        let associate = one(&requests, "AssociateAddress");
        has(associate, &[("NetworkInterfaceId", interface), ("AllowReassociation", "")]);
        assert!(associate.field("AllocationId").starts_with("eipalloc-"));
        assert_eq!(world.ec2("DescribeAddresses", "networkInterfaceId"), [interface.as_str()]);
        // EC2 would move it; moto does not.
        let association = world.ec2("DescribeAddresses", "associationId").remove(0);
        world.account.ec2(&format!("Action=DisassociateAddress&AssociationId={association}"));
    }
    // Without a vip network nobody asks for addresses.
    let (_, requests) = world.create(world.vm(json!({})));
    assert!(of(&requests, "DescribeAddresses").is_empty());
}

fn vip_mistakes() {
    let world = World::new();
    let vips = |more: Value| {
        let mut networks = json!({"a": world.network("10.0.1.20")});
        networks.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with_networks(&world, json!({}), networks)
    };
    let vip = |ip: Value| json!({"type": "vip", "ip": ip, "cloud_properties": {}});
    let address = json!(world.address);
    for (more, words) in [
        (json!({"v": vip(address.clone()), "w": vip(address)}), "More than one vip network for 'w'"),
        (json!({"v": vip(json!(null))}), "No IP provided for vip network 'v'"),
        (json!({"v": vip(json!("198.51.100.1"))}), "Elastic IP with VPC scope not found with address '198.51.100.1'"),
    ] {
        world.refuses_and_makes_nothing(vips(more), CLOUD_ERROR, words);
    }
}

fn public_ip() {
    let world = World::new();
    let public = json!({"auto_assign_public_ip": true, "availability_zone": ZONE});
    let (_, requests) = world.create(with_networks(&world, public.clone(), two_nics(&world)));
    let changes = of(&requests, "ModifyNetworkInterfaceAttribute");
    let asked: Vec<_> = changes.iter().filter(|asked| asked.field("AssociatePublicIpAddress") == "true").collect();
    assert_eq!(asked.len(), 2);
    let launch = actions(&requests).iter().position(|action| action == "RunInstances").unwrap();
    let before = requests[..launch].iter().filter(|asked| asked.field("AssociatePublicIpAddress") == "true");
    assert_eq!(before.count(), 2, "while the interfaces are not attached");
    world
        .relay
        .script_for("ModifyNetworkInterfaceAttribute", vec![Turn::refuse(400, "InvalidParameterValue", "no gateway")]);
    let before = texts(&world.account.ec2("Action=DescribeNetworkInterfaces"), "networkInterfaceId");
    let (_, message) = world.host().call("create_vm", &world.vm(public)).error();
    assert!(message.contains("Failed to associate public IP address: no gateway"), "{message}");
    assert_eq!(texts(&world.account.ec2("Action=DescribeNetworkInterfaces"), "networkInterfaceId"), before);
}
