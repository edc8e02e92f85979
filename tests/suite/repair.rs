//! Compiled code that is not what was compiled is never run, and made anew from the component.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Child;

use cpi_tests::{Answer, Plugins, request};
use serde_json::json;

const NOBODY: u32 = 65534;
const AGAIN: &str = "compiled again from its component";

fn flip(path: &std::path::Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn damaged_code_is_made_anew_once() {
    let plugins = Plugins::with_sim();
    let host = plugins.host("");
    let has_vm = || host.call("has_vm", &json!(["vm-1"]));
    let damages: [fn(&std::path::Path); 4] = [
        flip,
        |path| fs::write(path, &fs::read(path).unwrap()[..100]).unwrap(),
        |path| fs::write(path, "").unwrap(),
        |path| fs::remove_file(path).unwrap(),
    ];
    for damage in damages {
        damage(&plugins.compiled());
        let answer = has_vm();
        assert_eq!(answer.result(), false, "{answer:?}");
        assert!(answer.stderr.contains(AGAIN), "{answer:?}");
        assert!(!has_vm().stderr.contains(AGAIN));
    }
}

#[test]
fn of_a_hundred_processes_one_makes_it_anew() {
    let plugins = Plugins::with_sim();
    let host = plugins.host("");
    flip(&plugins.compiled());
    let input = request("has_vm", &json!(["vm-1"])).to_string();
    let calls: Vec<Child> = (0..100).map(|_| host.start(input.as_bytes())).collect();
    for call in calls {
        let answer = Answer::of(call.wait_with_output().unwrap(), std::time::Duration::ZERO);
        assert_eq!(answer.result(), false, "{answer:?}");
    }
    assert_eq!(plugins.generations().len(), 2, "the damaged one, and one that was made");
}

#[test]
fn what_it_is_made_from_is_verified_too() {
    let plugins = Plugins::with_sim();
    let host = plugins.host("");
    flip(&plugins.compiled());
    flip(&plugins.compiled().with_file_name("component.wasm"));
    let (_, message) = host.call("has_vm", &json!(["vm-1"])).error();
    assert!(message.contains("component.wasm' is damaged or was changed"), "{message}");
}

#[test]
fn a_record_that_was_not_sealed_here_is_not_believed() {
    let (plugins, other) = (Plugins::with_sim(), Plugins::with_sim());
    let host = plugins.host("");
    let refusal = || {
        let info = host.call("info", &json!([])).error().1;
        assert_eq!(info, host.call("has_vm", &json!(["vm-1"])).error().1);
        info
    };
    let current = plugins.path("sim/current.json");
    let record = fs::read_to_string(&current).unwrap();
    fs::write(&current, record.replace("\"api-version\": 3", "\"api-version\": 2")).unwrap();
    assert!(refusal().contains("its seal is not that of this catalog"));
    fs::write(&current, fs::read(other.path("sim/current.json")).unwrap()).unwrap();
    assert!(refusal().contains("its seal is not that of this catalog"));
    fs::write(&current, &record).unwrap();
    host.call("info", &json!([])).result();
    fs::remove_file(plugins.path(".key")).unwrap();
    assert!(refusal().contains(".key"));
}

/// Installed by root, run by another user: the usual case of a BOSH package.
#[test]
fn a_user_who_may_only_read_is_told_the_command() {
    // Only root can become another user.
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let plugins = Plugins::with_sim();
    let host = plugins.host("");
    for folder in [plugins.path(".."), host.path("")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::create_dir(host.path("state")).unwrap();
    chown(host.path("state"), Some(NOBODY), Some(NOBODY)).unwrap();
    let call = || {
        let mut command = host.command();
        let mut child = command.uid(NOBODY).gid(NOBODY).spawn().unwrap();
        let input = request("has_vm", &json!(["vm-1"])).to_string();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Answer::of(child.wait_with_output().unwrap(), std::time::Duration::ZERO)
    };
    assert_eq!(call().result(), false);
    flip(&plugins.compiled());
    let (_, message) = call().error();
    assert!(message.contains("this user may not") && message.contains("cpi-host plugin install --into"), "{message}");
    let (_, command) = message.split_once("cpi-host plugin install ").unwrap();
    assert!(command.contains("component.wasm'"), "{command}");
}
