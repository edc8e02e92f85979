//! What callers of every version get.

use std::thread;

use cpi_tests::{Host, request};
use serde_json::{Value, json};

fn at_version(host: &Host, version: Value, method: &str, arguments: Value) -> cpi_tests::Answer {
    let mut call = request(method, &arguments);
    call["api_version"] = version;
    host.send(call.to_string().as_bytes())
}

#[test]
fn info_is_the_same_for_every_version() {
    let host = Host::sim();
    let expected = json!({"stemcell_formats": ["sim-raw", "sim-light"], "api_version": 3});
    for version in [1, 2, 3] {
        assert_eq!(at_version(&host, json!(version), "info", json!([])).result(), expected);
    }
    let bare = br#"{"method":"info","arguments":[],"context":{"director_uuid":"x"}}"#;
    assert_eq!(host.send(bare).result(), expected);
}

#[test]
fn operators_can_lower_the_version_that_is_reported() {
    let host = Host::new("sim", &json!({"debug": {"cpi": {"api_version": 2}}}));
    assert_eq!(host.call("info", &json!([])).result()["api_version"], 2);
}

#[test]
fn a_bare_environment_and_a_folder_that_is_gone_are_enough() {
    let host = Host::sim();
    let gone = tempfile::TempDir::new().unwrap();
    let mut command = host.command();
    command.current_dir(gone.path());
    let mut child = command.spawn().unwrap();
    drop(gone);
    let input = request("has_vm", &json!(["vm-1"])).to_string();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let answer = cpi_tests::Answer::of(child.wait_with_output().unwrap(), std::time::Duration::ZERO);
    assert_eq!(answer.result(), false);
}

#[test]
fn a_reader_of_stderr_that_went_away_is_no_error() {
    let host = Host::sim();
    let mut command = host.command();
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    let input = request("has_vm", &json!(["vm-1"])).to_string();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "{\"result\":false,\"error\":null,\"log\":\"\"}\n");
}

#[test]
fn a_reader_of_stdout_that_went_away_shows_in_the_exit_status() {
    let host = Host::sim();
    let mut child = host.command().spawn().unwrap();
    drop(child.stdout.take());
    let input = request("has_vm", &json!(["vm-1"])).to_string();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    assert!(!child.wait_with_output().unwrap().status.success());
}

#[test]
fn start_and_end_stand_on_stderr_with_the_directors_number() {
    let answer = Host::sim().call("has_vm", &json!(["vm-1"]));
    assert!(answer.stderr.contains("[req_id cpi-1] Starting has_vm"), "{answer:?}");
    assert!(answer.stderr.contains("[req_id cpi-1] Finished has_vm in "), "{answer:?}");
}

#[test]
fn fifty_processes_at_once_answer_like_one() {
    let host = Host::sim();
    thread::scope(|scope| {
        let calls: Vec<_> = (0..50)
            .map(|number| {
                (
                    number,
                    scope.spawn({
                        let host = &host;
                        move || host.call("ping", &json!([number]))
                    }),
                )
            })
            .collect();
        for (number, call) in calls {
            assert_eq!(call.join().unwrap().result(), "pong", "{number}");
        }
    });
}

#[test]
fn settings_are_merged_key_by_key_and_reserved_names_reported() {
    let host = Host::new("sim", &json!({"sim": {"world": "a"}}));
    let mut call = request("create_disk", &json!([1024, {}, null]));
    let disk = host.send(call.to_string().as_bytes()).result();
    call = request("has_disk", &json!([disk]));
    assert_eq!(host.send(call.to_string().as_bytes()).result(), true);
    call["context"]["world"] = json!("b");
    assert_eq!(host.send(call.to_string().as_bytes()).result(), false);
    call["context"]["vm"] = json!("m5.large");
    let (kind, message) = host.send(call.to_string().as_bytes()).error();
    assert_eq!(kind, "Bosh::Clouds::CpiError");
    assert!(message.contains("context.vm"), "{message}");
}

#[test]
fn a_vm_whose_agent_needs_a_registry_is_refused_before_anything_is_made() {
    let host = Host::sim();
    let mut call = request("create_vm", &json!(["agent", "stemcell", {}, {}, [], {}]));
    call["context"]["vm"] = json!({"stemcell": {"api_version": 1}});
    let (kind, message) = host.send(call.to_string().as_bytes()).error();
    assert_eq!(kind, "Bosh::Clouds::CloudError");
    assert!(message.contains("stemcell api version 1"), "{message}");
}

#[test]
fn a_reader_that_waits_for_the_response_first_gets_it() {
    let host = Host::hostile("http://127.0.0.1:9/").with_more_settings("[limits]\nlog = \"2MiB\"\n");
    let mut child = host.start(request("has_vm", &json!(["log-flood"])).to_string().as_bytes());
    let mut stdout = String::new();
    // Two megabytes of log stand before the response, and nobody reads them.
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut stdout).unwrap();
    assert!(stdout.starts_with("{\"result\":") && stdout.ends_with("\"log\":\"\"}\n"), "{stdout}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn no_version_is_reported_that_callers_refuse() {
    let host = Host::new("sim", &json!({"debug": {"cpi": {"api_version": 0}}}));
    assert_eq!(host.call("info", &json!([])).result()["api_version"], 2);
}
