//! E: errors.

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, ERROR_TYPES, Endpoint, Host};
use serde_json::{Value, json};

use crate::support::cloud::cloud;
use crate::support::{assert_kind, case, disk};

const SECTION: &str = "E errors";

pub(crate) const CASES: &[Case] = &[
    case("E01", SECTION, "only the ten known types and InvalidCall", known_types),
    case("E02", SECTION, "an unmapped failure is a CloudError, a fault of the host a CpiError", defaults),
    case("E03", SECTION, "ok_to_retry only with the four types that carry it", retries),
    case("E04", SECTION, "no message begins with the two special phrases", special_phrases),
    case("E05", SECTION, "a method that the plugin lacks answers NotImplemented", lacking),
    case("E06", SECTION, "metadata methods never answer NotSupported", metadata),
    case("E07", SECTION, "an impossible resize answers NotSupported and changes nothing", resize),
    case("E08", SECTION, "bad credentials give the cloud's own code and no secret", bad_credentials),
    case("E09", SECTION, "a wrong configuration gives CpiError naming file or key", configuration),
    case("E10", SECTION, "throttling is waited out inside the call and told", throttling),
    case("E11", SECTION, "StemcellNotFound is never answered", no_stemcell_not_found),
];

const NONE: &str = "<Response><Errors><Error><Code>CODE</Code><Message>text</Message></Error></Errors></Response>";

/// EC2 that answers everything with this status and code.
fn refusing(status: u16, code: &str) -> Answer {
    let endpoint = Endpoint::in_turn(&[(status, &NONE.replace("CODE", code))]);
    Host::aws(&endpoint.url()).call("has_vm", &json!(["i-0123456789abcdef0"]))
}

fn known_types() {
    let host = Host::hostile("http://127.0.0.1:9/");
    let failures =
        ["unknown-method", "unknown-call", "not-implemented", "not-supported", "not-found-stemcell", "retry", "x"];
    for failure in failures {
        let (kind, message) = host.call("delete_disk", &json!([failure])).error();
        assert!(ERROR_TYPES.contains(&kind.as_str()), "{kind}: {message}");
    }
    for code in ["Whatever", "InvalidInstanceID.Malformed", "InternalError", ""] {
        let answer = refusing(400, code);
        let kind = answer.response()["error"]["type"].clone();
        assert!(kind.is_null() || ERROR_TYPES.contains(&kind.as_str().unwrap()), "{answer:?}");
    }
}

fn defaults() {
    let message = assert_kind(&refusing(400, "NobodyKnowsThisCode"), "Bosh::Clouds::CloudError");
    assert!(message.contains("NobodyKnowsThisCode"), "{message}");
    assert_kind(&Host::hostile("http://127.0.0.1:9/").call("has_vm", &json!(["trap"])), "Bosh::Clouds::CpiError");
}

fn retries() {
    let host = Host::hostile("http://127.0.0.1:9/");
    let retry = |failure: &str| host.call("delete_disk", &json!([failure])).response()["error"].clone();
    assert_eq!(
        retry("retry"),
        json!({"type": "Bosh::Clouds::VMCreationFailed", "message": "FORGED", "ok_to_retry": true})
    );
    for failure in ["unknown-method", "unknown-call", "not-implemented", "not-supported", "not-found-stemcell"] {
        assert_eq!(retry(failure)["ok_to_retry"], false, "{failure}");
    }
    let full = Host::new("sim", &json!({"sim": {"capacity": {"disk_mib": 1}}}));
    let answer = full.call("create_disk", &json!([1024, {}, null]));
    assert_eq!(answer.response()["error"]["type"], "Bosh::Clouds::NoDiskSpace");
    assert_eq!(answer.response()["error"]["ok_to_retry"], false, "a full cloud stays full");
}

fn special_phrases() {
    let host = Host::hostile("http://127.0.0.1:9/");
    for failure in ["unknown-method", "unknown-call"] {
        let (_, message) = host.call("delete_disk", &json!([failure])).error();
        assert!(
            !message.starts_with("Method is not known, got") && !message.starts_with("Invalid Method:"),
            "{message}"
        );
    }
}

fn lacking() {
    let hostile = Host::hostile("http://127.0.0.1:9/");
    assert_kind(&hostile.call("has_disk", &json!(["disk"])), "Bosh::Clouds::NotImplemented");
    let network = json!([{"type": "manual", "cloud_properties": {}}]);
    assert_kind(&cloud().host().call("create_network", &network), "Bosh::Clouds::NotImplemented");
}

fn metadata() {
    let host = Host::hostile("http://127.0.0.1:9/");
    for method in ["set_vm_metadata", "set_disk_metadata"] {
        assert_kind(&host.call(method, &json!(["x", {"a": "b"}])), "Bosh::Clouds::NotImplemented");
    }
}

fn resize() {
    let host = Host::sim();
    let disk = disk(&host);
    assert_kind(&host.call("resize_disk", &json!([disk, 1023])), "Bosh::Clouds::NotSupported");
    assert_kind(&host.call("resize_disk", &json!([disk, 1])), "Bosh::Clouds::NotSupported");
    assert_eq!(host.call("resize_disk", &json!([disk, 1024])).result(), Value::Null, "it still has its size");
}

fn bad_credentials() {
    let answer = refusing(401, "AuthFailure");
    let message = assert_kind(&answer, "Bosh::Clouds::CloudError");
    assert!(message.contains("AuthFailure"), "{message}");
    assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("test-secret-access-key"), "{answer:?}");
}

fn configuration() {
    let sim = |text: &str| Host::sim().with_config(text).call("has_vm", &json!(["vm-1"]));
    for (text, named) in [
        ("{", "cpi.json"),
        ("{}", "cloud.properties"),
        ("{\"cloud\":{\"properties\":{}}}", "cloud.plugin"),
        ("{\"cloud\":{\"plugin\":\"nimbus\",\"properties\":{}}}", "nimbus"),
        ("{\"cloud\":{\"plugin\":\"sim\",\"properties\":{\"sim\":7}}}", "cloud.properties.sim"),
    ] {
        let message = assert_kind(&sim(text), "Bosh::Clouds::CpiError");
        assert!(message.contains(named), "{text}: {message}");
    }
    let missing = Host::sim();
    std::fs::remove_file(missing.path("cpi.json")).unwrap();
    assert!(assert_kind(&missing.call("info", &json!([])), "Bosh::Clouds::CpiError").contains("cpi.json"));
    let host = Host::sim().with_settings("limits = 7\n");
    assert!(assert_kind(&host.call("info", &json!([])), "Bosh::Clouds::CpiError").contains("host.toml"));
    // What only a plugin can tell has the type and the words that operators of the Ruby CPIs know.
    let wrong = [
        cloud().host_with("http://127.0.0.1:9/", &json!({"dualstack": "maybe"})),
        Host::new("sim", &json!({"sim": {"world": 7}})),
    ];
    for (host, key) in wrong.iter().zip(["dualstack", "string"]) {
        let message = assert_kind(&host.call("has_vm", &json!(["i-1"])), "InvalidCall");
        assert!(message.starts_with("Arguments are not correct") && message.contains(key), "{message}");
    }
}

fn throttling() {
    let none = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>";
    let endpoint = Endpoint::in_turn(&[(503, &NONE.replace("CODE", "RequestLimitExceeded")), (200, none)]);
    let host = cloud().host_with(&endpoint.url(), &json!({"max_retries": 8}));
    let answer = host.call("has_vm", &json!(["i-0123456789abcdef0"]));
    assert_eq!(answer.result(), false);
    assert!(answer.stderr.contains("RequestLimitExceeded: trying again in "), "{answer:?}");
}

fn no_stemcell_not_found() {
    assert_eq!(Host::sim().call("delete_stemcell", &json!(["stemcell-none"])).result(), Value::Null);
    let host = cloud().host();
    for stemcell in ["ami-0123456789abcdef0 light", "ami-0123456789abcdef0"] {
        let answer = host.call("delete_stemcell", &json!([stemcell]));
        assert!(!answer.stdout.contains("StemcellNotFound"), "{answer:?}");
        assert_eq!(answer.result(), Value::Null);
    }
}
