//! Components are compiled in a process of their own, within limits.

use std::fmt::Write;
use std::time::{Duration, Instant};

use cpi_tests::{Plugins, component};
use serde_json::json;

const MANIFEST: &str = "[plugin]\nname = \"bomb\"\nversion = \"1.0.0\"\ncontract = \"bosh:cpi@0.1\"\n";

/// A component with a module of these fields.
fn bomb(fields: &str) -> Vec<u8> {
    let manifest = format!("(core module (@custom \"bosh:cpi/manifest\" {MANIFEST:?}))");
    wat::parse_str(format!("(component {manifest} (core module {fields}))")).unwrap()
}

fn refusal(bytes: &[u8], limits: &str) -> String {
    let plugins = Plugins::empty();
    let host = plugins.host(&format!("[compile]\n{limits}\n"));
    let start = Instant::now();
    let refusal = plugins.install(bytes, &["--host", &host.path("host.toml").display().to_string()]).unwrap_err();
    assert!(start.elapsed() < Duration::from_mins(1), "{refusal}");
    refusal
}

fn huge_functions() -> String {
    let mut fields = String::new();
    for _ in 0..100 {
        fields.push_str("(func (param i64 i64) (result i64) local.get 0\n");
        for number in 0..5000 {
            let _ = writeln!(
                fields,
                "local.get {} i64.mul i64.const {number} i64.xor local.tee {}",
                number % 2,
                (number + 1) % 2
            );
        }
        fields.push(')');
    }
    fields
}

#[test]
fn huge_functions_end_with_their_time() {
    let refusal = refusal(&bomb(&huge_functions()), "cpu = '1s'");
    assert!(refusal.contains("more than 1 s of CPU time") && refusal.contains("[compile] cpu"), "{refusal}");
}

#[test]
fn endless_jump_tables_end_with_their_time() {
    let targets = "0 ".repeat(4000);
    let function = format!("(func (param i32) {})", format!("(block local.get 0 br_table {targets})").repeat(500));
    let refusal = refusal(&bomb(&function), "wall = '200ms'");
    assert!(refusal.contains("[compile] wall"), "{refusal}");
}

#[test]
fn what_takes_too_much_memory_is_refused() {
    let refusal = refusal(&std::fs::read(component("aws")).unwrap(), "memory = '80MiB'");
    assert!(refusal.contains("more than 80.0 MiB of memory: raise [compile] memory"), "{refusal}");
}

#[test]
fn a_million_imports_and_an_explosion_of_types_are_refused() {
    let imports: Vec<_> = (0..2000).map(|number| format!("(import \"a:b/c{number}\" (func))")).collect();
    let text = format!("(component {})", imports.concat());
    assert!(refusal(&wat::parse_str(text).unwrap(), "").contains("more than 1000 imports"));
    let imports = "(import \"a\" \"b\" (func))".repeat(1_000_001);
    assert!(refusal(&bomb(&imports), "").contains("not a WebAssembly component"));
    // Each type holds the one before twice.
    let types: Vec<_> = (1..64).map(|n| format!("(type $t{n} (tuple $t{} $t{}))", n - 1, n - 1)).collect();
    let types = types.concat();
    let manifest = format!("(core module (@custom \"bosh:cpi/manifest\" {MANIFEST:?}))");
    let text = format!("(component {manifest} (type $t0 (tuple u64 u64)) {types})");
    assert!(refusal(&wat::parse_str(text).unwrap(), "").contains("not a WebAssembly component"));
}

#[test]
fn the_host_lives_on() {
    let plugins = Plugins::with_sim();
    let host = plugins.host("[compile]\nmemory = '100MiB'\n");
    let settings = host.path("host.toml").display().to_string();
    plugins.install_file(&component("aws"), &["--host", &settings]).unwrap_err();
    assert_eq!(host.call("has_vm", &json!(["vm-1"])).result(), false);
}
