//! Components that go wrong before any call: when they are compiled, started, and asked what they are.
//!
//! All of that happens once, at installation, which must end soon and install nothing.

use std::fmt::Write as _;
use std::time::Duration;

use cpi_tests::coverage::Case;

use crate::altered::{Installed, in_mode, install, with_component_behind};
use crate::case;
use crate::scene::{NOWHERE, has_vm};

const SECTION: &str = "resources";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A17c", "a component whose start never ends", start),
    case(SECTION, "A17d", "a start function that never ends", start_function),
    case(SECTION, "A17e", "a destructor that never ends", destructor),
    case(SECTION, "A17f", "an `info` that never ends, fails or lies", info),
    case(SECTION, "A17g", "an `info` that sends a request", info_that_sends),
    case(SECTION, "A18b", "memories and tables that grow in a start function", growth),
    case(SECTION, "A18c", "too many memories, tables and instances", too_many),
    case(SECTION, "A19b", "a start function that calls itself", stack),
    case(SECTION, "A23", "compile bombs", compile_bombs),
];

/// How every limit of time ends what it says; which one comes first depends on what else the machine does.
const TOO_LONG: &str = "raise [limits]";

/// Nothing is there, and the reason was told in time.
fn refused(installed: &Installed, reason: &str) {
    let text = installed.refusal();
    assert!(text.contains(reason), "{text}");
    assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
    assert!(installed.took < Duration::from_mins(2), "{:?}", installed.took);
    let left = std::fs::read_dir(installed.folder.path().join("hostile"));
    let left: Vec<_> = left.into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| name == ".lock"), "{left:?}");
}

fn start() {
    refused(&install(&in_mode("start-loop")), TOO_LONG);
    refused(&install(&in_mode("start-trap")), "unreachable");
}

/// The core module's own functions, and instances of it.
fn component(module: &str) -> Vec<u8> {
    with_component_behind(&format!("(component (core module $m {module}) (core instance (instantiate $m)))"))
}

fn start_function() {
    refused(&install(&component("(func $f (loop (br 0))) (start $f)")), TOO_LONG);
}

fn destructor() {
    let text = r#"(component
        (core module $d (func (export "dtor") (param i32) (loop (br 0))))
        (core instance $i (instantiate $d))
        (type $r (resource (rep i32) (dtor (core func $i "dtor"))))
        (core func $new (canon resource.new $r))
        (core func $drop (canon resource.drop $r))
        (core module $m
            (import "r" "new" (func $new (param i32) (result i32)))
            (import "r" "drop" (func $drop (param i32)))
            (func $f (call $drop (call $new (i32.const 0))))
            (start $f))
        (core instance $r (export "new" (func $new)) (export "drop" (func $drop)))
        (core instance (instantiate $m (with "r" (instance $r)))))"#;
    refused(&install(&with_component_behind(text)), TOO_LONG);
}

fn info() {
    refused(&install(&in_mode("info-loop")), TOO_LONG);
    refused(&install(&in_mode("info-trap")), "a recognisable panic");
    refused(&install(&in_mode("info-old")), "API version 0");
    refused(&install(&in_mode("info-huge")), "stemcell formats");
    refused(&install(&in_mode("info-text")), "stemcell format");
}

/// Whether the plugin is refused or only its request: nobody is reached, and the program does not fall over.
fn info_that_sends() {
    let installed = install(&in_mode("info-send"));
    let text = String::from_utf8_lossy(&installed.output.stderr).into_owned();
    assert!(matches!(installed.output.status.code(), Some(0 | 1)), "{text}");
    assert!(!text.contains("panicked at") || text.contains("plugin 'hostile' panicked at"), "{text}");
}

fn growth() {
    // Grow until there is no more, and only then fail: what is refused is refused for ever.
    let memory = "(memory 1) (func $f (loop (br_if 0 (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0)))) unreachable) (start $f)";
    refused(&install(&component(memory)), "memory");
    let table = "(table 1 funcref) \
        (func $f (loop (br_if 0 (i32.ge_s (table.grow 0 (ref.null func) (i32.const 1000)) (i32.const 0)))) unreachable) (start $f)";
    refused(&install(&component(table)), "limit-table-elements");
    let wide = "(memory i64 1) (func $f (drop (memory.grow (i64.const 0x100000000))) unreachable) (start $f)";
    let installed = install(&component(wide));
    assert!(installed.refusal().contains("hostile"), "{}", installed.refusal());
    refused(&install(&component("(memory 65536)")), "memory");
    refused(&install(&component("(table 10000000 funcref)")), "table");
}

fn too_many() {
    refused(&install(&component(&"(memory 1)".repeat(90))), "memory count too high");
    refused(&install(&component(&"(table 1 funcref)".repeat(90))), "table count too high");
    let instances = "(core instance (instantiate $m))".repeat(900);
    let text = format!("(component (core module $m) {instances})");
    refused(&install(&with_component_behind(&text)), "instance count too high");
}

fn stack() {
    refused(&install(&component("(func $f (call $f)) (start $f)")), "call stack exhausted");
}

fn compile_bombs() {
    // One function with a hundred thousand branches to a hundred thousand places.
    let targets = "0 ".repeat(50_000);
    let table = format!("(func (param i32) {})", format!("(block (br_table {targets} (local.get 0)))").repeat(20));
    let mut adds = String::from("(func (result i32) (i32.const 0)");
    for number in 0..200_000 {
        _ = write!(adds, "(i32.add (i32.const {number}))");
    }
    adds.push(')');
    let types = (0..90_000)
        .fold(String::new(), |text, number| text + &format!("(type (func (param {})))", "i32 ".repeat(number % 7)));
    let nested = format!("(func {}{})", "(block ".repeat(20_000), ")".repeat(20_000));
    let locals = format!("(func (local {}))", "i64 ".repeat(49_000));
    let imports =
        (0..200_000).fold(String::new(), |text, number| text + &format!("(import \"a\" \"{number}\" (func))"));
    let unused = with_component_behind(&format!("(component (core module {imports}))"));
    let bombs = [table, adds, types, nested, locals].map(|module| component(&module));
    for bomb in bombs.into_iter().chain([unused]) {
        let installed = install(&bomb);
        let text = String::from_utf8_lossy(&installed.output.stderr).into_owned();
        assert!(matches!(installed.output.status.code(), Some(0 | 1)), "{text}");
        assert!(installed.took < Duration::from_mins(3), "{:?}", installed.took);
        if installed.output.status.success() {
            assert_eq!(has_vm(&installed.host(NOWHERE, ""), "ok").result(), true);
        }
    }
}
