//! Servers that are not who they say.

use std::io::{Read, Write};
use std::time::Duration;

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Authority, Endpoint, Host, Identity, TlsEndpoint, request};
use serde_json::json;

use crate::case;
use crate::scene::{hostile, whole};

const SECTION: &str = "egress";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A12", "a server with a good certificate, for comparison", good),
    case(SECTION, "A12b", "certificates for others, expired, of nobody", bad_certificates),
    case(SECTION, "A12c", "TLS 1.1, and no TLS at all", old_version),
    case(SECTION, "A12d", "keys of connections are not written down", key_log),
];

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A signed request to the endpoint, by a host that trusts this authority.
pub(crate) fn send(url: &str, authority: &Authority) -> (Host, Answer) {
    let host = hostile(url, "http = { timeout = \"10s\" }\n");
    authority.write(&host.path("ca.pem"));
    let mut command = host.command();
    command.env("BOSH_CA_CERT_FILE", host.path("ca.pem")).env("SSLKEYLOGFILE", host.path("keys"));
    let mut child = command.spawn().unwrap();
    let input = request("has_vm", &json!([format!("signed:{url}/allowed/x")])).to_string();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let answer = whole(&host, Answer::of(child.wait_with_output().unwrap(), Duration::ZERO));
    (host, answer)
}

fn good() {
    let authority = Authority::new();
    let endpoint = TlsEndpoint::answering(authority.identity("localhost"), OK);
    let (_, answer) = send(&endpoint.url(), &authority);
    assert!(answer.error().1.contains("status 200"), "{answer:?}");
    assert!(endpoint.received().concat().contains("AWS4-HMAC-SHA256"));
}

fn bad_certificates() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (identity, problem) in [
        (authority.identity("other.example.com"), "NotValidForName"),
        (authority.identity("127.0.0.1"), "NotValidForName"),
        (authority.expired("localhost"), "Expired"),
        (stranger.identity("localhost"), "UnknownIssuer"),
        (Identity::self_signed("localhost"), "UnknownIssuer"),
    ] {
        let endpoint = TlsEndpoint::answering(identity, OK);
        let (_, answer) = send(&endpoint.url(), &authority);
        let (_, message) = answer.error();
        assert!(message.contains("Unreachable(") && message.contains("invalid peer certificate"), "{answer:?}");
        let words = ["not valid for", "expired", "UnknownIssuer", "BadSignature", problem];
        assert!(words.iter().any(|word| message.contains(word)), "{problem}: {answer:?}");
        assert!(answer.stderr.contains(&format!("GET {}/allowed/x failed after", endpoint.url())), "{answer:?}");
        assert_eq!(endpoint.received(), Vec::<String>::new());
    }
}

/// A server that speaks TLS 1.1 only, whatever it is offered, and one that does not speak TLS.
fn old_version() {
    const SERVER_HELLO: &[u8] = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02\
        01234567890123456789012345678901\x00\x00\x2f\x00";
    for bytes in [SERVER_HELLO, OK.as_bytes()] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                _ = stream.read(&mut [0; 4096]);
                _ = stream.write_all(bytes);
                _ = stream.read(&mut [0; 4096]);
            }
        });
        let (_, answer) = send(&format!("https://localhost:{port}"), &Authority::new());
        assert!(answer.error().1.contains("Unreachable("), "{answer:?}");
        assert!(answer.stderr.contains("/allowed/x failed after"), "{answer:?}");
    }
    // An endpoint that is meant to be https is never asked without.
    let endpoint = Endpoint::answering(OK);
    let (_, answer) = send(&endpoint.url().replace("http://127.0.0.1", "https://localhost"), &Authority::new());
    let (_, message) = answer.error();
    assert!(message.contains("Unreachable(") || message.contains("TimedOut("), "{answer:?}");
    assert_eq!(endpoint.received(), Vec::<String>::new());
}

fn key_log() {
    let authority = Authority::new();
    let endpoint = TlsEndpoint::answering(authority.identity("localhost"), OK);
    let (host, _) = send(&endpoint.url(), &authority);
    assert_eq!(endpoint.received().len(), 1);
    assert!(!host.path("keys").exists());
}
