//! Plugins are installed once, and run only as they were installed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use cpi_tests::{Host, component, dist};
use serde_json::json;
use tempfile::TempDir;

fn install(file: &Path, folder: &Path) -> Output {
    let mut command = Command::new(dist().join("cpi-host"));
    command.args(["plugin", "install", "--into"]).arg(folder).arg(file).output().unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("plugin.wasm");
    fs::write(&file, bytes).unwrap();
    let output = install(&file, folder.path());
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    String::from_utf8(output.stderr).unwrap()
}

/// An installation of its own, the file of its compiled code, and a host that uses it.
fn installed() -> (TempDir, PathBuf, Host) {
    let folder = TempDir::new().unwrap();
    assert!(install(&component("sim"), folder.path()).status.success());
    let generation = fs::read_dir(folder.path().join("sim")).unwrap().flatten().find(|entry| entry.path().is_dir());
    let compiled = generation.unwrap().path().join("component.cwasm");
    let host = Host::sim().with_settings(&format!("plugins = '{}'\n", folder.path().display()));
    (folder, compiled, host)
}

fn manifest_section(manifest: &str) -> String {
    format!("(core module (@custom \"bosh:cpi/manifest\" {manifest:?}))")
}

const MANIFEST: &str = "[plugin]\nname = \"greedy\"\nversion = \"1.0.0\"\ncontract = \"bosh:cpi@0.1\"\n";

#[test]
fn what_is_no_plugin_is_refused() {
    assert!(refusal(b"").contains("not a WebAssembly component"));
    assert!(refusal(b"#!/bin/sh").contains("not a WebAssembly component"));
    assert!(refusal(&wat::parse_str("(module)").unwrap()).contains("not a WebAssembly component"));
    assert!(refusal(&wat::parse_str("(component)").unwrap()).contains("has no manifest"));
    let (_folder, compiled, _) = installed();
    assert!(refusal(&fs::read(compiled).unwrap()).contains("compiled already"));
}

#[test]
fn a_component_that_wants_more_is_refused_by_the_name_of_its_import() {
    for import in ["wasi:sockets/tcp@0.2.6", "wasi:http/outgoing-handler@0.2.6", "example:backdoor/shell"] {
        let text = format!(
            "(component (import \"{import}\" (instance (export \"f\" (func)))) {})",
            manifest_section(MANIFEST)
        );
        let message = refusal(&wat::parse_str(&text).unwrap());
        assert!(message.contains("plugin 'greedy' is refused") && message.contains(import), "{message}");
    }
}

#[test]
fn a_component_that_lacks_the_contract_is_refused() {
    let text = format!("(component {})", manifest_section(MANIFEST));
    let message = refusal(&wat::parse_str(&text).unwrap());
    assert!(message.contains("does not export the contract"), "{message}");
    let other = MANIFEST.replace("0.1", "9.9");
    let text = format!("(component {})", manifest_section(&other));
    assert!(refusal(&wat::parse_str(&text).unwrap()).contains("built for contract 'bosh:cpi@9.9'"));
}

#[test]
fn changed_code_is_never_run() {
    let (_folder, compiled, host) = installed();
    assert_eq!(host.call("has_vm", &json!(["vm-1"])).result(), false);
    let mut bytes = fs::read(&compiled).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&compiled, &bytes).unwrap();
    let (kind, message) = host.call("has_vm", &json!(["vm-1"])).error();
    assert_eq!(kind, "Bosh::Clouds::CpiError");
    assert!(message.contains("is damaged or was changed"), "{message}");
    fs::write(&compiled, &bytes[..100]).unwrap();
    assert!(host.call("info", &json!([])).error().1.contains("is damaged or was changed"));
}

#[test]
fn code_that_others_can_change_is_never_run() {
    let (folder, compiled, host) = installed();
    for path in [compiled.as_path(), &folder.path().join("sim"), folder.path()] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o002)).unwrap();
        let (_, message) = host.call("info", &json!([])).error();
        assert!(message.contains("others may write to it"), "{message}");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(host.call("has_vm", &json!(["vm-1"])).result(), false);
}

#[test]
fn installing_again_replaces_and_keeps_one_generation_for_calls_under_way() {
    let (folder, _, host) = installed();
    for _ in 0..3 {
        assert!(install(&component("sim"), folder.path()).status.success());
    }
    let entries = fs::read_dir(folder.path().join("sim")).unwrap().flatten();
    let generations: Vec<_> = entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name()).collect();
    assert_eq!(generations.len(), 2, "{generations:?}");
    assert_eq!(host.call("has_vm", &json!(["vm-1"])).result(), false);
}

#[test]
fn installations_at_once_disturb_neither_one_another_nor_calls() {
    let (folder, _, host) = installed();
    thread::scope(|scope| {
        let installations: Vec<_> = (0..6).map(|_| scope.spawn(|| install(&component("sim"), folder.path()))).collect();
        for _ in 0..100 {
            assert_eq!(host.call("has_vm", &json!(["vm-1"])).result(), false);
        }
        for installation in installations {
            let output = installation.join().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
    });
}

#[test]
fn what_a_plugin_asks_for_is_shown() {
    let folder = TempDir::new().unwrap();
    let shown = String::from_utf8(install(&component("aws"), folder.path()).stdout).unwrap();
    assert!(shown.contains("sends authenticated as 'aws'") && shown.contains("UserData of RunInstances"), "{shown}");
    assert!(shown.contains("reads the settings credentials_source"), "{shown}");
}

#[test]
fn a_manifest_cannot_ask_for_secrets() {
    for (line, problem) in [
        ("settings = [\"secret_access_key\"]\n", "'secret_access_key' holds a secret"),
        ("section = \"agent\"\n", "unknown field `section`"),
    ] {
        let text = format!("(component {})", manifest_section(&format!("{MANIFEST}{line}")));
        assert!(refusal(&wat::parse_str(&text).unwrap()).contains(problem), "{line}");
    }
    let text = format!("(component {})", manifest_section(&MANIFEST.replace("greedy", "agent")));
    assert!(refusal(&wat::parse_str(&text).unwrap()).contains("plugin name 'agent' is not valid"));
}
