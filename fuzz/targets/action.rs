//! The action of a form is the one that a plain server reads.
#![no_main]

use std::sync::LazyLock;

use cpi_policy::{Grant, HostConfig, Manifest, Method, Outgoing, Settings};
use libfuzzer_sys::fuzz_target;

const MANIFEST: &str = r#"
[plugin]
name = "example"
version = "1.0.0"
contract = "bosh:cpi@0.1"
[[http]]
hosts = ["https://api.example.com"]
methods = ["POST"]
paths = ["/"]
actions = { form = "Action", allow = ["Allowed"] }
"#;

static GRANT: LazyLock<Grant> = LazyLock::new(|| {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    Grant::new(&manifest, &Settings::default(), &HostConfig::default()).unwrap()
});

fuzz_target!(|input: (&str, &[u8])| {
    let (query, body) = input;
    let request = Outgoing {
        method: Method::Post,
        url: if query.is_empty() { "https://api.example.com/".to_owned() } else { format!("https://api.example.com/?{query}") },
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
        body: body.to_vec(),
        credential: None,
        timeout_ms: None,
    };
    if GRANT.check(request).is_err() {
        return;
    }
    // Pieces as the simplest of servers cuts them, in any letters, decoded as far as ASCII goes.
    let text = String::from_utf8_lossy(body).to_lowercase();
    let actions: Vec<_> = text
        .split(['&', ';'])
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .filter(|(key, _)| key.trim() == "action")
        .collect();
    assert_eq!(actions, [("action".to_owned(), "allowed".to_owned())]);
});

fn decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("{text}=").as_bytes()).next().map_or(String::new(), |(key, _)| key.into_owned())
}
