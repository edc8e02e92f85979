//! What operators write in `[plugin.NAME]` holds in the real program.

use cpi_tests::{Endpoint, Host};
use serde_json::json;

#[test]
fn a_denied_request_is_sent_after_its_line_was_written() {
    let endpoint = Endpoint::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let trick = json!([format!("http:{}/open/x", endpoint.url())]);
    let host = Host::hostile(&endpoint.url()).with_more_settings("[plugin.hostile]\nhosts = []\n");
    let answer = host.call("has_vm", &trick);
    assert!(answer.error().1.contains("excluded-by-operator"), "{answer:?}");
    assert_eq!(endpoint.received(), Vec::<String>::new());

    let (_, line) = answer.stderr.split_once("[plugin.hostile] ").unwrap();
    let line = line.lines().next().unwrap();
    let host = Host::hostile(&endpoint.url()).with_more_settings(&format!("[plugin.hostile]\n{line}\n"));
    host.call("has_vm", &trick).response();
    assert_eq!(endpoint.received().len(), 1);
}

#[test]
fn an_entry_that_protects_from_nothing_is_an_error() {
    let host = Host::hostile("http://127.0.0.1:9/").with_more_settings("[plugin.hostile]\nmethods = [\"PATCH\"]\n");
    let (_, message) = host.call("has_vm", &json!(["ok"])).error();
    assert!(message.contains("[plugin.hostile] methods: 'PATCH' is not within what the plugin asks for"), "{message}");
}
