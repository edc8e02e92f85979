//! Plugins are installed once, and run only as they were installed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cpi_tests::{Plugins, component, dist};
use serde_json::json;

fn refusal(bytes: &[u8]) -> String {
    Plugins::empty().install(bytes, &[]).unwrap_err()
}

fn manifest_section(manifest: &str) -> String {
    format!("(core module (@custom \"bosh:cpi/manifest\" {manifest:?}))")
}

const MANIFEST: &str = "[plugin]\nname = \"greedy\"\nversion = \"1.0.0\"\ncontract = \"bosh:cpi@0.1\"\n";

#[test]
fn what_is_no_plugin_is_refused() {
    assert!(refusal(b"").contains("not a WebAssembly component, but an empty file"));
    assert!(refusal(b"#!/bin/sh").contains("not a WebAssembly component"));
    assert!(refusal(&wat::parse_str("(module)").unwrap()).contains("a core module"));
    assert!(refusal(&wat::parse_str("(component)").unwrap()).contains("has no manifest"));
    assert!(refusal(&fs::read(dist().join("cpi-host")).unwrap()).contains("a native program"));
    let compiled = fs::read(Plugins::with_sim().compiled()).unwrap();
    assert!(refusal(&compiled).contains("compiled already"));
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
fn code_that_others_can_change_is_never_run() {
    let plugins = Plugins::with_sim();
    let host = plugins.host("");
    for path in [plugins.compiled(), plugins.path("sim"), plugins.path(""), plugins.path("..")] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode | 0o002)).unwrap();
        let (_, message) = host.call("has_vm", &json!(["vm-1"])).error();
        assert!(message.contains("others may write to it"), "{message}");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(host.call("has_vm", &json!(["vm-1"])).result(), false);
}

#[test]
fn what_a_plugin_asks_for_is_shown() {
    let shown = Plugins::empty().install_file(&component("aws"), &[]).unwrap();
    assert!(
        shown.contains("sends POST authenticated as 'aws'") && shown.contains("UserData of RunInstances"),
        "{shown}"
    );
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
