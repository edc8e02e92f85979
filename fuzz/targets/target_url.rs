//! URLs that the gate permits lead where another parser says as well.
#![no_main]

use std::sync::LazyLock;

use cpi_policy::{Grant, HostConfig, Manifest, Method, Outgoing, Settings};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const MANIFEST: &str = r#"
[plugin]
name = "example"
version = "1.0.0"
contract = "bosh:cpi@0.1"
settings = ["endpoint"]
[[http]]
hosts = ["https://api.example.com"]
methods = ["GET"]
paths = ["/v1/*"]
[[http]]
hosts = ["https://other.example.com"]
endpoint = "endpoint"
methods = ["GET"]
paths = ["/**"]
"#;

static GRANT: LazyLock<Grant> = LazyLock::new(|| {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let properties = json!({"example": {"endpoint": "http://10.0.0.1:5000/base"}});
    let settings = Settings::split(&manifest, properties.as_object().unwrap(), &cpi_protocol::Object::new()).unwrap();
    Grant::new(&manifest, &settings, &HostConfig::default()).unwrap()
});

fuzz_target!(|url: &str| {
    let request = Outgoing {
        method: Method::Get,
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        credential: None,
        timeout_ms: None,
    };
    let Ok(permit) = GRANT.check(request) else { return };
    let second: http::Uri = permit.url().as_str().parse().expect("another parser reads it");
    let authority = second.authority().expect("an authority").as_str();
    let path = second.path();
    match (second.scheme_str(), authority) {
        (Some("https"), "api.example.com") => {
            let segment = path.strip_prefix("/v1/").expect("the granted path");
            assert!(!segment.is_empty() && !segment.contains(['/', '\\']), "{path}");
        }
        (Some("http"), "10.0.0.1:5000") => assert!(path == "/base" || path.starts_with("/base/"), "{path}"),
        other => panic!("permitted {other:?}"),
    }
    assert!(path.split('/').all(|segment| segment != "." && segment != ".."), "{path}");
});
