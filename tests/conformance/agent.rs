//! A: the settings that the agent on a VM reads.

use cpi_tests::coverage::Case;
use cpi_tests::texts;
use serde_json::{Value, json};

use crate::support::cloud::{cloud, text};
use crate::support::{actions, assert_kind, case};

const SECTION: &str = "A agent settings";

pub(crate) const CASES: &[Case] = &[
    case("A01", SECTION, "every key has the type that agents insist on", types),
    case("A02", SECTION, "agent_id is argument 1, env is argument 6", arguments),
    case("A03", SECTION, "mbus and ntp come from the job's file, in multi-CPI as well", agent_configuration),
    case("A04", SECTION, "every network with all its keys; prefix stays a text", networks),
    case("A05", SECTION, "with several interfaces and static addresses there are MACs", macs),
    case("A06", SECTION, "disks.persistent is {}, ephemeral only where there is such a disk", disks),
    case("A07", SECTION, "the bytes on the VM are plain JSON", plain),
    case("A08", SECTION, "a document that is too long is refused before anything is made", too_long),
];

/// Makes a VM, and gives what its agent reads.
fn settings_of(arguments: &Value, context: &Value) -> Value {
    let host = cloud().host();
    let mut call = cpi_tests::request("create_vm", arguments);
    call["context"].as_object_mut().unwrap().extend(context.as_object().unwrap().clone());
    let vm = text(&host.send(call.to_string().as_bytes()).result()[0]);
    let settings = cloud().agent_settings(&vm);
    host.call("delete_vm", &json!([vm])).result();
    settings
}

fn types() {
    let settings = settings_of(&cloud().vm("agent-types"), &json!({}));
    assert!(settings["vm"]["name"].as_str().is_some_and(|name| !name.is_empty()));
    assert!(settings["mbus"].is_string() && settings["disks"]["system"].is_string(), "{settings}");
    assert!(settings["ntp"].as_array().unwrap().iter().all(Value::is_string));
    assert!(settings["networks"].as_object().unwrap().values().all(Value::is_object));
    assert!(settings["disks"]["persistent"].is_object() && settings["env"].is_object());
    assert!(settings["disks"]["ephemeral"].is_string() || settings["disks"]["ephemeral"]["path"].is_string());
}

fn arguments() {
    let arguments = cloud().vm("agent-arguments");
    let settings = settings_of(&arguments, &json!({}));
    assert_eq!((&settings["agent_id"], &settings["env"]), (&arguments[0], &arguments[5]));
}

fn agent_configuration() {
    // A CPI configuration describes the cloud only; what it says of the agent is another matter of the provider's.
    let context = json!({"default_key_name": "bosh", "mbus": "nats://wrong", "agent": {"mbus": "nats://wrong"}});
    let settings = settings_of(&cloud().vm("agent-configuration"), &context);
    assert_eq!(settings["mbus"], "nats://nats:canary-bus-password@10.0.0.6:4222");
    assert_eq!(settings["ntp"], json!(["time.example.com"]));
}

fn networks() {
    let mut arguments = cloud().vm("agent-networks");
    arguments[3]["private"]["prefix"] = json!("32");
    arguments[3]["private"]["novel"] = json!({"a": [1]});
    let settings = settings_of(&arguments, &json!({}));
    let network = &settings["networks"]["private"];
    for (key, value) in arguments[3]["private"].as_object().unwrap() {
        assert_eq!(&network[key], value, "{key}");
    }
    assert_eq!(network["use_dhcp"], true);
}

fn macs() {
    let mut arguments = cloud().vm("agent-macs");
    arguments[2]["instance_type"] = json!("m5.xlarge");
    let (mut first, mut second) = (cloud().network(), cloud().network());
    (first["nic_group"], second["nic_group"]) = (json!("0"), json!("1"));
    arguments[3] = json!({"a": first, "b": second});
    let settings = settings_of(&arguments, &json!({}));
    let mac = |network: &str| text(&settings["networks"][network]["mac"]);
    assert_eq!(mac("a").split(':').count(), 6);
    assert_ne!(mac("a"), mac("b"));
}

fn disks() {
    let mut arguments = cloud().vm("agent-disks");
    let disks = settings_of(&arguments, &json!({}))["disks"].clone();
    assert_eq!(disks["persistent"], json!({}));
    assert!(!disks["ephemeral"].is_null(), "{disks}");
    arguments[2]["ephemeral_disk"] = json!({"use_root_disk": true});
    arguments[3]["private"] = cloud().network();
    let disks = settings_of(&arguments, &json!({}))["disks"].clone();
    assert!(disks.get("ephemeral").is_none(), "{disks}");
}

fn plain() {
    // `agent_settings` undoes the encoding of EC2's own interface, once, and reads JSON.
    assert!(settings_of(&cloud().vm("agent-plain"), &json!({})).is_object());
}

fn too_long() {
    let relay = cloud().relay();
    let mut arguments = cloud().vm("agent-too-long");
    arguments[5]["bosh"]["mbus"] = json!({"cert": {"ca": "x".repeat(20_000)}});
    let answer = cloud().host_at(&relay.url()).call("create_vm", &arguments);
    let message = assert_kind(&answer, "Bosh::Clouds::CloudError");
    assert!(message.contains("16384") && message.contains("bytes"), "{message}");
    let asked = actions(&relay);
    assert!(asked.iter().all(|action| action.starts_with("Describe")), "{asked:?}");
    let left = cloud().ask(&[
        ("Action", "DescribeInstances"),
        ("Filter.1.Name", "tag:test"),
        ("Filter.1.Value.1", "agent-too-long"),
    ]);
    assert!(texts(&left, "instanceId").is_empty());
}
