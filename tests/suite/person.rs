//! `cpi-host call METHOD ARGUMENT…` for people.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use cpi_tests::Host;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

fn call(host: &Host, arguments: &[&str]) -> cpi_tests::Answer {
    host.run("call", arguments)
}

#[test]
fn arguments_are_typed_and_results_read() {
    let host = Host::sim();
    let disk = call(&host, &["create_disk", "1024", "{\"type\":\"fast\"}"]);
    assert_eq!((disk.status, disk.stderr.as_str()), (0, ""), "{disk:?}");
    let disk = disk.stdout.trim();
    assert_eq!(call(&host, &["has_disk", disk]).stdout, "true\n");
    assert_eq!(call(&host, &["has_disk", disk, "--director-uuid", "another"]).stdout, "false\n");
    assert_eq!(call(&host, &["delete_disk", disk]).stdout, "done\n");
    // An identifier that looks like a number is still a text.
    assert_eq!(call(&host, &["has_vm", "12345"]).stdout, "false\n");
    let info: Value = serde_json::from_str(&call(&host, &["info"]).stdout).unwrap();
    assert_eq!(info["api_version"], 3);
}

#[test]
fn arguments_come_from_files_and_stdin() {
    let host = Host::sim();
    let file = host.path("properties.json");
    std::fs::write(&file, "{\"type\":\"fast\"}\n").unwrap();
    let answer = call(&host, &["create_disk", "1024", &format!("@{}", file.display())]);
    assert!(answer.stdout.starts_with("disk-"), "{answer:?}");
    let mut child = host.program("call").args(["create_disk", "1024", "-"]).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"{}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("disk-"));
}

#[test]
fn errors_are_words_and_a_status() {
    let host = Host::sim();
    for (arguments, words) in [
        (&["delete_disk", "disk-none"][..], "Bosh::Clouds::DiskNotFound: "),
        (&["make_tea"], "there is no method 'make_tea': `cpi-host call help` lists them"),
        (&["has_vm"], "wrong number of arguments (given 0, expected 1)"),
        (&["has_vm", "a", "b"], "has_vm takes 1 argument(s)"),
        (&["create_disk", "much", "{}"], "disk size needs to be an integer"),
        (&["create_disk", "1", "{\"type\":"], "cloud_properties '{\"type\":': EOF"),
        (&["create_disk", "1", "@/does/not/exist"], "No such file"),
        (&["has_vm", "x", "--context", "/does/not/exist"], "context '/does/not/exist'"),
    ] {
        let answer = call(&host, arguments);
        assert_eq!((answer.status, answer.stdout.as_str()), (1, ""), "{answer:?}");
        assert!(answer.stderr.contains(words), "{words}: {answer:?}");
    }
}

#[test]
fn help_lists_methods_and_needs_no_configuration() {
    let all = Host::sim().bare("call").args(["help"]).output().unwrap();
    let text = String::from_utf8(all.stdout).unwrap();
    assert!(all.status.success() && text.contains("create_vm"), "{text}");
    assert!(text.contains("size: number of MiB, cloud_properties: object, [vm_cid: string]"), "{text}");
    let missing = Host::sim().bare("call").stdin(Stdio::null()).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("--config <FILE>"));
}

#[test]
fn a_terminal_shows_how_a_long_call_goes_on() {
    let host = Host::hostile("http://127.0.0.1:9/");
    let terminal = nix::pty::openpty(None, None).unwrap();
    let mut child = host.program("call").args(["has_vm", "naps:100"]).stderr(terminal.slave).spawn().unwrap();
    assert!(child.wait().unwrap().success());
    let mut shown = vec![0; 4096];
    let count = File::from(terminal.master).read(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown[..count]).into_owned();
    assert!(shown.contains("has_vm, 1 s") && shown.ends_with("\u{1b}[K"), "{shown:?}");
}

#[test]
fn ctrl_c_answers() {
    let host = Host::hostile("http://127.0.0.1:9/");
    let child = host.program("call").args(["has_vm", "sleep"]).spawn().unwrap();
    thread::sleep(Duration::from_millis(400));
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("ended by SIGINT"));
}
