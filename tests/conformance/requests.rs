//! R: how requests are read.

use cpi_tests::coverage::Case;
use cpi_tests::{Endpoint, Host, request};
use serde_json::{Value, json};

use crate::support::{assert_kind, case, disk, send, stemcell, vm, vm_of};

const SECTION: &str = "R request parsing";

pub(crate) const CASES: &[Case] = &[
    case("R01", SECTION, "order of keys and white space mean nothing", order_and_space),
    case("R02", SECTION, "what is not JSON answers InvalidCall", || refused(&["nonsense", "{", "{}{}", "\u{feff}{}"])),
    case("R03", SECTION, "empty input answers InvalidCall", || refused(&["", " \n"])),
    case("R04", SECTION, "no method, or one that is no text, answers InvalidCall", no_method),
    case("R05", SECTION, "an unknown method answers NotImplemented and its name", unknown_method),
    case("R06", SECTION, "arguments that are no array answer InvalidCall", no_arguments),
    case("R07", SECTION, "no context or director_uuid answers InvalidCall", no_context),
    case("R08", SECTION, "request_id may be missing for every method", no_request_id),
    case("R09", SECTION, "the stemcell's version may be missing about a VM", no_stemcell_version),
    case("R10", SECTION, "an empty stemcell is accepted", empty_stemcell),
    case("R11", SECTION, "unknown keys are accepted", unknown_keys),
    case("R12", SECTION, "api_version 2.0 is 2; other kinds answer InvalidCall", versions),
    case("R13", SECTION, "too few arguments answer InvalidCall without any request", too_few),
    case("R14", SECTION, "a surplus argument is ignored and mentioned", surplus),
    case("R15", SECTION, "a wrong type answers InvalidCall and the position", wrong_type),
    case("R16", SECTION, "null cloud properties of a stemcell are {}", null_properties),
    case("R17", SECTION, "null in optional places means none", nulls),
    case("R18", SECTION, "text, escapes and 64-bit integers go round unchanged", round_trip),
    case("R19", SECTION, "reserved names among properties are reported", reserved),
];

const UUID: &str = "8d2c5b62-6f7e-4f6a-9d1b-0d5d0a6f1c11";

fn order_and_space() {
    let text = format!(
        "\n {{ \"api_version\" : 2,\n\t\"context\":{{\"director_uuid\":\"{UUID}\"}},\"arguments\":[\"vm-1\"],\
         \"method\":\"has_vm\" }} \n\n"
    );
    assert_eq!(Host::sim().send(text.as_bytes()).result(), false);
}

fn refused(inputs: &[&str]) {
    for input in inputs {
        assert_kind(&Host::sim().send(input.as_bytes()), "InvalidCall");
    }
    assert_kind(&Host::sim().send(b"\xff\xfe{}"), "InvalidCall");
}

fn no_method() {
    for method in [json!(null), json!(7), json!(["info"])] {
        let mut call = request("info", &json!([]));
        call["method"] = method;
        assert_kind(&send(&Host::sim(), &call), "InvalidCall");
    }
    let mut call = request("info", &json!([]));
    call.as_object_mut().unwrap().remove("method");
    assert_kind(&send(&Host::sim(), &call), "InvalidCall");
}

fn unknown_method() {
    for method in ["make_tea", "configure_networks", ""] {
        let message = assert_kind(&Host::sim().call(method, &json!([])), "Bosh::Clouds::NotImplemented");
        assert!(message.contains(&format!("'{method}'")), "{message}");
    }
}

fn no_arguments() {
    for arguments in [json!(null), json!({}), json!("vm-1")] {
        assert_kind(&Host::sim().call("has_vm", &arguments), "InvalidCall");
    }
    let mut call = request("has_vm", &json!([]));
    call.as_object_mut().unwrap().remove("arguments");
    assert_kind(&send(&Host::sim(), &call), "InvalidCall");
}

fn no_context() {
    for context in [json!(null), json!({}), json!({"director_uuid": null}), json!({"director_uuid": 7}), json!("x")] {
        let mut call = request("has_vm", &json!(["vm-1"]));
        call["context"] = context;
        assert_kind(&send(&Host::sim(), &call), "InvalidCall");
    }
    let mut call = request("has_vm", &json!(["vm-1"]));
    call.as_object_mut().unwrap().remove("context");
    let answer = send(&Host::sim(), &call);
    assert_kind(&answer, "InvalidCall");
}

fn no_request_id() {
    let host = Host::sim();
    for method in crate::support::whole_life() {
        let arguments = match method {
            "calculate_vm_cloud_properties" => json!([{"cpu": 1, "ram": 1, "ephemeral_disk_size": 1}]),
            "create_network" => json!([{"type": "manual", "cloud_properties": {}}]),
            "create_vm" => vm_of(&json!("stemcell-1")),
            "create_stemcell" => json!(["/nowhere", {"light": true}]),
            "create_disk" => json!([1, {}, null]),
            "resize_disk" => json!(["disk-1", 1]),
            "update_disk" => json!(["disk-1", 1, {}]),
            "set_vm_metadata" | "set_disk_metadata" | "snapshot_disk" => json!(["x", {}]),
            "info" | "ping" | "current_vm_id" => json!([]),
            _ => json!(["x", "y"]),
        };
        let mut call = request(method, &arguments);
        call["context"].as_object_mut().unwrap().remove("request_id");
        let answer = send(&host, &call);
        assert_ne!(answer.response()["error"]["type"], "InvalidCall", "{method}: {answer:?}");
        assert!(answer.stderr.contains(&format!("Starting {method}")), "{answer:?}");
    }
}

/// Attaches, detaches and deletes with this `vm` in the context; none at all for `None`.
fn life_with(vm_context: Option<&Value>) {
    let host = Host::sim();
    let (vm, disk) = (vm(&host), disk(&host));
    for (method, arguments) in
        [("attach_disk", json!([vm, disk])), ("detach_disk", json!([vm, disk])), ("delete_vm", json!([vm]))]
    {
        let mut call = request(method, &arguments);
        match vm_context {
            Some(value) => call["context"]["vm"] = value.clone(),
            None => _ = call["context"].as_object_mut().unwrap().remove("vm"),
        }
        send(&host, &call).result();
    }
}

fn no_stemcell_version() {
    life_with(None);
    life_with(Some(&json!({})));
    life_with(Some(&json!({"stemcell": {"api_version": null}})));
}

fn empty_stemcell() {
    life_with(Some(&json!({"stemcell": {}})));
}

fn unknown_keys() {
    let mut call = request("has_vm", &json!(["vm-1"]));
    call["colour"] = json!("blue");
    call["context"]["colour"] = json!({"deep": ["blue"]});
    assert_eq!(send(&Host::sim(), &call).result(), false);
}

fn versions() {
    let host = Host::sim();
    let with = |version: Value, method: &str, arguments: Value| {
        let mut call = request(method, &arguments);
        call["api_version"] = version;
        send(&host, &call)
    };
    let created = with(json!(2.0), "create_vm", vm_of(&stemcell(&host))).result();
    assert!(created.is_array(), "the shape of version 2: {created}");
    for version in [json!("2"), json!(2.5), json!(null), json!([]), json!(-1)] {
        assert_kind(&with(version, "has_vm", json!(["vm-1"])), "InvalidCall");
    }
}

fn too_few() {
    let endpoint = Endpoint::hanging();
    let host = Host::aws(&endpoint.url());
    for (method, arguments) in [
        ("has_vm", json!([])),
        ("attach_disk", json!(["i-1"])),
        ("create_vm", json!(["a", "s", {}])),
        ("create_disk", json!([1])),
        ("set_vm_metadata", json!(["i-1"])),
        ("update_disk", json!(["vol-1", 1])),
    ] {
        let message = assert_kind(&host.call(method, &arguments), "InvalidCall");
        assert!(message.contains("wrong number of arguments"), "{message}");
    }
    assert_eq!(endpoint.received(), Vec::<String>::new());
}

fn surplus() {
    let answer = Host::sim().call("has_vm", &json!(["vm-1", "of some later version"]));
    assert_eq!(answer.result(), false);
    assert!(answer.stderr.contains("ignored 1 argument(s)"), "{answer:?}");
}

fn wrong_type() {
    let host = Host::sim();
    for (method, arguments, position) in [
        ("has_vm", json!([7]), 1),
        ("attach_disk", json!(["vm", {}]), 2),
        ("create_disk", json!(["1024", {}, null]), 1),
        ("create_disk", json!([1024, [], null]), 2),
        ("create_vm", json!(["a", "s", {}, [], [], {}]), 4),
        ("create_vm", json!(["a", "s", {}, {}, [7], {}]), 5),
        ("create_vm", json!(["a", "s", {}, {}, [], "env"]), 6),
        ("set_vm_metadata", json!(["vm", "text"]), 2),
    ] {
        let message = assert_kind(&host.call(method, &arguments), "InvalidCall");
        assert!(message.contains(&format!("argument {position} ")), "{method}: {message}");
    }
}

fn null_properties() {
    let host = Host::sim();
    std::fs::write(host.path("image"), "an image").unwrap();
    assert!(host.call("create_stemcell", &json!([host.path("image"), null])).result().is_string());
}

fn nulls() {
    let host = Host::sim();
    assert!(host.call("create_disk", &json!([1024, {}, null])).result().is_string());
    assert!(host.call("create_disk", &json!([1024, {}])).result().is_string());
    let mut vm = vm_of(&stemcell(&host));
    (vm[4], vm[5]) = (Value::Null, Value::Null);
    host.call("create_vm", &vm).result();
    host.call("create_vm", &json!([vm[0], vm[1], vm[2], vm[3]])).result();
}

fn round_trip() {
    let host = Host::sim();
    let networks = json!({"nätz \u{1F310}": {
        "type": "dynamic", "ip": null, "note": "tab\t quote\" back\\slash \u{2028} \u{7f}",
        "cloud_properties": {"most": u64::MAX, "least": i64::MIN, "even": 9_007_199_254_740_993_u64, "real": 0.1},
    }});
    let mut vm = vm_of(&stemcell(&host));
    vm[3] = networks.clone();
    assert_eq!(host.call("create_vm", &vm).result()[1], networks);
}

fn reserved() {
    let host = Host::sim();
    let with = |name: &str, value: Value| {
        let mut call = request("has_vm", &json!(["vm-1"]));
        call["context"]["director_uuid"] = json!(UUID);
        call["context"][name] = value;
        send(&host, &call)
    };
    for (name, value) in
        [("vm", json!("m5.large")), ("vm", json!({"stemcell": []})), ("request_id", json!({})), ("method", json!("x"))]
    {
        let message = assert_kind(&with(name, value), "Bosh::Clouds::CpiError");
        assert!(message.contains(name), "{message}");
    }
    for (name, value) in
        [("director_uuid", json!("prod")), ("request_id", json!("mine")), ("vm", json!({"size": "large"}))]
    {
        let answer = with(name, value);
        assert_eq!(answer.result(), false);
        assert!(answer.stderr.contains(&format!("property named '{name}'")), "{answer:?}");
    }
    let fine = with("region", json!("eu"));
    assert!(!fine.stderr.contains("WARN"), "{fine:?}");
}
