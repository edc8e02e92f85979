//! Settings, credentials, endpoints, and the envelope of a call.

use std::sync::Mutex;
use std::time::Instant;

use cpi_tests::coverage::Case;
use cpi_tests::{Authority, Endpoint, Host, TlsEndpoint, Tunnel, Turn, identity, request};
use serde_json::{Value, json};

use crate::row;
use crate::world::{CLOUD_ERROR, SECRET, World, of, one};

const SECTION: &str = "configuration and calls";

pub(crate) const CASES: &[Case] = &[
    row("A01", SECTION, "settings that are wrong are told one by one, in the known order and words", validation),
    row("A02", SECTION, "the context lies over the settings, key by key", context),
    row("A03", SECTION, "max_retries is needed, and 0 means one request", max_retries),
    row("A04", SECTION, "throttling and faults are retried with growing pauses", back_off),
    row("A05", SECTION, "a session token goes with the static keys", session_token),
    row("A06", SECTION, "role_arn is assumed in front of static keys and of an instance's", roles),
    row("A07", SECTION, "endpoints with and without a scheme, with a port", endpoints),
    row("A08", SECTION, "dualstack has its own host, and excludes an endpoint", dualstack),
    row("A09", SECTION, "only authorities of the bundle are trusted", authorities),
    row("A10", SECTION, "info: formats, and a version that operators can lower", info),
    row("A11", SECTION, "the version of the API has to be a number", api_version),
    row("A12", SECTION, "unknown methods and envelopes that are wrong", envelopes),
    row("A13", SECTION, "current_vm_id: with a token, and where the service knows none", current_vm),
];

const MISSING: &str = "i-0123456789abcdef0";
const NO_VM: &str = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>";

fn has_vm(host: &Host) -> cpi_tests::Answer {
    host.call("has_vm", &json!([MISSING]))
}

fn validation() {
    let world = World::new();
    // Each line has what the next ones complain about as well, as far as that can be.
    let wrong = [
        (
            json!({"max_retries": null, "region": null, "ec2_endpoint": null}),
            "missing configuration parameters > aws:max_retries",
        ),
        (
            json!({"region": null, "elb_endpoint": null, "credentials_source": "vault"}),
            "missing configuration parameters > aws:region, or aws:ec2_endpoint and aws:elb_endpoint",
        ),
        (json!({"credentials_source": "vault"}), "Unknown credentials_source vault"),
        (
            json!({"secret_access_key": null}),
            "Must use access_key_id and secret_access_key with static credentials_source",
        ),
        (
            json!({"credentials_source": "env_or_profile"}),
            "Can't use access_key_id and secret_access_key with env_or_profile credentials_source",
        ),
        (json!({"dualstack": true}), "Invalid Configuration: Dualstack and custom endpoint are not supported"),
    ];
    for (settings, words) in wrong {
        let answer = has_vm(&world.host_with(settings));
        let (kind, message) = answer.error();
        assert_eq!(
            (kind.as_str(), message.as_str()),
            ("InvalidCall", format!("Arguments are not correct, details: '{words}'").as_str())
        );
        assert_eq!(answer.response()["error"]["ok_to_retry"], false);
    }
    assert!(world.relay.take().is_empty(), "no request before the settings are right");
}

fn context() {
    let world = World::new();
    let host = world.host_with(json!({"region": null, "access_key_id": null, "secret_access_key": null,
        "metadata_options": {"http_tokens": "required"}}));
    let mut call = request("create_vm", &world.vm(json!({})));
    let own = json!({"region": "us-east-1", "access_key_id": "AKIACONTEXT000000001", "secret_access_key": SECRET,
        "metadata_options": {"http_endpoint": "enabled"}, "agent": {"mbus": "nats://elsewhere"}});
    call["context"].as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    host.send(call.to_string().as_bytes()).result();
    let requests = world.relay.take();
    let run = one(&requests, "RunInstances");
    let authorization = run.header("authorization");
    assert!(authorization.contains("Credential=AKIACONTEXT000000001/"), "{authorization}");
    assert!(authorization.contains("/us-east-1/ec2/aws4_request"), "{authorization}");
    // Nested objects are replaced, and the agent's settings are not the context's to change.
    assert_eq!(run.field("MetadataOptions.HttpEndpoint"), "enabled");
    assert_eq!(run.field("MetadataOptions.HttpTokens"), "");
    assert_eq!(crate::world::user_data(run)["mbus"], crate::world::BUS);
}

fn max_retries() {
    let world = World::new();
    let busy = || Turn::refuse(503, "RequestLimitExceeded", "slow down");
    for (retries, requests) in [(0, 1), (2, 3)] {
        world.relay.script(move |_| busy());
        let (kind, message) = has_vm(&world.host_with(json!({"max_retries": retries}))).error();
        assert_eq!((kind.as_str(), message.contains("RequestLimitExceeded")), (CLOUD_ERROR, true));
        assert_eq!(world.relay.take().len(), requests);
    }
}

fn back_off() {
    let world = World::new();
    for (status, code) in [(503, "RequestLimitExceeded"), (500, "InternalError"), (503, "Unavailable")] {
        let times = std::sync::Arc::<Mutex<Vec<Instant>>>::default();
        let seen = times.clone();
        world.relay.script(move |_| {
            let mut seen = seen.lock().unwrap();
            seen.push(Instant::now());
            if seen.len() < 4 { Turn::refuse(status, code, "not now") } else { Turn::Answer(200, NO_VM.to_owned()) }
        });
        let answer = has_vm(&world.host_with(json!({"max_retries": 8})));
        assert_eq!(answer.result(), false, "{code}");
        let times = times.lock().unwrap();
        assert_eq!(times.len(), 4, "{code}");
        // Each pause is drawn from a range that doubles: together they are not shorter than half of the first.
        assert!((times[3] - times[0]).as_millis() >= 150, "{code}: {:?}", times[3] - times[0]);
        assert!(answer.stderr.contains("succeeded after 4 tries"), "{answer:?}");
    }
}

fn session_token() {
    let world = World::new();
    has_vm(&world.host_with(json!({"session_token": "canary-session"}))).result();
    let requests = world.relay.take();
    assert_eq!(requests[0].header("x-amz-security-token"), "canary-session");
    assert!(requests[0].header("authorization").contains("x-amz-security-token"), "the token is signed");
}

fn roles() {
    const ROLE: &str = "arn:aws:iam::123456789012:role/director";
    let world = World::new();
    let sts = identity::sts("AKIATESTKEY00000001", "", 3600);
    let role = json!({"role_arn": ROLE, "sts_endpoint": sts.url()});
    assert_eq!(has_vm(&world.host_with(role.clone())).result(), false);
    assert!(world.relay.take()[0].header("authorization").contains("Credential=ASIAROLE1/"));
    let asked = sts.asked();
    let name = asked[0].field("RoleSessionName");
    assert!(name.starts_with("rsn-") && name.len() == 40 && asked[0].field("RoleArn") == ROLE, "{name}");
    // An empty text is no role.
    has_vm(&world.host_with(json!({"role_arn": ""}))).result();
    assert!(world.relay.take()[0].header("authorization").contains("Credential=AKIATESTKEY00000001/"));

    let (metadata, sts) = (identity::ec2_metadata(), identity::sts("ASIAINSTANCE", "", 3600));
    let mut settings = json!({"credentials_source": "env_or_profile", "access_key_id": null, "secret_access_key": null,
        "metadata_endpoint": metadata.url()});
    has_vm(&world.host_with(settings.clone())).result();
    assert!(world.relay.take()[0].header("authorization").contains("Credential=ASIAINSTANCE/"));
    settings["role_arn"] = json!(ROLE);
    settings["sts_endpoint"] = json!(sts.url());
    has_vm(&world.host_with(settings)).result();
    assert!(world.relay.take()[0].header("authorization").contains("Credential=ASIAROLE1/"));
}

/// A server with TLS that knows of no VM, its authority, and the program that goes there by this name of it.
fn with_tls(world: &World, endpoint: impl Fn(&str) -> String) -> (Authority, TlsEndpoint, Host) {
    let authority = Authority::new();
    let length = NO_VM.len();
    let answer = format!("HTTP/1.1 200 X\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{NO_VM}");
    let server = TlsEndpoint::answering(authority.identity("localhost"), answer);
    let host = world.host_with(json!({"ec2_endpoint": endpoint(&server.url())}));
    authority.write(&host.path("authority.pem"));
    (authority, server, host)
}

fn trusting(host: &Host, file: &str) -> cpi_tests::Answer {
    let mut command = host.command();
    command.env("BOSH_CA_CERT_FILE", host.path(file));
    Host::exchange(&mut command, request("has_vm", &json!([MISSING])).to_string().as_bytes())
}

fn endpoints() {
    let world = World::new();
    // With http, as all cases here have it.
    has_vm(&world.host()).result();
    assert_eq!(world.relay.take().len(), 1);
    // Without a scheme, and with a port: https.
    for strip in ["", "https://"] {
        let (_, server, host) = with_tls(&world, |url| url.strip_prefix(strip).unwrap().to_owned());
        assert_eq!(trusting(&host, "authority.pem").result(), false);
        assert_eq!(server.received().len(), 1);
    }
}

fn dualstack() {
    let world = World::new();
    let proxy = Tunnel::to(&world.relay.url());
    let more = json!({"ec2_endpoint": null, "elb_endpoint": null, "dualstack": true});
    let host = world.host_with(more).with_settings(&format!("[egress]\nproxy = \"{}\"\n", proxy.url()));
    // Whoever answers there is not EC2; the name that was asked for is what counts.
    has_vm(&host).error();
    assert_eq!(proxy.asked()[0], "CONNECT ec2.us-east-1.api.aws:443 HTTP/1.1");
    let (_, message) = has_vm(&world.host_with(json!({"dualstack": true}))).error();
    assert!(message.contains("Dualstack and custom endpoint are not supported"), "{message}");
}

fn authorities() {
    let world = World::new();
    let (_, server, host) = with_tls(&world, ToOwned::to_owned);
    assert_eq!(trusting(&host, "authority.pem").result(), false);
    Authority::new().write(&host.path("other.pem"));
    for refused in [trusting(&host, "other.pem"), has_vm(&host)] {
        let (_, message) = refused.error();
        assert!(message.to_lowercase().contains("certificate"), "{message}");
    }
    assert_eq!(server.received().len(), 1);
}

fn info() {
    let world = World::new();
    let version = |debug: Value| {
        let settings = world.settings();
        Host::new("aws", &json!({"aws": settings, "debug": {"cpi": debug}})).call("info", &json!([])).result()
    };
    assert_eq!(version(json!({})), json!({"stemcell_formats": ["aws-raw", "aws-light"], "api_version": 3}));
    assert_eq!(version(json!({"api_version": 2}))["api_version"], 2);
    assert_eq!(version(json!({"api_version": 9}))["api_version"], 3);
    assert!(world.relay.take().is_empty());
}

fn api_version() {
    let world = World::new();
    for wrong in [json!("2"), json!(null), json!(1.5)] {
        let mut call = request("has_vm", &json!([MISSING]));
        call["api_version"] = wrong;
        let (kind, message) = world.host().send(call.to_string().as_bytes()).error();
        assert_eq!((kind.as_str(), message.as_str()), ("InvalidCall", "CPI api_version requested must be an Integer"));
    }
    let mut call = request("has_vm", &json!([MISSING]));
    call.as_object_mut().unwrap().remove("api_version");
    assert_eq!(world.host().send(call.to_string().as_bytes()).result(), false);
}

fn envelopes() {
    let world = World::new();
    let host = world.host();
    let cases: [(&[u8], &str, &str); 7] = [
        (b"{", "InvalidCall", "Request cannot be deserialized, details: "),
        (br#"{"method": 7}"#, "InvalidCall", "Method must be a String, got: "),
        (br#"{"method": "fly", "arguments": []}"#, "Bosh::Clouds::NotImplemented", "Method is not known, got: 'fly'"),
        (br#"{"method": "configure_networks", "arguments": []}"#, "Bosh::Clouds::NotImplemented", "configure_networks"),
        (br#"{"method": "has_vm", "arguments": {}}"#, "InvalidCall", "Arguments must be an Array"),
        (
            br#"{"method": "has_vm", "arguments": [], "context": {}}"#,
            "InvalidCall",
            "Request should include context with director uuid",
        ),
        (
            br#"{"method": "has_vm", "arguments": [], "context": {"director_uuid": "d"}}"#,
            "InvalidCall",
            "Arguments are not correct, details: ",
        ),
    ];
    for (input, kind, words) in cases {
        let (found, message) = host.send(input).error();
        assert_eq!((found.as_str(), message.contains(words)), (kind, true), "{message}");
    }
    assert!(of(&world.relay.take(), "DescribeInstances").is_empty());
}

fn current_vm() {
    let world = World::new();
    let service =
        Endpoint::in_turn(&[(200, "a-token"), (200, "i-0123"), (403, "no tokens"), (200, "i-0456"), (404, "")]);
    let host = world.host_with(json!({"metadata_endpoint": service.url()}));
    assert_eq!(host.call("current_vm_id", &json!([])).result(), "i-0123");
    assert_eq!(host.call("current_vm_id", &json!([])).result(), "i-0456");
    let (kind, message) = host.call("current_vm_id", &json!([])).error();
    assert_eq!((kind.as_str(), message.as_str()), (CLOUD_ERROR, "Instance metadata endpoint returned HTTP 404"));
    let received = service.received();
    assert!(received[0].starts_with("PUT /latest/api/token HTTP/1.1"), "{received:?}");
    assert!(received[0].contains("x-aws-ec2-metadata-token-ttl-seconds: 300"), "{received:?}");
    assert!(received[1].starts_with("GET /latest/meta-data/instance-id/ HTTP/1.1"), "{received:?}");
    assert!(received[1].contains("x-aws-ec2-metadata-token: a-token") && !received[3].contains("metadata-token:"));

    // Without the operator's word, no plugin asks the service that hands out credentials.
    let (kind, message) = world.call("current_vm_id", json!([])).error();
    assert_eq!(kind, "Bosh::Clouds::NotImplemented");
    assert!(message.contains("set 'metadata_endpoint'"), "{message}");
}
