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

#[test]
fn nonsense_is_answered() {
    for bytes in [
        &b"220 mail.example.com ESMTP\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n<html></html>",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5\r\n\r\n<a><b",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort",
        b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
        b"\x00\xff\x00\xff",
        b"",
    ] {
        let endpoint = Endpoint::answering(bytes);
        let (kind, message) = has_vm(&endpoint.url()).error();
        assert_eq!(kind, "Bosh::Clouds::CloudError", "{message}");
        assert!(message.contains("DescribeInstances"), "{message}");
    }
}

#[test]
fn answers_without_end_are_cut() {
    let endpoint = Endpoint::flooding();
    let (_, message) = has_vm(&endpoint.url()).error();
    assert!(message.contains("larger than 1048576 bytes"), "{message}");
}
