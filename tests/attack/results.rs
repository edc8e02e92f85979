//! What a plugin answers, or does instead of answering.

use cpi_tests::coverage::Case;
use serde_json::json;

use crate::case;
use crate::scene::{NOWHERE, hostile, peak, trick, whole};

const SECTION: &str = "resources";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A25", "identifiers that are none", identifiers),
    case(SECTION, "A25b", "documents that are none", documents),
    case(SECTION, "A25c", "results without end", large_results),
    case(SECTION, "A26", "a plugin that ends instead of answering", endings),
    case(SECTION, "A26b", "a plugin that answers in the host's place", forged_answers),
    case(SECTION, "A26c", "a plugin that answers twice", twice),
    case(SECTION, "A26d", "messages that callers read as something else", messages),
];

/// Every one of these answers becomes an error of the host's.
fn refused(method: &str, arguments: serde_json::Value) {
    let host = hostile(NOWHERE, "");
    let answer = whole(&host, host.call(method, &arguments));
    let (kind, message) = answer.error();
    assert_eq!(kind, "Bosh::Clouds::CpiError", "{method} {arguments}: {message}");
    assert!(message.contains("plugin"), "{method} {arguments}: {message}");
    assert!(answer.stderr.contains(&format!("ERROR [req_id cpi-1] Failed {method}")), "{answer:?}");
}

fn identifiers() {
    for size in [1, 996, 997, 998] {
        refused("create_disk", json!([size, {}, null]));
    }
}

fn documents() {
    for hint in [
        "number",
        "null",
        "empty",
        "empty-text",
        "list",
        "number-within",
        "nan",
        "huge-number",
        "turned",
        "deep",
        "deep-object",
        "not json",
    ] {
        refused("attach_disk", json!(["vm", hint]));
    }
    let host = hostile(NOWHERE, "");
    let networks = json!([{"type": "manual", "range": "10.0.0.0/24", "cloud_properties": {}}]);
    let answer = whole(&host, host.call("create_network", &networks));
    assert_eq!(answer.error().0, "Bosh::Clouds::CpiError", "{answer:?}");
    let size = json!([{"cpu": 1, "ram": 1, "ephemeral_disk_size": 1}]);
    let answer = whole(&host, host.call("calculate_vm_cloud_properties", &size));
    assert_eq!(answer.error().0, "Bosh::Clouds::CpiError", "{answer:?}");
}

fn large_results() {
    let host = hostile(NOWHERE, "memory = \"256MiB\"\n");
    for (method, arguments) in [("create_disk", json!([999, {}, null])), ("get_disks", json!(["vm"]))] {
        let (answer, mib) = peak(&host, method, &arguments);
        assert_eq!(answer.error().0, "Bosh::Clouds::CpiError", "{answer:?}");
        assert!(answer.stdout.len() < 4096, "{}", answer.stdout.len());
        assert!(mib < 800, "{mib} MiB");
    }
}

fn endings() {
    let (kind, message) = trick("trap").error();
    assert_eq!(kind, "Bosh::Clouds::CpiError");
    assert!(message.contains("plugin 'hostile' panicked at") && message.contains("a recognisable panic"), "{message}");
    assert!(trick("unreachable").error().1.contains("unreachable"));
    assert!(trick("exit").error().1.contains("ended itself with status 0"));
}

fn forged_answers() {
    let host = hostile(NOWHERE, "cpu = \"20s\"\n");
    for stream in ["stdout", "stderr"] {
        let answer = whole(&host, host.call("has_vm", &json!([stream])));
        assert_eq!(answer.result(), true);
        assert!(!answer.stdout.contains("FORGED"), "{answer:?}");
        assert!(answer.stderr.contains("INFO  [req_id cpi-1] hostile: {\"result\":\"FORGED\""), "{answer:?}");
    }
}

/// The second answer ends the instance; whether the first one counts or not, the caller gets one.
fn twice() {
    let answer = trick("return-twice");
    let response = answer.response();
    assert!(response["result"] == true || response["error"]["type"] == "Bosh::Clouds::CpiError", "{answer:?}");
}

fn messages() {
    let host = hostile(NOWHERE, "memory = \"256MiB\"\n");
    for disk in ["unknown-method", "unknown-call"] {
        let (_, message) = whole(&host, host.call("delete_disk", &json!([disk]))).error();
        assert!(!message.starts_with("Method is not known") && !message.starts_with("Invalid Method:"), "{message}");
    }
    for disk in ["long", "control"] {
        let (_, message) = whole(&host, host.call("delete_disk", &json!([disk]))).error();
        assert!(message.len() < 100_000, "{}", message.len());
    }
}
