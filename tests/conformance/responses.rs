//! S: what responses look like.

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Endpoint, Host};
use serde_json::{Value, json};

use crate::support::{assert_kind, case, disk, vm};

const SECTION: &str = "S response";

pub(crate) const CASES: &[Case] = &[
    case("S01", SECTION, "result, error, log: all three, in this order", members),
    case("S02", SECTION, "log is a text", log_is_text),
    case("S03", SECTION, "error is null or has type, message and ok_to_retry", error_members),
    case("S04", SECTION, "result is null when error is not", one_of_both),
    case("S05", SECTION, "void methods return null", void_methods),
    case("S06", SECTION, "no NaN and no half characters, whatever a plugin returns", no_nonsense),
    case("S07", SECTION, "invalid UTF-8 of a cloud is replaced", invalid_utf8),
    case("S08", SECTION, "a result of the wrong shape is a CpiError", wrong_shapes),
    case("S09", SECTION, "log and stderr do not say the same twice", nothing_twice),
];

/// A success, an error of each origin: caller, plugin, cloud, host.
fn answers() -> Vec<Answer> {
    let host = Host::sim();
    vec![
        host.call("has_vm", &json!(["vm-1"])),
        host.call("has_vm", &json!([])),
        host.send(b"nonsense"),
        host.call("delete_vm", &json!(["vm-1"])),
        Host::aws(&Endpoint::refusing()).call("has_vm", &json!(["i-1"])),
        Host::hostile("http://127.0.0.1:9/").call("has_vm", &json!(["trap"])),
        Host::sim().with_config("{}").call("has_vm", &json!(["vm-1"])),
    ]
}

fn members() {
    for answer in answers() {
        let keys: Vec<_> = ["\"result\":", "\"error\":", "\"log\":"].map(|key| answer.stdout.find(key).unwrap()).into();
        assert!(keys.is_sorted() && answer.stdout.starts_with("{\"result\":"), "{answer:?}");
        let response = answer.response();
        assert_eq!(response.as_object().unwrap().len(), 3, "{response}");
    }
}

fn log_is_text() {
    for answer in answers() {
        assert!(answer.response()["log"].is_string(), "{answer:?}");
    }
}

fn error_members() {
    let mut errors = 0;
    for answer in answers() {
        let response = answer.response();
        let error = &response["error"];
        if !error.is_null() {
            errors += 1;
            assert!(error["type"].is_string() && error["message"].is_string(), "{error}");
            assert!(error["ok_to_retry"].is_boolean(), "{error}");
        }
    }
    assert_eq!(errors, 6);
}

fn one_of_both() {
    for answer in answers() {
        let response = answer.response();
        assert!(response["error"].is_null() || response["result"].is_null(), "{response}");
    }
}

fn void_methods() {
    let host = Host::sim();
    let (vm, disk) = (vm(&host), disk(&host));
    host.call("attach_disk", &json!([vm, disk])).result();
    let snapshot = host.call("snapshot_disk", &json!([disk, {}])).result();
    let network = host.call("create_network", &json!([{"type": "manual", "cloud_properties": {}}])).result()[0].clone();
    for (method, arguments) in [
        ("set_vm_metadata", json!([vm, {"a": "b"}])),
        ("set_disk_metadata", json!([disk, {"a": "b"}])),
        ("reboot_vm", json!([vm])),
        ("detach_disk", json!([vm, disk])),
        ("resize_disk", json!([disk, 2048])),
        ("delete_snapshot", json!([snapshot])),
        ("delete_disk", json!([disk])),
        ("delete_vm", json!([vm])),
        ("delete_stemcell", json!(["stemcell-1"])),
        ("delete_network", json!([network])),
    ] {
        assert_eq!(host.call(method, &arguments).result(), Value::Null, "{method}");
    }
}

fn no_nonsense() {
    let host = Host::hostile("http://127.0.0.1:9/");
    for hint in ["nan", "half-character", "not json", "deep"] {
        assert_kind(&host.call("attach_disk", &json!(["vm", hint])), "Bosh::Clouds::CpiError");
    }
    let size = json!([{"cpu": 1, "ram": 1, "ephemeral_disk_size": 1}]);
    assert_kind(&host.call("calculate_vm_cloud_properties", &size), "Bosh::Clouds::CpiError");
}

fn invalid_utf8() {
    let mut bytes =
        b"HTTP/1.1 400 X\r\nConnection: close\r\n\r\n<Response><Errors><Error><Code>Odd</Code><Message>a".to_vec();
    bytes.extend(b"\xff\xfe\xed\xa0\x80z</Message></Error></Errors></Response>");
    let answer = Host::aws(&Endpoint::answering(bytes).url()).call("has_vm", &json!(["i-1"]));
    // `Answer` has checked that stdout and stderr are UTF-8.
    assert_kind(&answer, "Bosh::Clouds::CloudError");
}

fn wrong_shapes() {
    let host = Host::hostile("http://127.0.0.1:9/");
    for (method, arguments) in [
        ("create_disk", json!([1, {}, null])),
        ("create_disk", json!([998, {}, null])),
        ("attach_disk", json!(["vm", "number"])),
        ("attach_disk", json!(["vm", "list"])),
        ("attach_disk", json!(["vm", "empty-text"])),
        ("get_disks", json!(["vm"])),
        ("create_network", json!([{"type": "manual", "cloud_properties": {}}])),
    ] {
        assert_kind(&host.call(method, &arguments), "Bosh::Clouds::CpiError");
    }
}

fn nothing_twice() {
    for answer in answers() {
        assert_eq!(answer.response()["log"], "", "what there is to say is on stderr");
    }
}
