//! Nothing that a plugin writes leads anywhere but to the one place that is granted.
#![allow(missing_docs, clippy::unwrap_used)]

use cpi_policy::{Grant, HostConfig, Manifest, Method, Outgoing, Settings, is_public};
use cpi_protocol::Object;
use proptest::prelude::*;
use serde_json::json;

const MANIFEST: &str = r#"
[plugin]
name = "example"
version = "1.0.0"
contract = "bosh:cpi@0.1"
settings = ["endpoint"]

[[http]]
hosts = ["https://api.example.com"]
endpoint = "endpoint"
methods = ["GET"]
paths = ["/v1/*"]
"#;

fn grant() -> Grant {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let properties = json!({"example": {"endpoint": "http://10.0.0.1:5000/base"}});
    let settings = Settings::split(&manifest, properties.as_object().unwrap(), &Object::new()).unwrap();
    Grant::new(&manifest, &settings, &HostConfig::default()).unwrap()
}

fn get(url: String, headers: Vec<(String, String)>) -> Outgoing {
    Outgoing { method: Method::Get, url, headers, body: Vec::new(), credential: None, timeout_ms: None }
}

/// URLs near the one that is granted: pieces of it, put together with what parsers stumble over.
fn any_url() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "http://",
        "https://",
        "HTTP://",
        "//",
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "0x0a000001",
        "[::ffff:10.0.0.1]",
        ":5000",
        ":80",
        ":05000",
        "@",
        "\\",
        "/",
        "/base",
        "/v1",
        "/x",
        "..",
        ".",
        "%2e",
        "%2f",
        "%00",
        "?",
        "#",
        ";",
        "\t",
        " ",
        "evil.example",
        "\u{2025}",
        "\u{ff0e}",
        "a",
    ]);
    let near = prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat());
    prop_oneof![near.clone(), near.prop_map(|rest| format!("http://10.0.0.1:5000/base/v1/{rest}")), ".{0,60}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn permits_lead_to_the_endpoint_and_below_its_path(url in any_url()) {
        if let Ok(permit) = grant().check(get(url, Vec::new())) {
            // Read once more by hand, as simply as a server might.
            let text = permit.url().as_str().strip_prefix("http://10.0.0.1:5000/base/v1/");
            let segment = text.unwrap().split('?').next().unwrap();
            prop_assert!(!segment.is_empty() && !segment.contains(['/', '\\', ';', '#']), "{segment}");
            prop_assert!(segment != "." && segment != "..", "{segment}");
            prop_assert_eq!(permit.url().host_str(), Some("10.0.0.1"));
        }
    }

    #[test]
    fn another_parser_reads_the_same(url in any_url()) {
        if let Ok(permit) = grant().check(get(url, Vec::new())) {
            let ours = permit.url();
            let other: http::Uri = ours.as_str().parse().unwrap();
            prop_assert_eq!(other.scheme_str(), Some(ours.scheme()));
            prop_assert_eq!(other.host(), ours.host_str());
            prop_assert_eq!(other.port_u16(), ours.port());
            prop_assert_eq!((other.path(), other.query()), (ours.path(), ours.query()));
        }
    }

    #[test]
    fn headers_that_pass_are_one_line_each(name in ".{0,12}", value in ".{0,20}") {
        let request = get("http://10.0.0.1:5000/base/v1/x".to_owned(), vec![(name.clone(), value.clone())]);
        if grant().check(request).is_ok() {
            prop_assert!(!name.contains(['\r', '\n', ':', ' ']) && !value.contains(['\r', '\n', '\0']));
            prop_assert!(!name.eq_ignore_ascii_case("host"));
        }
    }

    #[test]
    fn no_notation_of_a_private_address_is_public(last in any::<u32>()) {
        let private = std::net::Ipv4Addr::from(0x0a00_0000 | (last & 0x00ff_ffff));
        let [high, low] = [u16::try_from(u32::from(private) >> 16).unwrap(), u16::try_from(u32::from(private) & 0xffff).unwrap()];
        for address in [
            private.to_ipv6_mapped(),
            private.to_ipv6_compatible(),
            std::net::Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            std::net::Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        ] {
            prop_assert!(!is_public(address.into()), "{address}");
        }
        prop_assert!(!is_public(private.into()));
    }
}
