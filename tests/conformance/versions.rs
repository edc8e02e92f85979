//! V: versions of the API and of stemcells.

use std::time::Duration;

use cpi_tests::coverage::Case;
use cpi_tests::{Endpoint, Host, Registry, request};
use serde_json::{Value, json};

use crate::support::{assert_kind, at_version, case, disk, send, stemcell, vm, vm_of, with_context};

const SECTION: &str = "V versions";

pub(crate) const CASES: &[Case] = &[
    case("V01", SECTION, "info is the same without a version and with 1, 2 and 3", info_for_all),
    case("V02", SECTION, "info.api_version is an integer from 2 to 3", info_version),
    case("V03", SECTION, "info.stemcell_formats is a list of texts", info_formats),
    case("V04", SECTION, "info sends nothing, needs no credentials and is fast", info_is_cheap),
    case("V05", SECTION, "create_vm at 2 and 3 returns a text and an object", create_vm_new),
    case("V06", SECTION, "create_vm at 1 returns a text, or fails before anything is made", create_vm_old),
    case("V07", SECTION, "attach_disk at 2 and 3 returns a hint that is not empty", attach_disk),
    case("V08", SECTION, "create_stemcell takes two arguments at 2, three at 3", create_stemcell),
    case("V09", SECTION, "empty tags and no tags are accepted at 3", no_tags),
    case("V10", SECTION, "a version above the plugin's fails before any request", too_high),
    case("V11", SECTION, "an old stemcell without a registry is a CloudError that says so", old_stemcell),
    case("V12", SECTION, "stemcell versions 2, 3 and 4 behave alike", new_stemcells),
];

fn info_for_all() {
    let host = Host::sim();
    let bare = br#"{"method":"info","arguments":[],"context":{"director_uuid":"x"}}"#;
    let expected = host.send(bare).result();
    for version in [1, 2, 3, 9] {
        assert_eq!(at_version(&host, version, "info", &json!([])).result(), expected);
    }
}

fn info_version() {
    for host in [Host::sim(), Host::aws("http://127.0.0.1:9/"), Host::hostile("http://127.0.0.1:9/")] {
        let version = host.call("info", &json!([])).result()["api_version"].as_u64().unwrap();
        assert!((2..=3).contains(&version), "{version}");
    }
    for (wanted, reported) in [(0, 2), (2, 2), (3, 3), (9, 3)] {
        let host = Host::new("sim", &json!({"debug": {"cpi": {"api_version": wanted}}}));
        assert_eq!(host.call("info", &json!([])).result()["api_version"], reported);
    }
}

fn info_formats() {
    for host in [Host::sim(), Host::aws("http://127.0.0.1:9/"), Host::hostile("http://127.0.0.1:9/")] {
        let info = host.call("info", &json!([])).result();
        assert!(info["stemcell_formats"].as_array().unwrap().iter().all(Value::is_string), "{info}");
    }
}

fn info_is_cheap() {
    let endpoint = Endpoint::hanging();
    let host = Host::new("aws", &json!({"aws": {"ec2_endpoint": endpoint.url()}}));
    let fastest = (0..10).map(|_| {
        let answer = host.call("info", &json!([]));
        answer.result();
        answer.took
    });
    let fastest = fastest.min().unwrap();
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
    assert_eq!(endpoint.received(), Vec::<String>::new());
}

fn create_vm_new() {
    let host = Host::sim();
    for version in [2, 3] {
        let created = at_version(&host, version, "create_vm", &vm_of(&stemcell(&host))).result();
        assert_eq!(created.as_array().unwrap().len(), 2);
        assert!(created[0].is_string() && created[1].is_object(), "{created}");
    }
}

fn create_vm_old() {
    let endpoint = Endpoint::hanging();
    let answer = at_version(&Host::aws(&endpoint.url()), 1, "create_vm", &vm_of(&json!("ami-1 light")));
    assert!(assert_kind(&answer, "Bosh::Clouds::CloudError").contains("Registry not configured"), "{answer:?}");
    assert_eq!(endpoint.received(), Vec::<String>::new());

    let registry = Registry::start();
    let host = Host::new("sim", &json!({"registry": registry.properties()}));
    let vm = at_version(&host, 1, "create_vm", &vm_of(&stemcell(&host))).result();
    assert!(registry.settings(vm.as_str().unwrap()).is_some());
}

fn attach_disk() {
    let host = Host::sim();
    let vm = vm(&host);
    for version in [2, 3] {
        let hint = at_version(&host, version, "attach_disk", &json!([vm, disk(&host)])).result();
        assert!(hint.as_object().is_some_and(|hint| !hint.is_empty()), "{hint}");
    }
    let old = at_version(&host, 1, "attach_disk", &json!([vm, disk(&host)])).result();
    assert_eq!(old, Value::Null, "agents of that time read the registry");
}

fn create_stemcell() {
    let host = Host::sim();
    let two = json!(["/nowhere", {"light": true}]);
    let three = json!(["/nowhere", {"light": true}, {"tags": {"cost-center": "4711"}}]);
    assert!(at_version(&host, 2, "create_stemcell", &two).result().is_string());
    assert!(at_version(&host, 3, "create_stemcell", &two).result().is_string(), "the CLI sends two");
    assert!(at_version(&host, 3, "create_stemcell", &three).result().is_string());
}

fn no_tags() {
    let host = Host::sim();
    for env in [json!({"tags": {}}), json!({}), json!({"tags": null})] {
        let arguments = json!(["/nowhere", {"light": true}, env]);
        assert!(at_version(&host, 3, "create_stemcell", &arguments).result().is_string());
    }
}

fn too_high() {
    let endpoint = Endpoint::hanging();
    let host = Host::aws(&endpoint.url());
    for version in [4, 99, u64::MAX] {
        let message = assert_kind(&at_version(&host, version, "has_vm", &json!(["i-1"])), "Bosh::Clouds::CpiError");
        assert!(message.contains("api_version"), "{message}");
    }
    assert_eq!(endpoint.received(), Vec::<String>::new());
}

fn old_stemcell() {
    let host = Host::sim();
    let arguments = vm_of(&stemcell(&host));
    for vm in [json!({"stemcell": {"api_version": 1}}), json!({})] {
        let message = assert_kind(&with_context(&host, "vm", vm, "create_vm", &arguments), "Bosh::Clouds::CloudError");
        assert!(message.contains("CPI v2 and stemcell api version 1"), "{message}");
    }
    let mut call = request("create_vm", &arguments);
    call["context"].as_object_mut().unwrap().remove("vm");
    assert_kind(&send(&host, &call), "Bosh::Clouds::CloudError");
}

fn new_stemcells() {
    let host = Host::sim();
    let arguments = vm_of(&stemcell(&host));
    for version in [json!(2), json!(3), json!(4), json!(3.0)] {
        let vm = json!({"stemcell": {"api_version": version}});
        let created = with_context(&host, "vm", vm.clone(), "create_vm", &arguments).result();
        let hint = with_context(&host, "vm", vm, "attach_disk", &json!([created[0], disk(&host)])).result();
        assert!(hint["path"].is_string(), "{hint}");
    }
}
