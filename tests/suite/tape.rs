//! What `cpi-host call --record` writes, `cpi-host replay` answers with.

use std::fs;
use std::path::{Path, PathBuf};

use cpi_tests::{Answer, Host, request};
use serde_json::{Value, json};

use crate::orphans::Cloud;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tapes").join(format!("{name}.jsonl"))
}

/// Records a call into a file of the host's folder.
fn record(host: &Host, call: &Value) -> (Answer, PathBuf) {
    let tape = host.path("call.jsonl");
    _ = fs::remove_file(&tape);
    let mut command = host.command();
    let mut child = command.arg("--record").arg(&tape).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), call.to_string().as_bytes()).unwrap();
    (Answer::of(child.wait_with_output().unwrap(), std::time::Duration::ZERO), tape)
}

fn replay(host: &Host, tape: &Path) -> Answer {
    host.replay(&[tape.to_str().unwrap()])
}

fn sim_vm(host: &Host) -> Value {
    let stemcell = host.call("create_stemcell", &json!(["/nowhere", {"light": true}])).result();
    let networks = json!({"private": {"type": "manual", "ip": "10.0.0.2", "netmask": "255.255.255.0"}});
    let env = json!({"bosh": {"password": "canary-password", "tags": {"team": "data"}}, "key": "canary-key"});
    request("create_vm", &json!(["agent-1", stemcell, {"ephemeral_disk": 1024}, networks, [], env]))
}

/// The fixtures are recordings of this program; this says how they were made, and that they still can be.
#[test]
fn a_recorded_call_replays_without_a_world_and_without_a_difference() {
    let sim = Host::sim();
    let cloud = Cloud::new();
    let aws = cloud.host();
    for (name, host, call) in [("sim", &sim, sim_vm(&sim)), ("aws", &aws, cloud.create_vm())] {
        let (answer, tape) = record(host, &call);
        answer.result();
        let text = fs::read_to_string(&tape).unwrap();
        for secret in ["canary", "hunter2222", "mbus-password", "test-secret-access-key", "AWS4-HMAC-SHA256"] {
            assert!(!text.contains(secret), "{name}: {secret} is in the recording");
        }
        if let Some(folder) = std::env::var_os("CPI_RECORD_FIXTURES") {
            fs::copy(&tape, Path::new(&folder).join(format!("{name}-create-vm.jsonl"))).unwrap();
        }
        let replayed = replay(&Host::sim(), &tape);
        assert_eq!(replayed.status, 0, "{replayed:?}");
        assert!(replayed.stdout.contains("create_vm") && replayed.stdout.contains("no difference"), "{replayed:?}");
    }
}

#[test]
fn recordings_of_earlier_builds_replay() {
    for name in ["sim-create-vm", "aws-create-vm"] {
        let replayed = replay(&Host::sim(), &fixture(name));
        assert_eq!(replayed.status, 0, "{name}: {replayed:?}");
    }
}

#[test]
fn the_first_difference_is_told() {
    let host = Host::sim();
    let text = fs::read_to_string(fixture("aws-create-vm")).unwrap();
    let tape = host.path("changed.jsonl");
    for (from, to, told) in [
        (
            "\"body\":{\"text\":\"Action=RunInstances",
            "\"body\":{\"text\":\"Action=StartInstances",
            "Action=RunInstances",
        ),
        ("{\"answer\":{\"result\":\"i-", "{\"answer\":{\"result\":\"j-", "expected the answer"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        fs::write(&tape, changed).unwrap();
        let replayed = replay(&host, &tape);
        assert_eq!(replayed.status, 1, "{replayed:?}");
        assert!(replayed.stdout.contains("the first difference") && replayed.stdout.contains(told), "{replayed:?}");
    }
    // A call that was killed: the recording ends in the middle.
    let half: String = text.split_inclusive('\n').take(12).collect();
    fs::write(&tape, half + "{\"call\":{\"nu").unwrap();
    let replayed = replay(&host, &tape);
    assert_eq!(replayed.status, 0, "{replayed:?}");
    assert!(replayed.stdout.contains("up to where the recording ends"), "{replayed:?}");
    fs::write(&tape, "{\"start\":{}}\n").unwrap();
    let replayed = replay(&host, &tape);
    assert!(replayed.status == 1 && replayed.stderr.contains("line 1: "), "{replayed:?}");
}

#[test]
fn a_recording_does_not_replace_a_file() {
    let host = Host::sim();
    let (answer, tape) = record(&host, &request("has_vm", &json!(["vm-1"])));
    assert_eq!(answer.result(), false);
    let mut command = host.command();
    let mut child = command.arg("--record").arg(&tape).spawn().unwrap();
    let call = request("has_vm", &json!(["vm-1"])).to_string();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), call.as_bytes()).unwrap();
    let answer = Answer::of(child.wait_with_output().unwrap(), std::time::Duration::ZERO);
    assert!(answer.error().1.contains("name another file"), "{answer:?}");
}
