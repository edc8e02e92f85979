//! A call that the system ends still answers.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
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
    send(&child, signal);
    Answer::of(child.wait_with_output().unwrap(), start.elapsed())
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
    thread::sleep(Duration::from_millis(50));
}

#[test]
fn a_waiting_call_answers_when_it_is_ended() {
    for (signal, name) in [(Signal::SIGTERM, "SIGTERM"), (Signal::SIGINT, "SIGINT"), (Signal::SIGHUP, "SIGHUP")] {
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

#[test]
fn a_call_whose_request_does_not_end_answers_when_it_is_ended() {
    let host = Host::sim();
    let start = Instant::now();
    let mut child = host.command().spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"{\"method\":").unwrap();
    thread::sleep(Duration::from_millis(200));
    send(&child, Signal::SIGTERM);
    let answer = Answer::of(child.wait_with_output().unwrap(), start.elapsed());
    let (kind, message) = answer.error();
    assert_eq!(kind, "Bosh::Clouds::CpiError");
    assert!(message.contains("SIGTERM") && message.contains("nothing was begun"), "{message}");
    drop(stdin);
}

#[test]
fn a_second_signal_ends_a_call_that_cannot_answer() {
    let host = Host::sim();
    let (reader, full) = full_pipe();
    let mut child = host.command().stdout(Stdio::from(full)).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(request("ping", &json!([])).to_string().as_bytes()).unwrap();
    thread::sleep(Duration::from_millis(200));
    send(&child, Signal::SIGTERM);
    assert!(child.try_wait().unwrap().is_none(), "it still wants to answer");
    send(&child, Signal::SIGTERM);
    let status = std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap());
    assert_eq!(status, Some(Signal::SIGTERM as i32));
    drop(reader);
}

/// A pipe that takes nothing more.
fn full_pipe() -> (std::io::PipeReader, OwnedFd) {
    let (reader, writer) = std::io::pipe().unwrap();
    let writer = OwnedFd::from(writer);
    let flags = nix::fcntl::OFlag::O_NONBLOCK;
    nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(flags)).unwrap();
    while nix::unistd::write(&writer, &[0; 4096]).is_ok() {}
    while nix::unistd::write(&writer, &[0]).is_ok() {}
    nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty())).unwrap();
    (reader, writer)
}
