//! A call is killed whenever something new stands in its recording: between any two things that it does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Child;

use cpi_tests::{Host, request};
use serde_json::{Value, json};

use crate::orphans::{Cloud, ids, orphans};

/// Starts a call, kills it when its recording has so many lines, and tells what it answered.
fn kill_at(host: &Host, call: &Value, lines: usize) -> String {
    let tape = host.path("killed.jsonl");
    let mut command = host.command();
    let mut child: Child = command.arg("--record").arg(&tape).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), call.to_string().as_bytes()).unwrap();
    while count(&tape) < lines && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn count(tape: &Path) -> usize {
    fs::read_to_string(tape).map_or(0, |text| text.matches('\n').count())
}

/// Kills a call at every line, and looks with `inventory` at what is there afterwards.
fn kill_at_every_line(host: impl Fn() -> (Host, Value), inventory: impl Fn(&Host) -> BTreeSet<String>) {
    let (mut line, mut too_fast) = (1, 0);
    loop {
        let (host, call) = host();
        let before = inventory(&host);
        let answer = kill_at(&host, &call, line);
        let moment = format!("{} at line {line}", call["method"]);
        let left: BTreeSet<_> = inventory(&host).difference(&before).cloned().collect();
        let listed = orphans(&host, &[]);
        let found = ids(&listed);
        let answered = answer.ends_with('\n');
        for id in left.iter().filter(|id| !id.starts_with("vol-") || found.is_empty()) {
            // What is not listed any more is known to the caller.
            let known = found.iter().any(|found| found == id || found.ends_with(&format!(" {id}")));
            assert!(known || (answered && listed.is_empty()), "{moment}: {id} is left and not listed: {listed:?}");
        }
        for orphan in orphans(&host, &["--delete"]) {
            let kept = orphan["ended"] == "answering" && orphan["state"] == "kept";
            assert!(orphan["state"] == "removed" || kept, "{moment}: {orphan}");
        }
        for orphan in orphans(&host, &["--delete", "--answered"]) {
            assert_eq!(orphan["state"], "removed", "{moment}: {orphan}");
        }
        assert!(orphans(&host, &[]).is_empty(), "{moment}");
        if answered && line > 5 {
            return;
        }
        // On a busy machine the call may be over before the one who kills it has a turn.
        if answered {
            too_fast += 1;
            assert!(too_fast < 200, "the call is always over at line {line}");
            continue;
        }
        assert_eq!(inventory(&host), before, "{moment}");
        line += 1;
    }
}

#[test]
fn a_vm_of_the_simulated_cloud() {
    let host = || {
        let host = Host::sim();
        let stemcell = host.call("create_stemcell", &json!(["/nowhere", {"light": true}])).result();
        let networks = json!({"private": {"type": "manual", "ip": "10.0.0.2", "netmask": "255.255.255.0"}});
        let call = request("create_vm", &json!(["agent-1", stemcell, {}, networks, [], {}]));
        (host, call)
    };
    kill_at_every_line(host, world);
}

#[test]
fn a_disk_in_ec2() {
    let cloud = Cloud::new();
    let call = request("create_disk", &json!([1024, {}, null]));
    kill_at_every_line(|| (cloud.host(), call.clone()), |_| cloud.moto.inventory());
}

/// Everything in the simulated cloud, past everything of ours: its state is a file.
fn world(host: &Host) -> BTreeSet<String> {
    let mut things = BTreeSet::new();
    for file in files(&host.path("state")) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("entry-") {
            let bytes = fs::read(&file).unwrap();
            let world: Value = serde_json::from_slice(&bytes[8..]).unwrap();
            let kinds = world.as_object().unwrap().values();
            things.extend(kinds.flat_map(|kind| kind.as_object().unwrap().keys().cloned()));
        }
    }
    things
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
