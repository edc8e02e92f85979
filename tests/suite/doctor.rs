//! `cpi-host doctor` says what a call would meet, and what to do about it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use cpi_tests::{Answer, Endpoint, Host};
use serde_json::{Value, json};

const ZONES: &str = "<DescribeAvailabilityZonesResponse><availabilityZoneInfo/></DescribeAvailabilityZonesResponse>";
const REFUSED: &str =
    "<Response><Errors><Error><Code>AuthFailure</Code><Message>not these keys</Message></Error></Errors></Response>";

fn doctor(host: &Host, arguments: &[&str]) -> Answer {
    std::fs::set_permissions(host.path("cpi.json"), Permissions::from_mode(0o600)).unwrap();
    host.run("doctor", arguments)
}

#[test]
fn what_is_well_is_said_in_words() {
    let endpoint = Endpoint::in_turn(&[(200, ZONES)]);
    let answer = doctor(&Host::aws(&endpoint.url()), &[]);
    assert_eq!(answer.status, 0, "{answer:?}");
    for words in [
        "ok       plugin        aws ",
        "POST with credential 'aws', ",
        "can be reached, status 200",
        "memory is 64MiB instead of 128MiB",
        "new VMs get mbus",
        "API version up to 3",
        "the plugin's own check with these settings succeeds",
        "Everything is as it should be.",
    ] {
        assert!(answer.stdout.contains(words), "{words}: {answer:?}");
    }
    assert!(!answer.stdout.contains("mbus-password") && !answer.stdout.contains("test-secret-access-key"));
    assert!(endpoint.received().iter().any(|request| request.contains("Action=DescribeAvailabilityZones")));
}

#[test]
fn each_problem_says_how_to_mend_it() {
    let refused = Endpoint::refusing();
    let denied = Endpoint::in_turn(&[(401, REFUSED)]);
    for (host, words) in [
        (Host::sim().with_config("{"), "is not JSON"),
        (Host::new("nimbus", &json!({})), "cpi-host plugin install"),
        (Host::sim().with_more_settings("[limits]\nmemory = 128\n"), "write \"128MiB\""),
        (Host::aws(&refused), "cannot be reached"),
        (Host::aws(&denied.url()), "AuthFailure"),
    ] {
        let answer = doctor(&host, &[]);
        assert_eq!(answer.status, 1, "{answer:?}");
        assert!(answer.stdout.contains("problem") && answer.stdout.contains(words), "{words}: {answer:?}");
    }
}

#[test]
fn secrets_that_everybody_may_read_are_a_warning_and_programs_get_json() {
    let host = Host::sim();
    std::fs::set_permissions(host.path("cpi.json"), Permissions::from_mode(0o644)).unwrap();
    let answer = host.run("doctor", &["--json"]);
    assert_eq!(answer.status, 0, "{answer:?}");
    let document: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(document["ok"], true);
    let warning = |finding: &Value| finding["verdict"] == "warning" && finding["subject"] == "configuration";
    assert!(document["findings"].as_array().unwrap().iter().any(warning), "{document:#}");
}
