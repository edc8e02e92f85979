//! What stands in the log and in messages, and what only seems to.

use cpi_tests::coverage::Case;
use serde_json::{Value, json};

use crate::case;
use crate::scene::{NOWHERE, hostile, trick, whole};

const SECTION: &str = "secrets and logs";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A28", "lines of log that are forged", forged_lines),
    case(SECTION, "A28b", "requests that turn the writing round", hostile_requests),
    case(SECTION, "A28c", "a request number that ends the line", request_number),
];

/// Ends a line, colours a terminal, turns the writing round, hides.
const ODD: &str =
    "a\n2030-01-01T00:00:00.000Z ERROR FORGED\r\u{1b}[31m\u{1b}]0;FORGED\u{7}\u{202e}\u{2066}\u{feff}\u{0}\u{9b}b";

fn forged_lines() {
    let answer = trick("log-inject");
    assert_eq!(answer.result(), true);
    for line in answer.stderr.lines() {
        let rest = line.split_once("Z ").unwrap().1;
        let level = rest.split_whitespace().next().unwrap();
        assert!(["INFO", "WARN", "ERROR"].contains(&level) && rest.contains("[req_id cpi-1] "), "{line:?}");
        let message = rest.split_once("[req_id cpi-1] ").unwrap().1;
        let ours = ["Starting has_vm", "Finished has_vm", "context.director_uuid is not", "hostile: "]
            .iter()
            .any(|start| message.starts_with(start));
        assert!(ours, "{line:?}");
    }
}

/// Wherever a caller's text stands, no message moves a cursor.
fn hostile_requests() {
    let host = hostile(NOWHERE, "");
    let object = json!({ODD: ODD});
    let network = json!({ODD: {"type": ODD, "ip": ODD, "netmask": ODD, "cloud_properties": {ODD: ODD}, "dns": [ODD]}});
    for (method, arguments) in [
        (ODD, json!([])),
        ("has_vm", json!([ODD])),
        ("has_vm", json!([object])),
        ("create_vm", json!([ODD, ODD, object, network, [ODD], object])),
        ("create_vm", json!([ODD, ODD, object, {ODD: ODD}, [ODD], object])),
        ("create_vm", json!([ODD, ODD, ODD, ODD, ODD, ODD])),
        ("create_stemcell", json!([ODD, object])),
        ("create_stemcell", json!([ODD, ODD])),
        ("create_disk", json!([ODD, object, ODD])),
        ("set_vm_metadata", json!([ODD, object])),
        ("set_vm_metadata", json!([ODD, {ODD: {ODD: ODD}}])),
        ("attach_disk", json!([ODD, ODD])),
        ("delete_disk", json!([ODD])),
        ("resize_disk", json!([ODD, ODD])),
        ("snapshot_disk", json!([ODD, object])),
        ("create_network", json!([{"type": ODD, "cloud_properties": object, "range": ODD}])),
    ] {
        whole(&host, host.call(method, &arguments));
    }
    let mut call = cpi_tests::request("has_vm", &json!(["ok"]));
    for (member, value) in
        [("vm", json!(ODD)), (ODD, json!(ODD)), ("director_uuid", json!(ODD)), ("endpoint", json!(ODD))]
    {
        let before = call["context"].take();
        call["context"] = before.clone();
        call["context"][member] = value;
        whole(&host, host.send(call.to_string().as_bytes()));
        call["context"] = before;
    }
    call["api_version"] = Value::from(ODD);
    whole(&host, host.send(call.to_string().as_bytes()));
    for plugin in [ODD, "../../etc", "\u{202e}"] {
        let config = json!({"cloud": {"plugin": plugin, "properties": {}}});
        let host = hostile(NOWHERE, "").with_config(&config.to_string());
        whole(&host, host.call("has_vm", &json!(["vm"])));
    }
}

fn request_number() {
    let host = hostile(NOWHERE, "");
    for number in [ODD, "cpi-1] FORGED [", &"x".repeat(1 << 20)] {
        let mut call = cpi_tests::request("has_vm", &json!(["ok"]));
        call["context"]["request_id"] = json!(number);
        let answer = whole(&host, host.send(call.to_string().as_bytes()));
        assert_eq!(answer.result(), true);
        assert!(answer.stderr.len() < 4096, "{}", answer.stderr.len());
        assert!(answer.stderr.lines().all(|line| line.contains(" [req_id ")), "{answer:?}");
    }
}
