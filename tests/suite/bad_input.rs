//! Whatever comes in, one valid response goes out and the exit status is 0.

use cpi_tests::{Host, request};
use serde_json::json;

#[test]
fn input_that_is_no_request() {
    let host = Host::sim();
    for input in [&b""[..], b"   ", b"nonsense", b"{", b"[]", b"null", b"\xff\xfe", b"{}{}", b"\xef\xbb\xbf{}"] {
        let (kind, message) = host.send(input).error();
        assert_eq!(kind, "InvalidCall", "{input:?}");
        assert!(message.starts_with("Request cannot be") || message.starts_with("Method must"), "{message}");
    }
}

#[test]
fn a_request_that_asks_for_what_there_is_not() {
    let host = Host::sim();
    let (kind, message) = host.call("make_tea", &json!([])).error();
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("Bosh::Clouds::NotImplemented", "Method is not known, got: 'make_tea'")
    );
    let (kind, message) = host.call("has_vm", &json!([])).error();
    assert_eq!(kind, "InvalidCall");
    assert_eq!(message, "Arguments are not correct, details: 'wrong number of arguments (given 0, expected 1)'");
    let (kind, message) = host.call("has_vm", &json!([42])).error();
    assert_eq!(kind, "InvalidCall");
    assert!(message.contains("argument 1 (vm_cid) must be a string, got a number"), "{message}");
}

#[test]
fn a_surplus_argument_is_ignored_and_mentioned() {
    let answer = Host::sim().call("has_vm", &json!(["vm-1", "new in some later version"]));
    assert_eq!(answer.result(), false);
    assert!(answer.stderr.contains("ignored 1 argument(s)"), "{answer:?}");
}

#[test]
fn configurations_that_cannot_be_used_are_named() {
    let missing = Host::sim();
    std::fs::remove_file(missing.path("cpi.json")).unwrap();
    let (kind, message) = missing.call("info", &json!([])).error();
    assert_eq!(kind, "Bosh::Clouds::CpiError");
    assert!(message.contains("cpi.json") && message.contains("No such file"), "{message}");

    for (text, problem) in [
        ("", "is not JSON"),
        ("{\"cloud\":", "is not JSON"),
        ("{}", "Could not find cloud properties"),
        ("{\"cloud\":{\"plugin\":\"sim\"}}", "Could not find cloud properties"),
        ("{\"cloud\":{\"properties\":{}}}", "cloud.plugin must name a plugin"),
        ("{\"cloud\":{\"plugin\":\"nimbus\",\"properties\":{}}}", "plugin 'nimbus' is not installed"),
        ("{\"cloud\":{\"plugin\":\"../sim\",\"properties\":{}}}", "'../sim' is not the name of a plugin"),
        ("{\"cloud\":{\"plugin\":\"sim\",\"properties\":{\"sim\":7}}}", "cloud.properties.sim must be an object"),
    ] {
        let (_, message) = Host::sim().with_config(text).call("has_vm", &json!(["vm-1"])).error();
        assert!(message.contains(problem), "{text}: {message}");
    }

    let (kind, message) = Host::sim().with_settings("colour = 1\n").call("info", &json!([])).error();
    assert_eq!(kind, "Bosh::Clouds::CpiError");
    assert!(message.contains("host.toml") && message.contains("unknown field `colour`"), "{message}");
}

#[test]
fn versions_above_ours_are_an_error_and_not_a_guess() {
    let mut call = request("has_vm", &json!(["vm-1"]));
    call["api_version"] = json!(99);
    let (kind, message) = Host::sim().send(call.to_string().as_bytes()).error();
    assert_eq!(kind, "Bosh::Clouds::CpiError");
    assert!(message.contains("api_version 99 is higher than 3"), "{message}");
}

#[test]
fn a_large_request_is_read_to_its_end() {
    let host = Host::sim();
    let large = "x".repeat(2 << 20);
    let answer = host.call("has_vm", &json!([large]));
    assert_eq!(answer.result(), false);
    let too_large = vec![b' '; 33 << 20];
    let (kind, message) = host.send(&too_large).error();
    assert_eq!(kind, "InvalidCall");
    assert!(message.contains("longer than"), "{message}");
}
