//! Answers that are nonsense, too large, or not what they say.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Endpoint, Host};
use serde_json::json;

use crate::case;
use crate::scene::{hostile, peak};

const SECTION: &str = "resources";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A24", "a body of ten gibibytes", large_bodies),
    case(SECTION, "A24b", "a body that expands", bombs),
    case(SECTION, "A24c", "a byte a second", slow),
    case(SECTION, "A24d", "headers without end", headers),
    case(SECTION, "A24e", "a length that lies, and two of them", lengths),
    case(SECTION, "A24f", "what is no HTTP", nonsense),
    case(SECTION, "A24g", "an operator's plugin before nonsense", nonsense_for_aws),
    case(SECTION, "A24h", "a time to wait that never ends", retry_after),
];

/// One GET to an endpoint under tight limits, its outcome as text, and the most memory of the process in MiB.
pub(crate) fn get(endpoint: &Endpoint) -> (Answer, String, u64) {
    let host = hostile(&endpoint.url(), "http = { timeout = \"3s\", response = \"1MiB\" }\n");
    let (answer, mib) = peak(&host, "has_vm", &json!([format!("http:{}/open/x", endpoint.url())]));
    assert!(answer.took < Duration::from_secs(20), "{answer:?}");
    assert!(mib < 300, "{mib} MiB");
    let (_, message) = answer.error();
    (answer, message, mib)
}

fn forever(stream: &mut TcpStream, bytes: &[u8]) {
    while stream.write_all(bytes).is_ok() {}
}

fn large_bodies() {
    let (answer, message, _) = get(&Endpoint::flooding());
    assert!(message.contains("TooLarge(1048576)"), "{message}");
    assert!(answer.stderr.contains("the answer is larger than 1048576 bytes: raise [limits] http"), "{answer:?}");
    let told = "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n";
    assert!(get(&Endpoint::answering(told)).1.contains("TooLarge"), "before a byte is read");
    let chunks = Endpoint::serve(|stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        forever(stream, b"10\r\n0123456789abcdef\r\n");
    });
    assert!(get(&chunks).1.contains("TooLarge"));
    let huge_chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n";
    assert!(get(&Endpoint::answering(huge_chunk)).1.contains("Unreachable"));
}

/// Nothing is unpacked, so nothing expands.
fn bombs() {
    // An empty text, deflated, with the two magic bytes of gzip.
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00";
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n", gzip.len());
        let endpoint = Endpoint::answering([head.as_bytes(), gzip].concat());
        let (_, message, _) = get(&endpoint);
        assert!(message.contains("status 200") && message.contains(encoding), "{message}");
        assert!(!endpoint.received().concat().to_ascii_lowercase().contains("accept-encoding"), "nobody asked for it");
    }
}

fn slow() {
    let drop = |stream: &mut TcpStream, bytes: &[u8]| {
        for byte in bytes.iter().cycle() {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    };
    let head = Endpoint::serve(move |stream| drop(stream, b"HTTP/1.1 200 OK\r\n"));
    let body = Endpoint::serve(move |stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        drop(stream, b"x");
    });
    for endpoint in [head, body, Endpoint::hanging()] {
        let (answer, message, _) = get(&endpoint);
        assert!(message.contains("TimedOut(") && message.contains("did not answer in time"), "{message}");
        assert!(answer.stderr.contains("[limits] http = { timeout"), "{answer:?}");
    }
}

fn headers() {
    let many = Endpoint::serve(|stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        forever(stream, b"x-a: b\r\n");
    });
    let long = Endpoint::serve(|stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx-a: ");
        forever(stream, &[b'x'; 4096]);
    });
    let continued = Endpoint::serve(|stream| forever(stream, b"HTTP/1.1 100 Continue\r\n\r\n"));
    let trailers = Endpoint::serve(|stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
        forever(stream, b"x-a: b\r\n");
    });
    for endpoint in [many, long, continued, trailers] {
        let (answer, message, _) = get(&endpoint);
        assert!(message.contains("Unreachable(") || message.contains("TimedOut("), "{message}");
        assert!(answer.stderr.contains("/open/x failed after"), "{answer:?}");
    }
}

fn lengths() {
    for (head, body) in [
        ("Content-Length: 1000", "short"),
        ("Content-Length: -1", "x"),
        ("Content-Length: 99999999999999999999999999", "x"),
        ("Content-Length: 1\r\nContent-Length: 2", "xx"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 2", "5\r\nab"),
        ("Transfer-Encoding: chunked", "zz\r\n"),
        ("Transfer-Encoding: chunked", "-1\r\nx\r\n"),
    ] {
        let endpoint = Endpoint::answering(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}"));
        let (answer, message, _) = get(&endpoint);
        assert!(message.contains("Unreachable(") || message.contains("TooLarge("), "{head}: {message}");
        assert!(answer.stderr.contains("/open/x failed after"), "{answer:?}");
    }
    // More than was said belongs to no answer, and to none of the next request either.
    let endpoint = Endpoint::answering(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nFORGED",
    );
    let order = json!([{"url": format!("{}/open/x", endpoint.url()), "times": 3}]);
    let (_, outcomes) = crate::scene::send(&hostile(&endpoint.url(), ""), &order);
    assert!(!json!(outcomes).to_string().contains("FORGED"), "{outcomes:?}");
}

fn nonsense() {
    for bytes in [
        &b"220 mail.example.com ESMTP\r\n"[..],
        b"HTTP/1.1 200 OK\nx y: z\n\n",
        b"HTTP/1.1 99 X\r\n\r\n",
        b"HTTP/1.1 20000 X\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-a\0b: c\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"\x00\xff\x00\xff",
        b"",
    ] {
        let (answer, message, _) = get(&Endpoint::answering(bytes));
        let shown = String::from_utf8_lossy(bytes);
        // A status that nobody asked for is an answer like any other.
        let bare = message.contains("status 101") || message.contains("status 99");
        assert!(bare || message.contains("Unreachable("), "{shown:?}: {message}");
        assert!(answer.stderr.contains(if bare { " -> " } else { " failed after" }), "{answer:?}");
    }
}

fn nonsense_for_aws() {
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
        let host =
            Host::aws(&endpoint.url()).with_settings("[limits]\nhttp = { timeout = \"500ms\", response = \"1MiB\" }\n");
        let answer = crate::scene::whole(&host, host.call("has_vm", &json!(["i-0123456789abcdef0"])));
        let (kind, message) = answer.error();
        assert_eq!(kind, "Bosh::Clouds::CloudError", "{message}");
        assert!(message.contains("DescribeInstances"), "{message}");
    }
    // A document of a hundred thousand levels, and one that names itself.
    let deep = "<a>".repeat(100_000);
    let laughs =
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><x>&b;&b;&b;</x>".to_owned();
    for body in [deep, laughs] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", body.len());
        let endpoint = Endpoint::answering(head + &body);
        let host = Host::aws(&endpoint.url());
        let (answer, mib) = peak(&host, "has_vm", &json!(["i-0123456789abcdef0"]));
        answer.response();
        assert!(mib < 400, "{mib} MiB");
    }
}

/// An endpoint cannot make a call sleep longer than the call's own time.
fn retry_after() {
    for time in ["99999999999999999999", "4294967296", "-1", "Fri, 31 Dec 9999 23:59:59 GMT", "1e9"] {
        let head = format!("HTTP/1.1 503 Busy\r\nRetry-After: {time}\r\nContent-Length: 0\r\n\r\n");
        let endpoint = Endpoint::answering(head);
        let host = hostile(&endpoint.url(), "wall = { default = \"2s\" }\n");
        let answer = crate::scene::has_vm(&host, &format!("http:{}/open/x", endpoint.url()));
        assert!(answer.error().1.contains("has_vm took longer than 2s"), "{answer:?}");
        assert!(answer.stderr.contains("trying again in "), "{answer:?}");
    }
}
