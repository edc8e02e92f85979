//! A cloud that does not behave gives an error that says which endpoint, in which phase.

use cpi_tests::{Answer, Endpoint, Host};
use serde_json::json;

fn has_vm(endpoint: &str) -> Answer {
    let host = Host::aws(endpoint);
    let host = host.with_settings("[limits]\nhttp = { timeout = \"500ms\", response = \"1MiB\" }\n");
    host.call("has_vm", &json!(["i-0123456789abcdef0"]))
}

#[test]
fn nobody_listens() {
    let endpoint = Endpoint::refusing();
    let (kind, message) = has_vm(&endpoint).error();
    assert_eq!(kind, "Bosh::Clouds::CloudError");
    assert!(message.contains(&endpoint) && message.contains("refused"), "{message}");
}

#[test]
fn nobody_answers() {
    let endpoint = Endpoint::hanging();
    let (kind, message) = has_vm(&endpoint.url()).error();
    assert_eq!(kind, "Bosh::Clouds::CloudError");
    assert!(message.contains(&endpoint.url()) && message.contains("did not answer in time"), "{message}");
}
