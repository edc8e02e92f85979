//! A plugin that misbehaves costs its own call an error, and nobody else anything.

use std::time::Duration;

use cpi_tests::{Answer, Endpoint, Host};
use serde_json::json;

/// Lets the misbehaving plugin do one trick, under limits that suit a test.
fn trick(name: &str) -> Answer {
    hostile("http://127.0.0.1:9/", "").call("has_vm", &json!([name]))
}

fn hostile(endpoint: &str, limits: &str) -> Host {
    let cpu = if limits.contains("cpu") { "" } else { "cpu = \"300ms\"\n" };
    let limits = format!("[limits]\nmemory = \"64MiB\"\nwall = {{ default = \"2s\" }}\n{cpu}{limits}");
    Host::hostile(endpoint).with_more_settings(&limits)
}

#[test]
fn it_answers_when_it_behaves() {
    assert_eq!(trick("ok").result(), true);
}

#[test]
fn panics_are_told_with_their_text() {
    let (kind, message) = trick("trap").error();
    assert_eq!(kind, "Bosh::Clouds::CpiError");
    assert!(message.contains("plugin 'hostile' panicked at") && message.contains("a recognisable panic"), "{message}");
    assert!(trick("unreachable").error().1.contains("unreachable"));
    assert!(trick("stack").error().1.contains("plugin 'hostile' failed"));
}

#[test]
fn endless_computing_is_stopped() {
    let answer = trick("loop");
    assert!(answer.error().1.contains("computed for 300ms"), "{answer:?}");
    assert!(answer.took < Duration::from_secs(2), "{answer:?}");
}

#[test]
fn endless_waiting_is_stopped_and_waiting_costs_no_computing() {
    let answer = trick("sleep");
    assert!(answer.error().1.contains("has_vm took longer than 2s"), "{answer:?}");
    // A second of naps under a budget of 300 ms of computing.
    assert_eq!(trick("naps:50").result(), true);
}

#[test]
fn ten_gibibytes_are_refused() {
    let (_, message) = trick("memory").error();
    assert!(message.contains("its limit is 64 MiB") && message.contains("[limits] memory"), "{message}");
}

#[test]
fn it_cannot_answer_for_the_host() {
    let answer = hostile("http://127.0.0.1:9/", "cpu = \"20s\"\n").call("has_vm", &json!(["stdout"]));
    assert_eq!(answer.result(), true);
    assert!(!answer.stdout.contains("FORGED"), "{answer:?}");
    assert!(trick("exit").error().1.contains("ended itself with status 0"));
}

#[test]
fn it_cannot_write_without_end_or_forge_lines() {
    let answer = trick("log-flood");
    answer.response();
    assert!(answer.stderr.len() < 2 << 20, "{}", answer.stderr.len());
    let answer = trick("log-inject");
    answer.response();
    for line in answer.stderr.lines() {
        assert!(line.starts_with("20") && line.contains("[req_id cpi-1]"), "{line:?}");
    }
    assert!(!answer.stderr.contains('\u{1b}') && !answer.stderr.contains('\u{202e}'), "{answer:?}");
}

#[test]
fn it_sees_no_environment_and_no_files() {
    let (_, message) = trick("env").error();
    assert!(message.contains("vars = []") && message.contains("args = []"), "{message}");
    assert!(!message.contains("root:") && !message.contains("Ok(File"), "{message}");
}

#[test]
fn requests_outside_the_grant_are_never_sent() {
    let endpoint = Endpoint::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let host = hostile(&endpoint.url(), "");
    for url in ["http://169.254.169.254/", "http://127.0.0.1:1/", "https://example.com/", "file:///etc/passwd"] {
        let answer = host.call("has_vm", &json!([format!("http:{url}")]));
        let (_, message) = answer.error();
        assert!(message.contains("host-not-granted") || message.contains("invalid-url"), "{message}");
        assert!(answer.stderr.contains("denied GET"), "{answer:?}");
    }
    assert_eq!(endpoint.received(), Vec::<String>::new());
}

#[test]
fn results_that_callers_cannot_read_become_errors() {
    let host = hostile("http://127.0.0.1:9/", "");
    for (method, arguments) in [
        ("create_disk", json!([1, {}, null])),
        ("create_disk", json!([998, {}, null])),
        ("create_disk", json!([999, {}, null])),
        ("attach_disk", json!(["vm", "number"])),
        ("attach_disk", json!(["vm", "null"])),
        ("attach_disk", json!(["vm", "empty"])),
        ("attach_disk", json!(["vm", "number-within"])),
        ("attach_disk", json!(["vm", "deep"])),
        ("attach_disk", json!(["vm", "not json"])),
        ("get_disks", json!(["vm"])),
    ] {
        let (kind, message) = host.call(method, &arguments).error();
        assert_eq!(kind, "Bosh::Clouds::CpiError", "{method} {arguments}: {message}");
    }
}

#[test]
fn messages_are_one_readable_line_of_bounded_length() {
    let host = hostile("http://127.0.0.1:9/", "");
    for disk in ["unknown-method", "unknown-call"] {
        let (_, message) = host.call("delete_disk", &json!([disk])).error();
        assert!(!message.starts_with("Method is not known") && !message.starts_with("Invalid Method:"), "{message}");
    }
    for disk in ["long", "control"] {
        let (_, message) = host.call("delete_disk", &json!([disk])).error();
        assert!(message.len() < 100_000 && !message.chars().any(char::is_control), "{}", message.len());
    }
}

#[test]
fn a_flood_of_requests_ends() {
    let endpoint = Endpoint::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    hostile(&endpoint.url(), "http = { requests = 50 }\n").call("has_vm", &json!(["http-flood"])).response();
    assert!(endpoint.received().len() <= 50);
}
