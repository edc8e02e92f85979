//! Where requests go, and in which spelling.

use std::net::IpAddr;

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Endpoint};
use serde_json::{Value, json};

use crate::altered::{install, with_manifest};
use crate::scene::{denied, has_vm, hostile, send, whole};
use crate::{case, isolated};

const SECTION: &str = "egress";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A01", "metadata services", metadata_services),
    case(SECTION, "A02", "other spellings of their addresses", other_spellings),
    case(SECTION, "A03", "a manifest that names an address", address_in_a_manifest),
    case(SECTION, "A04", "URLs that look like the allowed one", look_alikes),
    case(SECTION, "A05", "other schemes, and http in place of https", other_schemes),
    case(SECTION, "A06", "redirects", redirects),
    case(SECTION, "A08", "header smuggling", header_smuggling),
    case(SECTION, "A08b", "more headers than a library takes", very_many_headers),
    case(SECTION, "A09", "signatures of the plugin's own", own_signatures),
    case(SECTION, "A10", "paths, methods and queries outside the grant", outside_the_grant),
    case(SECTION, "A10b", "a URL of a hundred kilobytes", very_long_url),
    case(SECTION, "A11", "proxies in the environment", proxies),
];

fn ok() -> Endpoint {
    Endpoint::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
}

/// A GET for each URL, without credential.
fn gets(urls: &[String]) -> Value {
    urls.iter().map(|url| json!({"url": url})).collect()
}

/// All of these are denied with one of the codes, and nobody has connected to anything.
fn never_sent(urls: &[&str], codes: &[&str]) {
    let endpoint = ok();
    let urls: Vec<_> = urls.iter().map(|url| url.replace("PORT", &endpoint.port().to_string())).collect();
    denied(&hostile(&endpoint.url(), ""), &gets(&urls), codes);
    assert_eq!(endpoint.connections(), 0);
}

fn metadata_services() {
    let before = isolated::arrivals();
    let addresses = ["169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "[fd00:ec2::254]"];
    let urls: Vec<_> = addresses.iter().map(|address| format!("http://{address}/latest/meta-data/")).collect();
    let mut urls: Vec<_> = urls.iter().map(String::as_str).collect();
    urls.extend([
        "http://metadata.google.internal/computeMetadata/v1/",
        "https://169.254.169.254/",
        "http://metadata/",
    ]);
    never_sent(&urls, &["host-not-granted"]);
    let arrived: Vec<_> = isolated::arrivals().into_iter().filter(|address| is_metadata(*address)).collect();
    let known = before.into_iter().filter(|address| is_metadata(*address)).count();
    assert_eq!(arrived.len(), known, "{arrived:?}");
}

fn is_metadata(address: IpAddr) -> bool {
    ["169.254.169.254", "169.254.170.2", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"]
        .iter()
        .any(|text| text.parse() == Ok(address))
}

fn other_spellings() {
    never_sent(
        &[
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://0xa9.0xfe.0xa9.0xfe/",
            "http://0251.0376.0251.0376/",
            "http://169.254.43518/",
            "http://169.16689662/",
            "http://169.254.169.254./",
            "http://[::ffff:169.254.169.254]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[::169.254.169.254]/",
            "http://[64:ff9b::169.254.169.254]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:a9fe:a9fe::1]/",
            "http://[2001:0:a9fe:a9fe::1]/",
            "http://[fe80::1%25lo]/",
            "http://[fe80::1%lo]/",
            "http://\u{ff11}69.254.169.254/",
            "http://\u{2460}69.254.169.254/",
            "http://169\u{3002}254\u{3002}169\u{3002}254/",
            "http://169%2e254%2e169%2e254/",
        ],
        &["host-not-granted", "invalid-url"],
    );
}

/// An author may write an address into a manifest; it is checked like one that a name has.
fn address_in_a_manifest() {
    let before = "\"https://ec2.us-east-1.amazonaws.com\"";
    let installed = install(&with_manifest(before, "\"https://169.254.169.254\""));
    let host = installed.host("", "").with_config(r#"{"cloud": {"plugin": "hostile", "properties": {"hostile": {}}}}"#);
    let answer = has_vm(&host, "http:https://169.254.169.254/open/x");
    assert!(answer.error().1.contains("address-not-granted"), "{answer:?}");
    assert!(answer.stderr.contains("denied GET address-not-granted"), "{answer:?}");
    assert!(answer.stderr.contains("allow-private = [\"169.254.169.254/32:443\"]"), "{answer:?}");
}

fn look_alikes() {
    never_sent(
        &[
            "http://127.0.0.1:PORT@evil.example/open/x",
            "http://127.0.0.1:PORT\\@evil.example/open/x",
            "http://evil.example\\@127.0.0.1:PORT/open/x",
            "http://user@127.0.0.1:PORT/open/x",
            "http://user:password@127.0.0.1:PORT/open/x",
            "http://@127.0.0.1:PORT/open/x",
            "http://127.0.0.1:PORT.evil.example/open/x",
            "http://127.0.0.1.evil.example:PORT/open/x",
            "http://evil127.0.0.1:PORT/open/x",
            "http://127.0.0.1:PORT:80/open/x",
            "http://127.0.0.1:0PORT/open/x",
            "http://127.0.0.1:/open/x",
            "http://127.0.0.1:0/open/x",
            "http://127.0.0.1/open/x",
            "http://127.0.0.1:+PORT/open/x",
            "http://127.0.0.1:PORT#@evil.example/open/x",
            "http://127.0.0.1:PORT/open/x#fragment",
            "http:/127.0.0.1:PORT/open/x",
            "http:127.0.0.1:PORT/open/x",
            "http:\\\\127.0.0.1:PORT\\open\\x",
            "//127.0.0.1:PORT/open/x",
            "HTTP://127.0.0.1:PORT/open/x",
            " http://127.0.0.1:PORT/open/x",
            "http://127.0.0.1:PORT/open/x ",
            "ht\ttp://127.0.0.1:PORT/open/x",
            "http://127.0.0.1:PORT/op\nen/x",
            "http://127.0.0.1:PORT/open/\u{0}x",
            "http://127.1:PORT/open/x",
            "http://0x7f.1:PORT/open/x",
            "http://0177.0.0.1:PORT/open/x",
            "http://localhost:PORT/open/x",
            "http://[::1]:PORT/open/x",
            "http://[::ffff:127.0.0.1]:PORT/open/x",
            "http://\u{ff11}27.0.0.1:PORT/open/x",
            "https://ec2.us\u{2010}east-1.amazonaws.com/open/x",
            "https://\u{435}c2.us-east-1.amazonaws.com/open/x",
            "",
            "http://",
        ],
        &["host-not-granted", "invalid-url"],
    );
}

fn other_schemes() {
    never_sent(
        &[
            "file:///etc/passwd",
            "file://127.0.0.1:PORT/open/x",
            "ftp://127.0.0.1:PORT/open/x",
            "unix:///run/docker.sock",
            "data:text/plain,x",
            "gopher://127.0.0.1:PORT/open/x",
            "ws://127.0.0.1:PORT/open/x",
            "https://127.0.0.1:PORT/open/x",
            "http://ec2.us-east-1.amazonaws.com/open/x",
            "javascript:alert(1)",
        ],
        &["host-not-granted", "invalid-url"],
    );
}

fn redirects() {
    let elsewhere = ok();
    for status in [301, 302, 303, 307, 308] {
        for location in
            ["http://169.254.169.254/", &format!("{}/open/x", elsewhere.url()), "/open/again", "file:///etc/passwd"]
        {
            let answer = format!(
                "HTTP/1.1 {status} X\r\nConnection: close\r\nLocation: {location}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
            );
            let endpoint = Endpoint::answering(answer);
            let order = json!([{"url": format!("{}/open/x", endpoint.url()), "times": 2}]);
            let (answer, outcomes) = send(&hostile(&endpoint.url(), ""), &order);
            assert_eq!(outcomes[0]["answer"]["status"], status, "{answer:?}");
            assert!(answer.stderr.contains(&format!("/open/x -> {status} in ")), "{answer:?}");
            let received = endpoint.received();
            assert_eq!(received.len(), 2, "not followed: {received:?}");
            assert!(!received.concat().to_ascii_lowercase().contains("cookie"), "{received:?}");
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

fn header_smuggling() {
    let endpoint = ok();
    let owned = [
        "Host",
        "HOST",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "Expect",
        "Te",
        "Trailer",
        "Via",
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Accept-Encoding",
        "Cookie",
        "HTTP2-Settings",
        "X-HTTP-Method-Override",
        "X-Original-URL",
    ];
    let malformed = [
        ("x-a", "value\r\nx-forged: FORGED"),
        ("x-a", "value\nx-forged: FORGED"),
        ("x-a", "value\r\n folded"),
        ("x-a", "nul\u{0}"),
        ("x-a", "\u{7f}"),
        ("x-a", "letters: \u{e4}"),
        ("x-a\r\nx-forged", "FORGED"),
        ("x-a: FORGED\r\nx-b", "FORGED"),
        ("x a", "FORGED"),
        ("x-a ", "FORGED"),
        (":authority", "evil.example"),
        (":path", "/"),
        ("\u{212a}eep", "FORGED"),
        ("", "FORGED"),
    ];
    let url = format!("{}/open/x", endpoint.url());
    let headers = owned.iter().map(|name| (*name, "1")).chain(malformed);
    let orders: Value = headers.map(|header| json!({"url": url, "headers": [header]})).collect();
    denied(&hostile(&endpoint.url(), ""), &orders, &["forbidden-header"]);
    assert_eq!(endpoint.connections(), 0);
}

/// A library that counts headers with sixteen bits must not be reached by a plugin that does not.
fn very_many_headers() {
    let endpoint = ok();
    let order = json!({"url": format!("{}/open/x", endpoint.url()), "headers": [["x-a", "x".repeat(50)]], "header_times": 40_000});
    denied(&hostile(&endpoint.url(), ""), &json!([order]), &["forbidden-header"]);
    assert_eq!(endpoint.connections(), 0);
}

fn own_signatures() {
    let endpoint = ok();
    let url = format!("{}/allowed/x", endpoint.url());
    let headers = [
        ("Authorization", "AWS4-HMAC-SHA256 FORGED"),
        ("AUTHORIZATION", "Bearer FORGED"),
        ("X-Amz-Date", "20200101T000000Z"),
        ("X-Amz-Security-Token", "FORGED"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("x-ms-date", "FORGED"),
        ("x-ms-authorization-auxiliary", "FORGED"),
    ];
    let host = hostile(&endpoint.url(), "");
    let orders: Value =
        headers.iter().map(|header| json!({"url": url, "credential": "aws", "headers": [header]})).collect();
    denied(&host, &orders, &["forbidden-header"]);
    let queries =
        ["X-Amz-Signature=1", "x-amz-credential=1", "X%2DAmz-Date=1", "sig=1", "AWSAccessKeyId=1", "access_token=1"];
    let orders: Value =
        queries.iter().map(|query| json!({"url": format!("{url}?{query}"), "credential": "aws"})).collect();
    denied(&host, &orders, &["forbidden-query"]);
    assert_eq!(endpoint.connections(), 0);
}

fn outside_the_grant() {
    never_sent(
        &[
            "http://127.0.0.1:PORT/",
            "http://127.0.0.1:PORT/open",
            "http://127.0.0.1:PORT/open/",
            "http://127.0.0.1:PORT/open/a/b",
            "http://127.0.0.1:PORT/OPEN/x",
            "http://127.0.0.1:PORT//open/x",
            "http://127.0.0.1:PORT/open//x",
            "http://127.0.0.1:PORT/open/../secret",
            "http://127.0.0.1:PORT/open/./x",
            "http://127.0.0.1:PORT/open/..%2fsecret",
            "http://127.0.0.1:PORT/open/%2e%2e/secret",
            "http://127.0.0.1:PORT/open/x;/../secret",
            "http://127.0.0.1:PORT/open/x%3b",
            "http://127.0.0.1:PORT/open/x%00",
            "http://127.0.0.1:PORT/open/x%0d%0ax-forged:%20FORGED",
            "http://127.0.0.1:PORT/open/x%252fsecret",
            "http://127.0.0.1:PORT/open/%5c..%5csecret",
            "http://127.0.0.1:PORT/open\\x",
            "http://127.0.0.1:PORT/open/%c0%ae%c0%ae",
            "http://127.0.0.1:PORT/allowed/x",
        ],
        &["path-not-granted", "invalid-url", "credential-not-granted", "method-not-granted"],
    );
    let endpoint = ok();
    let url = format!("{}/open/x", endpoint.url());
    let host = hostile(&endpoint.url(), "");
    let orders = json!([{"url": url, "method": "PUT"}, {"url": url, "method": "DELETE"}]);
    denied(&host, &orders, &["method-not-granted"]);
    denied(
        &host,
        &json!([{"url": url, "credential": "aws"}, {"url": url, "credential": ""}]),
        &["credential-not-granted"],
    );
    assert_eq!(endpoint.connections(), 0);
}

fn very_long_url() {
    let endpoint = ok();
    let order = json!([{"url": format!("{}/open/", endpoint.url()), "longer": 100_000}]);
    denied(&hostile(&endpoint.url(), ""), &order, &["invalid-url"]);
    assert_eq!(endpoint.connections(), 0);
}

fn proxies() {
    let (endpoint, proxy) = (ok(), ok());
    let host = hostile(&endpoint.url(), "");
    let mut command = host.command();
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, proxy.url());
    }
    let mut child = command.spawn().unwrap();
    let input = cpi_tests::request("has_vm", &json!([format!("http:{}/open/x", endpoint.url())])).to_string();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let answer = whole(&host, Answer::of(child.wait_with_output().unwrap(), std::time::Duration::ZERO));
    assert!(answer.error().1.contains("status 200"), "{answer:?}");
    assert_eq!((endpoint.connections(), proxy.connections()), (1, 0));
}
