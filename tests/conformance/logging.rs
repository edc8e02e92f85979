//! L: logs, and what must not be in them.

use std::io::Write;
use std::path::Path;

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Endpoint, Host, Registry, request};
use serde_json::{Value, json};

use crate::support::cloud::{SECRET, ZONE, cloud};
use crate::support::{case, whole_life};

const SECTION: &str = "L logging";

pub(crate) const CASES: &[Case] = &[
    case("L01", SECTION, "lines at start and end with method, duration and request id", start_and_end),
    case("L02", SECTION, "no secret in stdout, stderr and state: all methods, success and failure", canaries),
    case("L03", SECTION, "details show neither authorization nor bodies", details),
    case("L04", SECTION, "a plugin's log stays below its bound", bound),
];

fn start_and_end() {
    let host = Host::sim();
    let answer = host.call("has_vm", &json!(["vm-1"]));
    assert!(answer.stderr.contains("[req_id cpi-1] Starting has_vm\n"), "{answer:?}");
    assert!(answer.stderr.contains("[req_id cpi-1] Finished has_vm in 0."), "{answer:?}");
    let failed = host.call("delete_vm", &json!(["vm-1"]));
    assert!(failed.stderr.contains("[req_id cpi-1] Failed delete_vm in 0."), "{failed:?}");
    let refused = host.call("make_tea", &json!([]));
    assert!(refused.stderr.contains("[req_id cpi-1] Refused a request: "), "{refused:?}");
    let mut call = request("has_vm", &json!(["vm-1"]));
    call["context"].as_object_mut().unwrap().remove("request_id");
    let answer = host.send(call.to_string().as_bytes());
    assert!(
        answer.stderr.contains("INFO  Starting has_vm\n") && answer.stderr.contains(" Finished has_vm in "),
        "{answer:?}"
    );
}

/// Everything secret has this in it.
const CANARY: &str = "canary";

/// The program with secrets wherever its configuration has a place for one.
fn secretive(endpoint: &str, registry: &Registry) -> Host {
    let mut aws = json!({
        "access_key_id": "AKIATESTKEY00000001", "secret_access_key": SECRET, "session_token": "canary-session-token",
        "region": "us-east-1", "ec2_endpoint": endpoint, "default_key_name": "bosh", "max_retries": 0,
        "default_security_groups": [cloud().group], "unusual": {"deep": ["canary-deep-in-the-section"]},
    });
    aws["proxy_password"] = json!("canary-proxy-password");
    let mut registry = registry.properties();
    registry["extra"] = json!("canary-of-the-registry");
    let agent =
        json!({"mbus": "nats://nats:canary-bus@10.0.0.6:4222", "blobstore": {"options": {"password": "canary-blob"}}});
    Host::new("aws", &json!({"aws": aws, "agent": agent, "registry": registry, "vault": "canary-other-section"}))
}

/// A request of each method with secrets wherever it has a place for one.
fn requests(ids: &dyn Fn(&str) -> Value, image: &Path) -> Vec<Value> {
    let hidden = json!({"password": "canary-property", "unknown": {"deep": ["canary-unknown"]}, "type": "gp3"});
    let mut vm_properties = hidden.clone();
    (vm_properties["instance_type"], vm_properties["availability_zone"]) = (json!("m5.large"), json!(ZONE));
    vm_properties.as_object_mut().unwrap().remove("type");
    let env = json!({
        "bosh": {"password": "canary-env", "mbus": {"cert": {"private_key": "canary\nkey \"quoted\""}, "urls": ["canary-url"]},
                 "blobstores": [{"options": {"password": "canary-blobstore"}}], "tags": {"test": "canaries"}},
        "mine": {"deep": ["canary-env-deep"]},
    });
    let networks = json!({"private": cloud().network()});
    let call = |method: &str| {
        let arguments = match method {
            "create_stemcell" => {
                let mut properties = hidden.clone();
                properties["ami"] = json!({"us-east-1": cloud().ami});
                json!([image, properties, {"tags": {}, "secret": "canary-stemcell-env"}])
            }
            "create_vm" => json!(["agent-1", cloud().stemcell(), vm_properties, networks, [], env]),
            "create_disk" => json!([1024, hidden, null]),
            "update_disk" => json!([ids("disk"), 2048, hidden]),
            "resize_disk" => json!([ids("disk"), 2048]),
            "set_vm_metadata" => json!([ids("vm"), {"name": "a/b"}]),
            "set_disk_metadata" => json!([ids("disk"), {"deployment": "d"}]),
            "snapshot_disk" => json!([ids("disk"), {"deployment": "d", "index": 0}]),
            "attach_disk" | "detach_disk" => json!([ids("vm"), ids("disk")]),
            "has_vm" | "delete_vm" | "reboot_vm" | "get_disks" => json!([ids("vm")]),
            "has_disk" | "delete_disk" => json!([ids("disk")]),
            "delete_snapshot" => json!([ids("snapshot")]),
            "delete_stemcell" => json!([cloud().stemcell()]),
            "delete_network" => json!(["net-1"]),
            "create_network" => json!([{"type": "manual", "cloud_properties": hidden}]),
            "calculate_vm_cloud_properties" => {
                json!([{"cpu": 1, "ram": 1024, "ephemeral_disk_size": 1024, "x": "canary-size"}])
            }
            _ => json!([]),
        };
        let mut call = request(method, &arguments);
        call["context"]["unusual_name"] = json!({"deep": ["canary-context"]});
        call["context"]["api_token"] = json!("canary-api-token");
        call["surprise"] = json!("canary-top-level");
        call
    };
    whole_life().into_iter().map(call).collect()
}

fn canaries() {
    let moto = &cloud().url;
    let echo = "<Response><Errors><Error><Code>AuthFailure</Code><Message>SECRET canary-session-token</Message></Error></Errors></Response>";
    let echo = Endpoint::in_turn(&[(403, &echo.replace("SECRET", SECRET))]);
    let garbage = Endpoint::answering("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<not><xml");
    for (endpoint, stemcell_version) in
        [(moto.clone(), 3), (moto.clone(), 1), (echo.url(), 3), (garbage.url(), 1), (Endpoint::refusing(), 3)]
    {
        let registry = Registry::start();
        let host = secretive(&endpoint, &registry);
        let mut found = std::collections::BTreeMap::new();
        let ids = |found: &std::collections::BTreeMap<&str, Value>, kind: &str| {
            found.get(kind).cloned().unwrap_or_else(|| json!(format!("{}0123456789abcdef0", prefix(kind))))
        };
        let mut succeeded = 0;
        for method in whole_life() {
            let mut call = requests(&|kind| ids(&found, kind), &host.path("image"))
                .into_iter()
                .find(|call| call["method"] == method)
                .unwrap();
            call["context"]["vm"] = json!({"stemcell": {"api_version": stemcell_version}});
            let answer = verbose(&host, &call);
            assert_silent(&answer, method);
            let result = answer.response()["result"].clone();
            succeeded += usize::from(answer.response()["error"].is_null());
            match method {
                "create_vm" if result.is_array() => _ = found.insert("vm", result[0].clone()),
                "create_disk" if result.is_string() => _ = found.insert("disk", result),
                "snapshot_disk" if result.is_string() => _ = found.insert("snapshot", result),
                _ => {}
            }
            // The same with an argument of the wrong kind, and with one too few.
            let mut wrong = call.clone();
            wrong["arguments"] =
                json!([{"password": "canary-wrong-kind"}, ["canary"], "canary", 7, "canary", "canary"]);
            assert_silent(&verbose(&host, &wrong), method);
            call["arguments"].as_array_mut().unwrap().pop();
            assert_silent(&verbose(&host, &call), method);
        }
        if endpoint == *moto {
            assert!(succeeded >= 18, "only {succeeded} methods succeeded: the search would prove little");
        }
        assert_no_canary_below(&host.path("state"));
    }
    quoted();
}

/// A plugin that repeats what it is given: what has the name of a secret stays hidden even so.
fn quoted() {
    let host = Host::hostile("http://127.0.0.1:9/");
    let properties = json!({"trick": "quote", "secret_key": "canary-quoted", "deep": [{"Password": "canary-deep"}], "type": "quoted-type"});
    let answer = verbose(&host, &request("create_stemcell", &json!([host.path("image"), properties])));
    assert!(answer.error().1.contains("quoted-type"), "the plugin must repeat something: {answer:?}");
    assert_silent(&answer, "create_stemcell");
}

fn prefix(kind: &str) -> &'static str {
    match kind {
        "vm" => "i-",
        "disk" => "vol-",
        _ => "snap-",
    }
}

fn verbose(host: &Host, call: &Value) -> Answer {
    let mut child = host.command().arg("--verbose").spawn().unwrap();
    child.stdin.take().unwrap().write_all(call.to_string().as_bytes()).unwrap();
    Answer::of(child.wait_with_output().unwrap(), std::time::Duration::ZERO)
}

fn assert_silent(answer: &Answer, method: &str) {
    for (stream, text) in [("stdout", &answer.stdout), ("stderr", &answer.stderr)] {
        let leak = text.find(CANARY).map(|at| text[at..].chars().take(60).collect::<String>());
        assert_eq!(leak, None, "{method}: in {stream}: {text}");
        assert!(!text.contains(Registry::PASSWORD), "{method}: the registry's password is in {stream}");
    }
}

fn assert_no_canary_below(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            assert_no_canary_below(&entry.path());
        } else {
            let bytes = std::fs::read(entry.path()).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{}", entry.path().display());
        }
    }
}

fn details() {
    let host = cloud().host();
    let answer = verbose(&host, &request("create_vm", &cloud().vm("details")));
    let vm = answer.result()[0].clone();
    for secret in ["AWS4-HMAC-SHA256", "Signature=", "UserData", "user_data", "canary", "bosh-agent-settings"] {
        assert!(!answer.stderr.contains(secret), "{secret}: {answer:?}");
    }
    host.call("delete_vm", &json!([vm])).result();
}

fn bound() {
    let host = Host::hostile("http://127.0.0.1:9/").with_more_settings("[limits]\nlog = \"64KiB\"\n");
    let answer = host.call("has_vm", &json!(["log-flood"]));
    answer.response();
    assert!(answer.stderr.len() < 80 << 10, "{}", answer.stderr.len());
    assert!(answer.stderr.contains("[limits] log"), "{}", answer.stderr.len());
}
