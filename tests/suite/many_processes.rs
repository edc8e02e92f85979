//! Directors make many calls at the same time, each in a process of its own.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::Instant;

use cpi_tests::{Answer, Crowd, Host, note, request};
use serde_json::json;

/// What one process of the Ruby CPI for AWS takes at its highest, in bytes, as measured elsewhere.
const RUBY_PROCESS: u64 = 86 << 20;

#[test]
fn sixty_four_calls_take_a_tenth_of_what_ruby_takes() {
    let crowd = Crowd::gather(64);
    let (memory, most) = (crowd.memory(), 64 * RUBY_PROCESS / 10);
    note(&format!(
        "many_processes: 64 calls that wait take {} MiB, a tenth of as many Ruby CPIs is {} MiB",
        memory >> 20,
        most >> 20
    ));
    assert!(memory <= most, "{memory} bytes");
    for answer in crowd.let_go() {
        assert_eq!(answer.result(), false);
    }
}

#[test]
fn two_hundred_changes_at_once_are_all_answered_and_kept() {
    let host = Host::sim();
    let input = request("create_disk", &json!([1024, {}, null])).to_string();
    let start = Instant::now();
    let calls: Vec<Child> = (0..200).map(|_| host.start(input.as_bytes())).collect();
    let answers = calls.into_iter().map(|call| Answer::of(call.wait_with_output().unwrap(), start.elapsed()));
    let disks: BTreeSet<String> = answers.map(|answer| answer.result().as_str().unwrap().to_owned()).collect();
    assert_eq!(disks.len(), 200);
    note(&format!("many_processes: 200 calls at once took {:.1} s", start.elapsed().as_secs_f64()));
    for disk in disks.iter().step_by(20) {
        assert_eq!(host.call("has_disk", &json!([disk])).result(), true);
    }
}
