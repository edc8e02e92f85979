//! C: context, configuration and isolation.

use cpi_tests::coverage::Case;
use cpi_tests::{Endpoint, Host, request};
use serde_json::{Value, json};

use crate::support::cloud::cloud;
use crate::support::{assert_kind, case, disk, send, with_context};

const SECTION: &str = "C context and isolation";

pub(crate) const CASES: &[Case] = &[
    case("C01", SECTION, "properties override the job's file key by key", override_by_key),
    case("C02", SECTION, "calls with different properties share no credentials", no_shared_credentials),
    case("C03", SECTION, "the same cid under two configurations is two things", no_shared_state),
    case("C04", SECTION, "the job's file alone is enough", file_alone),
    case("C05", SECTION, "properties alone are enough", properties_alone),
    case("C06", SECTION, "a property that selects an unknown plugin is a CpiError naming it", unknown_plugin),
];

const NO_VM: &str = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>";

fn override_by_key() {
    let (file, property) = (Endpoint::in_turn(&[(200, NO_VM)]), Endpoint::in_turn(&[(200, NO_VM)]));
    let host = Host::aws(&file.url());
    with_context(&host, "ec2_endpoint", json!(property.url()), "has_vm", &json!(["i-0123456789abcdef0"])).result();
    assert_eq!((file.received().len(), property.received().len()), (0, 1));
    // The key and the region are inherited.
    assert!(property.received()[0].contains("AKIATESTKEY00000001/"), "{:?}", property.received());
    assert!(property.received()[0].contains("/us-east-1/ec2/"), "{:?}", property.received());
}

fn no_shared_credentials() {
    let endpoint = Endpoint::in_turn(&[(200, NO_VM)]);
    let host = Host::aws(&endpoint.url());
    let keys = ["AKIAFIRST0000000001", "AKIASECOND000000002", "AKIAFIRST0000000001"];
    for key in keys {
        let mut call = request("has_vm", &json!(["i-0123456789abcdef0"]));
        call["context"]["access_key_id"] = json!(key);
        call["context"]["secret_access_key"] = json!(format!("the secret of {key}"));
        send(&host, &call).result();
    }
    let received = endpoint.received();
    for (request, key) in received.iter().zip(keys) {
        assert!(request.contains(&format!("Credential={key}/")), "{request}");
    }
    assert_eq!(received.len(), keys.len());
}

fn no_shared_state() {
    let host = Host::sim();
    let disk = with_context(&host, "world", json!("a"), "create_disk", &json!([1, {}, null])).result();
    assert_eq!(with_context(&host, "world", json!("a"), "has_disk", &json!([disk])).result(), true);
    assert_eq!(with_context(&host, "world", json!("b"), "has_disk", &json!([disk])).result(), false);
    let another = "11111111-2222-3333-4444-555555555555";
    let mut call = request("has_disk", &json!([disk]));
    call["context"]["world"] = json!("a");
    call["context"]["director_uuid"] = json!(another);
    assert_eq!(send(&host, &call).result(), false);
}

fn file_alone() {
    let mut call = request("has_disk", &json!(["disk-1"]));
    call["context"] = json!({"director_uuid": "8d2c5b62-6f7e-4f6a-9d1b-0d5d0a6f1c11"});
    assert_eq!(send(&Host::sim(), &call).result(), false);
}

fn properties_alone() {
    let endpoint = Endpoint::in_turn(&[(200, NO_VM)]);
    let properties = json!({
        "plugin": "aws", "access_key_id": "AKIATESTKEY00000001", "secret_access_key": "test-secret-access-key",
        "region": "eu-central-1", "ec2_endpoint": endpoint.url(), "max_retries": 0,
    });
    for file in ["{\"cloud\":{\"properties\":{}}}", "{\"cloud\":{\"plugin\":\"sim\",\"properties\":{\"aws\":null}}}"] {
        let host = Host::sim().with_config(file);
        let mut call = request("has_vm", &json!(["i-0123456789abcdef0"]));
        call["context"].as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        assert_eq!(send(&host, &call).result(), false);
        call["method"] = json!("info");
        call["arguments"] = json!([]);
        assert_eq!(send(&host, &call).result()["stemcell_formats"], json!(["aws-raw", "aws-light"]));
    }
    assert_eq!(endpoint.received().len(), 2);
}

fn unknown_plugin() {
    let host = cloud().host();
    for method in ["info", "has_vm"] {
        let arguments = if method == "info" { json!([]) } else { json!(["i-1"]) };
        let answer = with_context(&host, "plugin", json!("nimbus"), method, &arguments);
        assert!(assert_kind(&answer, "Bosh::Clouds::CpiError").contains("'nimbus'"), "{answer:?}");
    }
    for wrong in [json!(7), json!("../aws"), Value::Bool(true)] {
        assert_kind(&with_context(&host, "plugin", wrong, "has_vm", &json!(["i-1"])), "Bosh::Clouds::CpiError");
    }
    assert_eq!(
        with_context(&Host::sim(), "plugin", json!("sim"), "has_disk", &json!([disk(&Host::sim())])).result(),
        false
    );
}
