//! What components import is what the contract gives, and nothing that reaches the world.

use cpi_tests::component;
use wasmparser::{Parser, Payload};

/// Interfaces of WASI with nothing behind them.
const HARMLESS: [&str; 6] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/preopens", "wasi:filesystem/types", "wasi:io/", "wasi:random/"];

fn imports(name: &str) -> Vec<String> {
    let bytes = std::fs::read(component(name)).unwrap();
    let mut depth = 0;
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                names.extend(section.into_iter().map(|import| import.unwrap().name.name.to_owned()));
            }
            _ => {}
        }
    }
    names
}

#[test]
fn plugins_import_the_contract_and_harmless_wasi_only() {
    for name in ["aws", "sim"] {
        let imports = imports(name);
        assert!(imports.iter().any(|import| import.starts_with("bosh:cpi/")), "{name}: {imports:?}");
        for import in &imports {
            let known = import.starts_with("bosh:cpi/") || HARMLESS.iter().any(|harmless| import.starts_with(harmless));
            assert!(known, "{name} imports {import}");
        }
    }
    assert!(imports("aws").iter().any(|import| import.starts_with("bosh:cpi/http@")));
    assert!(!imports("sim").iter().any(|import| import.starts_with("bosh:cpi/http@")), "sim needs no cloud");
}
