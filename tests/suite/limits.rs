//! Every limit holds, and says which setting moves it.

use std::time::Duration;

use cpi_tests::{Answer, Endpoint, Host};
use serde_json::json;

const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

fn trick(endpoint: &str, limits: &str, name: &str) -> Answer {
    let limits = format!("[limits]\n{limits}\n");
    Host::hostile(endpoint).with_more_settings(&limits).call("has_vm", &json!([name]))
}

#[test]
fn each_limit_names_its_setting() {
    let nobody = "http://127.0.0.1:9/";
    for (limits, name, code, setting) in [
        ("memory = \"16MiB\"", "memory", "limit-memory", "[limits] memory"),
        ("cpu = \"200ms\"", "loop", "limit-cpu", "[limits] cpu"),
        ("wall = { has_vm = \"500ms\" }", "sleep", "limit-wall", "[limits] wall = { has_vm = … }"),
        ("memory = \"256MiB\"\nvalues = \"8MiB\"", "http-body", "limit-values", "[limits] values"),
        ("instances = 1", "ok", "limit-instances", "[limits] instances"),
        ("table-elements = 1", "ok", "limit-table-elements", "[limits] table-elements"),
    ] {
        let answer = trick(nobody, limits, name);
        let (kind, message) = answer.error();
        assert_eq!(kind, "Bosh::Clouds::CpiError");
        assert!(message.contains(code) && message.contains(setting), "{limits}: {message}");
        assert!(answer.took < Duration::from_secs(5), "{answer:?}");
    }
}

#[test]
fn requests_are_counted_and_spread_over_time() {
    let endpoint = Endpoint::answering(EMPTY);
    let answer = trick(&endpoint.url(), "http = { requests = 60, per-second = 20 }", "http-flood");
    assert!(answer.error().1.contains("limit-requests"), "{answer:?}");
    assert_eq!(endpoint.received().len(), 60);
    assert!(answer.took > Duration::from_millis(1900), "{answer:?}");
}

#[test]
fn a_plugin_blocked_in_the_host_is_ended_on_time() {
    let endpoint = Endpoint::hanging();
    let answer = trick(&endpoint.url(), "wall = { default = \"1s\" }", &format!("http:{}/open/x", endpoint.url()));
    assert!(answer.error().1.contains("limit-wall: has_vm took longer than 1s"), "{answer:?}");
    assert!(answer.took < Duration::from_secs(3), "{answer:?}");
}

#[test]
fn settings_that_mean_nothing_are_refused_with_words_that_help() {
    for (limits, words) in [
        ("wall = { make_tea = \"1h\" }", "no method 'make_tea': write default or one of info, "),
        ("memory = 128", "write \"128MiB\""),
        ("memory = \"plenty\"", "'plenty' is not a size"),
        ("cpu = \"0s\"", "0s"),
        ("http = { in-flight = 0 }", "nonzero"),
        ("memroy = \"1GiB\"", "memroy"),
    ] {
        let (_, message) = trick("http://127.0.0.1:9/", limits, "ok").error();
        assert!(message.contains("host.toml") && message.contains(words), "{limits}: {message}");
    }
}
