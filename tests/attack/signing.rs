//! The host's signature as an oracle.

use cpi_tests::Endpoint;
use cpi_tests::coverage::Case;
use serde_json::{Value, json};

use crate::case;
use crate::scene::{SECRET_KEY, SESSION_TOKEN, denied, hostile, send};

const SECTION: &str = "signing as oracle";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A13", "a signature for another host or scope", other_scopes),
    case(SECTION, "A14", "credentials made through a signed call", minted_credentials),
    case(SECTION, "A15", "an action in another place or spelling", smuggled_actions),
    case(SECTION, "A16", "an endpoint that repeats secrets", echo),
    case(SECTION, "A16b", "secrets repeated in other writings", echo_in_other_writings),
    case(SECTION, "A16c", "an answer of eight megabytes of secrets", echo_without_end),
];

const FORM: [&str; 2] = ["content-type", "application/x-www-form-urlencoded"];

fn ok() -> Endpoint {
    Endpoint::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
}

fn other_scopes() {
    let endpoint = ok();
    let host = hostile(&endpoint.url(), "");
    let urls = [
        "https://sts.amazonaws.com/",
        "https://ec2.eu-west-1.amazonaws.com/",
        "https://s3.us-east-1.amazonaws.com/allowed/x",
        "https://evil.example/allowed/x",
    ];
    let orders: Value = urls.iter().map(|url| json!({"url": url, "credential": "aws"})).collect();
    denied(&host, &orders, &["host-not-granted"]);
    let open = json!([{"url": format!("{}/open/x", endpoint.url()), "credential": "aws"}]);
    denied(&host, &open, &["credential-not-granted"]);
    assert_eq!(endpoint.connections(), 0);
    // What is signed is signed for the scope of the manifest, whatever else the request says.
    let order = json!([{
        "url": format!("{}/allowed/x?region=eu-west-1&service=sts", endpoint.url()), "credential": "aws",
        "headers": [["x-region", "eu-west-1"]],
    }]);
    send(&host, &order);
    let received = endpoint.received().concat();
    assert!(received.contains("/us-east-1/ec2/aws4_request"), "{received}");
}

fn minted_credentials() {
    let endpoint = ok();
    let host = hostile(&endpoint.url(), "");
    let bodies = [
        "Action=GetSessionToken&Version=2011-06-15",
        "Action=AssumeRole&Version=2011-06-15",
        "Action=CreateAccessKey&Version=2010-05-08",
        "Action=GetPasswordData",
        "Action=DescribeInstances",
        "Action=RunInstances2",
        "Action=",
        "Version=1",
        "",
    ];
    let url = format!("{}/", endpoint.url());
    let orders: Value = bodies
        .iter()
        .map(|body| json!({"url": url, "method": "POST", "credential": "aws", "headers": [FORM], "body": body}))
        .collect();
    denied(&host, &orders, &["action-not-granted"]);
    let azure = "https://management.azure.com/subscriptions/1/providers/Microsoft.Storage/storageAccounts/a/listKeys";
    let urls = [azure, "https://graph.microsoft.com/v1.0/applications/1/addPassword", "https://iam.amazonaws.com/"];
    let orders: Value = urls.iter().map(|url| json!({"url": url, "method": "POST", "credential": "aws"})).collect();
    denied(&host, &orders, &["host-not-granted"]);
    assert_eq!(endpoint.connections(), 0);
}

fn smuggled_actions() {
    let endpoint = ok();
    let url = format!("{}/", endpoint.url());
    let order = |url: &str, headers: &Value, body: &str| json!({"url": url, "method": "POST", "credential": "aws", "headers": headers, "body": body});
    let form = json!([FORM]);
    let bodies = [
        "Action=RunInstances&Action=TerminateInstances",
        "Action=TerminateInstances&Action=RunInstances",
        "Action=RunInstances&action=TerminateInstances",
        "ACTION=RunInstances",
        "%41ction=TerminateInstances&Action=RunInstances",
        "Action=RunInstances;Action=TerminateInstances",
        "Action=RunInstances&Action%00=TerminateInstances",
        "Action=RunInstances&%EF%BB%BFAction=TerminateInstances",
        "Action=RunInstances&Action+=TerminateInstances",
        "Action=RunInstances&Action[]=TerminateInstances",
        "Action=RunInstances%00",
        "Action= RunInstances",
        "Action=Run%49nstances%20",
    ];
    let mut orders: Vec<_> = bodies.iter().map(|body| order(&url, &form, body)).collect();
    let run = "Action=RunInstances";
    orders.push(order(&format!("{url}?Action=TerminateInstances"), &form, run));
    orders.push(order(&format!("{url}?"), &form, run));
    for types in [
        json!([["content-type", "application/json"]]),
        json!([["content-type", "multipart/form-data; boundary=x"]]),
        json!([["content-type", "application/x-www-form-urlencoded; charset=utf-16"]]),
        json!([FORM, ["Content-Type", "application/json"]]),
        json!([]),
    ] {
        orders.push(order(&url, &types, run));
    }
    denied(&hostile(&endpoint.url(), ""), &Value::Array(orders), &["action-not-granted", "invalid-url"]);
    assert_eq!(endpoint.connections(), 0);
}

/// What the plugin gets from an endpoint that answers with this head and body.
fn repeated(headers: &str, body: &str) -> (String, String) {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    let endpoint = Endpoint::answering(head + body);
    let order = json!([{"url": format!("{}/allowed/x", endpoint.url()), "credential": "aws"}]);
    let (answer, outcomes) = send(&hostile(&endpoint.url(), ""), &order);
    (outcomes[0]["answer"].to_string(), answer.stderr)
}

fn echo() {
    // Everything that it was sent, as the request of a server that reflects it.
    let endpoint = Endpoint::replying(|request| {
        let length = request.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{request}").into_bytes()
    });
    let order = json!([{"url": format!("{}/allowed/x", endpoint.url()), "credential": "aws"}]);
    let (answer, outcomes) = send(&hostile(&endpoint.url(), ""), &order);
    assert!(endpoint.received().concat().contains(SESSION_TOKEN), "the endpoint knew it");
    let text = outcomes[0]["answer"]["body"].as_str().unwrap().to_owned();
    assert!(text.contains("x-amz-security-token: *") && !text.contains(SESSION_TOKEN), "{text}");
    assert!(answer.stderr.contains("WARN  [req_id cpi-1] the answer repeated a secret"), "{answer:?}");

    // Names of headers come in small letters.
    for header in [format!("x-a: {SECRET_KEY}"), format!("x-{SESSION_TOKEN}: 1"), format!("x-a: {SESSION_TOKEN}")] {
        let (outcome, stderr) = repeated(&format!("{header}\r\n"), "");
        assert!(outcome.contains('*') && !outcome.contains("canary"), "{header}: {outcome}");
        assert!(stderr.contains("the answer repeated a secret"), "{stderr}");
    }
}

fn echo_in_other_writings() {
    for written in [
        // Base64 with one, two and three bytes before it, and for URLs.
        "eDpjYW5hcnkvc2VjcmV0K2FjY2Vzcy1rZXk6eA==",
        "eHk6Y2FuYXJ5L3NlY3JldCthY2Nlc3Mta2V5",
        "Y2FuYXJ5L3NlY3JldCthY2Nlc3Mta2V5",
        "63616e6172792f7365637265742b6163636573732d6b6579",
        "63616E6172792F7365637265742B6163636573732D6B6579",
        "canary%2Fsecret%2Baccess-key",
        "canary%2fsecret%2baccess%2dkey",
        "canary\\/secret+access-key",
    ] {
        let (outcome, stderr) = repeated("", &format!("<{written}>"));
        assert!(!outcome.contains(written) && outcome.contains('*'), "{written}: {outcome}");
        assert!(stderr.contains("the answer repeated a secret"), "{stderr}");
    }
}

/// Taking secrets out of an answer takes one pass over it.
fn echo_without_end() {
    let body = SESSION_TOKEN.repeat((8 << 20) / SESSION_TOKEN.len() - 1);
    let start = std::time::Instant::now();
    let (outcome, _) = repeated("", &body);
    assert!(outcome.contains("****") && !outcome.contains("canary"), "{outcome}");
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}
