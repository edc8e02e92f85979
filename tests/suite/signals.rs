//! A call that the system ends still answers.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use cpi_tests::{Answer, Host, request};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

fn signalled(signal: Signal, trick: &str) -> Answer {
    let host = Host::hostile("http://127.0.0.1:9/");
    let start = Instant::now();
    let child: Child = host.start(request("has_vm", &json!([trick])).to_string().as_bytes());
    thread::sleep(Duration::from_millis(300));
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
    Answer::of(child.wait_with_output().unwrap(), start.elapsed())
}

#[test]
fn a_waiting_call_answers_when_it_is_ended() {
    for (signal, name) in [(Signal::SIGTERM, "SIGTERM"), (Signal::SIGINT, "SIGINT")] {
        let answer = signalled(signal, "sleep");
        let (kind, message) = answer.error();
        assert_eq!(kind, "Bosh::Clouds::CpiError");
        assert!(message.contains(name), "{message}");
        assert!(answer.took < Duration::from_secs(5), "{answer:?}");
    }
}

#[test]
fn a_computing_call_answers_when_it_is_ended() {
    let (_, message) = signalled(Signal::SIGTERM, "loop").error();
    assert!(message.contains("SIGTERM"), "{message}");
}
