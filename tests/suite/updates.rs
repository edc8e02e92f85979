//! What is installed again under a name is what the operator decided on.

use std::fs;
use std::thread;

use cpi_tests::{Plugins, another, component};
use serde_json::json;

/// The simulated cloud, asking for one more setting. Its manifest is as long as before: a comment made room.
fn greedier() -> Vec<u8> {
    let mut bytes = fs::read(component("sim")).unwrap();
    let line = "settings = [\"world\", \"capacity\"]";
    let find = |bytes: &[u8], text: &str| bytes.windows(text.len()).position(|window| window == text.as_bytes());
    // The text may be there more than once: what counts is the one in the section.
    while let Some(start) = find(&bytes, "# world:") {
        let end = start + find(&bytes[start..], line).unwrap() + line.len();
        let wider = format!("{:width$}", "settings = [\"world\", \"capacity\", \"tags\"]", width = end - start);
        bytes[start..end].copy_from_slice(wider.as_bytes());
    }
    bytes
}

#[test]
fn installing_the_same_again_changes_nothing() {
    let plugins = Plugins::with_sim();
    let before = plugins.generations();
    assert!(plugins.install_file(&component("sim"), &[]).unwrap().contains("installed already"));
    assert_eq!(plugins.generations(), before);
}

#[test]
fn an_update_replaces_and_keeps_one_generation_for_calls_under_way() {
    let plugins = Plugins::with_sim();
    for tag in 0..3 {
        plugins.install(&another(fs::read(component("sim")).unwrap(), tag), &[]).unwrap();
    }
    assert_eq!(plugins.generations().len(), 2);
    assert_eq!(plugins.host("").call("has_vm", &json!(["vm-1"])).result(), false);
}

#[test]
fn an_update_that_asks_for_more_stops_until_it_is_accepted() {
    let plugins = Plugins::with_sim();
    let before = plugins.compiled();
    let refusal = plugins.install(&greedier(), &[]).unwrap_err();
    assert!(refusal.contains("+ reads the setting 'tags'") && refusal.contains("--accept"), "{refusal}");
    assert_eq!(plugins.compiled(), before);
    assert!(plugins.install(&greedier(), &["--accept"]).unwrap().contains("accepted: reads the setting 'tags'"));
    assert_ne!(plugins.compiled(), before);
    // Less than what was accepted needs no word.
    plugins.install_file(&component("sim"), &[]).unwrap();
}

#[test]
fn a_plugin_that_is_removed_is_gone_even_when_it_was_damaged() {
    let plugins = Plugins::with_sim();
    let host = plugins.host("");
    let remove = |name: &str| {
        let output = plugins.command("remove").arg(name).arg("--host").arg(host.path("host.toml")).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (removed, problem) = remove("smi");
    assert!(!removed && problem.contains("'smi'") && problem.contains("sim"), "{problem}");
    fs::write(plugins.path("sim/current.json"), "{").unwrap();
    assert_eq!(remove("sim"), (true, String::new()));
    assert!(!plugins.path("sim").exists());
    let answer = host.call("has_vm", &json!(["vm-1"]));
    assert!(answer.error().1.contains("'sim'"), "{answer:?}");
    plugins.install_file(&component("sim"), &[]).unwrap();
    assert_eq!(host.call("has_vm", &json!(["vm-1"])).result(), false);
}

#[test]
fn another_component_cannot_take_a_name_silently() {
    let plugins = Plugins::with_sim();
    let manifest = "[plugin]\nname = \"sim\"\nversion = \"9.0.0\"\ncontract = \"bosh:cpi@0.1\"\n[[http]]\nhosts = \
                    [\"https://evil.example\"]\nmethods = [\"POST\"]\npaths = [\"/**\"]\n";
    let text = format!("(component (core module (@custom \"bosh:cpi/manifest\" {manifest:?})))");
    let refusal = plugins.install(&wat::parse_str(text).unwrap(), &[]).unwrap_err();
    assert!(refusal.contains("+ sends POST /**, unsigned, to https://evil.example"), "{refusal}");
}

#[test]
fn a_pinned_component_is_the_only_one_that_runs() {
    let plugins = Plugins::with_sim();
    let shown = plugins.inspect("sim", "").unwrap();
    let digest = shown.lines().find_map(|line| line.strip_prefix("digest = ")).unwrap();
    let host = plugins.host(&format!("[plugin.sim]\ndigest = {digest}\n"));
    assert_eq!(host.call("has_vm", &json!(["vm-1"])).result(), false);
    host.call("info", &json!([])).result();

    plugins.install(&another(fs::read(component("sim")).unwrap(), 1), &[]).unwrap();
    for (method, arguments) in [("has_vm", json!(["vm-1"])), ("info", json!([]))] {
        let (_, message) = host.call(method, &arguments).error();
        assert!(message.contains("pins ") && message.contains("[plugin.sim] digest = \"blake3:"), "{message}");
        let (_, line) = message.split_once("[plugin.sim] ").unwrap();
        let host = plugins.host(&format!("[plugin.sim]\n{line}\n"));
        host.call(method, &arguments).result();
    }
    let settings = host.path("host.toml").display().to_string();
    let refusal = plugins.install(&another(fs::read(component("sim")).unwrap(), 2), &["--host", &settings]);
    assert!(refusal.unwrap_err().contains("pins blake3:"));
}

#[test]
fn inspection_shows_a_table_that_can_be_used_and_what_is_wrong() {
    let plugins = Plugins::with_sim();
    let aws = component("aws");
    let shown = plugins.inspect(&aws.display().to_string(), "").unwrap();
    for part in
        ["contract bosh:cpi@0.1", "none forbidden", "\"{ec2_endpoint}\"", "\"RunInstances\"", "allow-agents = true"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let shown = plugins.inspect("sim", "").unwrap();
    assert!(shown.contains("verified, for this program and this machine"), "{shown}");
    let table = &shown[shown.find("[plugin.sim]").unwrap()..];
    assert_eq!(plugins.host(table).call("has_vm", &json!(["vm-1"])).result(), false);
    let shown = plugins.inspect("sim", "[plugin.sim]\nmethods = ['GET']\n").unwrap();
    assert!(shown.contains("'GET' is not within what the plugin asks for"), "{shown}");
}

#[test]
fn a_hundred_processes_install_and_call_without_harm() {
    let plugins = Plugins::with_sim();
    let host = plugins.host("");
    let sim = fs::read(component("sim")).unwrap();
    let versions: Vec<_> = (0..4).map(|tag| plugins.path(&format!("../{tag}.wasm"))).collect();
    for (tag, path) in (0..).zip(&versions) {
        fs::write(path, another(sim.clone(), tag)).unwrap();
    }
    thread::scope(|scope| {
        for number in 0..20 {
            let (plugins, path) = (&plugins, &versions[number % versions.len()]);
            scope.spawn(move || plugins.install_file(path, &[]).unwrap());
        }
        for _ in 0..80 {
            scope.spawn(|| assert_eq!(host.call("has_vm", &json!(["vm-1"])).result(), false));
        }
    });
    assert!(plugins.generations().len() <= 2);
}
