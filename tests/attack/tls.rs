//! Servers that are not who they say.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

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
    case(
        SECTION,
        "A12e",
        "an authority's certificate as a server's own, where the operator named it",
        named_authorities,
    ),
    case(SECTION, "A12f", "the same where only the system's list has it", listed_authority),
];

const LIMITS: &str = "http = { timeout = \"10s\" }\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A signed request to the endpoint, by a host that trusts this authority.
pub(crate) fn send(url: &str, authority: &Authority) -> (Host, Answer) {
    send_with(url, |ca| authority.write(ca), "BOSH_CA_CERT_FILE")
}

/// The same by a host whose trusted certificates are in the file that this variable names.
fn send_with(url: &str, write: impl FnOnce(&Path), variable: &str) -> (Host, Answer) {
    let host = hostile(url, LIMITS);
    write(&host.path("ca.pem"));
    let mut command = host.command();
    command.env(variable, host.path("ca.pem")).env("SSLKEYLOGFILE", host.path("keys"));
    let answer = exchange(&host, &mut command, url);
    (host, answer)
}

fn exchange(host: &Host, command: &mut Command, url: &str) -> Answer {
    let input = request("has_vm", &json!([format!("signed:{url}/allowed/x")])).to_string();
    whole(host, Host::exchange(command, input.as_bytes()))
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
        assert!(!answer.stderr.contains("trying again"), "{answer:?}");
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

/// What `openssl req -x509` makes. Only the very certificate that was named is taken, with its name, its dates and its key.
fn named_authorities() {
    let named = Identity::authority("localhost");
    for variable in ["BOSH_CA_CERT_FILE", "SSL_CERT_FILE"] {
        let endpoint = TlsEndpoint::answering(named.clone(), OK);
        let (_, answer) = send_with(&endpoint.url(), |ca| named.write(ca), variable);
        assert!(answer.error().1.contains("status 200"), "{variable}: {answer:?}");
        assert!(endpoint.received().concat().contains("AWS4-HMAC-SHA256"));
    }
    let stranger = Identity::authority("localhost");
    let elsewhere = Identity::authority("other.example.com");
    let expired = Identity::expired_authority("localhost");
    for (named, shown, problem) in [
        (&named, &stranger, "this very certificate"),
        (&named, &named.with_key_of(&stranger), "BadSignature"),
        (&elsewhere, &elsewhere, "not valid for name"),
        (&expired, &expired, "certificate expired"),
    ] {
        let endpoint = TlsEndpoint::answering(shown.clone(), OK);
        let (_, answer) = send_with(&endpoint.url(), |ca| named.write(ca), "BOSH_CA_CERT_FILE");
        assert!(answer.error().1.contains(problem), "{problem}: {answer:?}");
        assert_eq!(endpoint.received(), Vec::<String>::new());
    }
    let authority = Authority::new();
    let endpoint = TlsEndpoint::answering(authority.authority("localhost"), OK);
    let (_, answer) = send(&endpoint.url(), &authority);
    assert!(answer.error().1.contains("this very certificate"), "{answer:?}");
}

/// A list of the system for one process, whose authorities vouch for others and are no servers.
fn listed_authority() {
    const MOUNT: &str = r#"mount --bind "$0" "$(readlink -f /etc/ssl/certs)" && exec "$@""#;
    let (listed, authority) = (Identity::authority("localhost"), Authority::new());
    for (shown, expected) in
        [(authority.identity("localhost"), "status 200"), (listed.clone(), "this very certificate")]
    {
        let endpoint = TlsEndpoint::answering(shown, OK);
        let host = hostile(&endpoint.url(), LIMITS);
        let list = host.path("certs");
        std::fs::create_dir(&list).unwrap();
        authority.write(&list.join("ca-certificates.crt"));
        listed.write(&list.join("another.pem"));
        let call = host.command();
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", MOUNT]).arg(list).arg(call.get_program()).args(call.get_args());
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let answer = exchange(&host, &mut command, &endpoint.url());
        assert!(answer.error().1.contains(expected), "{expected}: {answer:?}");
    }
}
