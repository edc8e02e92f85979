//! Components that a compiler would not make: the misbehaving plugin with other bytes in it, or with more behind it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use cpi_tests::{Host, component, dist};
use serde_json::Value;
use tempfile::TempDir;
use wasmparser::{Parser, Payload};

/// The misbehaving plugin, which does this before any call: see its `mode.rs`.
pub(crate) fn in_mode(mode: &str) -> Vec<u8> {
    const BEFORE: &str = "hostile-mode:none...............";
    replaced(BEFORE, &format!("{:.<32}", format!("hostile-mode:{mode}")))
}

/// The misbehaving plugin with a text of its manifest replaced by one that is no longer.
pub(crate) fn with_manifest(before: &str, after: &str) -> Vec<u8> {
    replaced(before, &format!("{after:<length$}", length = before.len()))
}

fn replaced(before: &str, after: &str) -> Vec<u8> {
    assert_eq!(before.len(), after.len(), "{after}");
    let mut bytes = std::fs::read(component("hostile")).unwrap();
    let places: Vec<_> =
        (0..bytes.len() - before.len()).filter(|start| bytes[*start..].starts_with(before.as_bytes())).collect();
    assert!(!places.is_empty(), "the plugin has no '{before}'");
    for start in places {
        bytes[start..start + after.len()].copy_from_slice(after.as_bytes());
    }
    bytes
}

/// The misbehaving plugin, which instantiates this component (text format, without imports) after itself.
pub(crate) fn with_component_behind(text: &str) -> Vec<u8> {
    const COMPONENT: u8 = 4;
    const INSTANCE: u8 = 5;
    let mut bytes = std::fs::read(component("hostile")).unwrap();
    let index = components(&bytes);
    section(&mut bytes, COMPONENT, &wat::parse_str(text).unwrap());
    // One instance, made of that component, with no arguments.
    let mut instance = vec![1, 0];
    leb128(&mut instance, index);
    instance.push(0);
    section(&mut bytes, INSTANCE, &instance);
    bytes
}

/// How many components it has already.
fn components(bytes: &[u8]) -> usize {
    let (mut depth, mut count) = (0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => depth += 1,
            Payload::ComponentSection { .. } => {
                count += usize::from(depth == 0);
                depth += 1;
            }
            Payload::ComponentAliasSection(section) if depth == 0 => {
                let aliases = section.into_iter().map(Result::unwrap);
                count += aliases
                    .filter(|alias| {
                        use wasmparser::{ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind};
                        matches!(
                            alias,
                            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. }
                                | ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, .. }
                        )
                    })
                    .count();
            }
            Payload::End(_) => depth -= 1,
            _ => {}
        }
    }
    count
}

fn section(bytes: &mut Vec<u8>, kind: u8, content: &[u8]) {
    bytes.push(kind);
    leb128(bytes, content.len());
    bytes.extend_from_slice(content);
}

fn leb128(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
}

/// A plugin of its own in a folder of its own.
pub(crate) struct Installed {
    pub(crate) folder: TempDir,
    /// What the installation said on stdout and stderr, and how it ended.
    pub(crate) output: Output,
    pub(crate) took: Duration,
}

/// Installs a component in a folder of its own.
pub(crate) fn install(bytes: &[u8]) -> Installed {
    let folder = TempDir::new().unwrap();
    let start = Instant::now();
    let output = install_into(folder.path(), bytes);
    Installed { folder, output, took: start.elapsed() }
}

/// Installs a component over whatever there is.
pub(crate) fn install_into(folder: &Path, bytes: &[u8]) -> Output {
    let mut file = tempfile::Builder::new().suffix(".wasm").tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let mut command = Command::new(dist().join("cpi-host"));
    command.args(["plugin", "install", "--into"]).arg(folder).arg(file.path()).stdin(Stdio::null()).output().unwrap()
}

impl Installed {
    /// What an installation that failed said.
    pub(crate) fn refusal(&self) -> String {
        let text = String::from_utf8(self.output.stderr.clone()).unwrap();
        assert_eq!(self.output.status.code(), Some(1), "{text}");
        assert_eq!(self.output.stdout, b"", "{text}");
        text
    }

    /// A host that uses what was installed, with these limits.
    pub(crate) fn host(&self, endpoint: &str, limits: &str) -> Host {
        let text = String::from_utf8_lossy(&self.output.stderr);
        assert!(self.output.status.success(), "{text}");
        crate::scene::hostile(endpoint, limits).with_settings(&format!(
            "plugins = '{}'\n{}",
            self.folder.path().display(),
            crate::scene::limits(limits)
        ))
    }

    /// The file of the compiled code.
    pub(crate) fn compiled(&self, plugin: &str) -> PathBuf {
        let folder = self.folder.path().join(plugin);
        let current: Value = serde_json::from_slice(&std::fs::read(folder.join("current.json")).unwrap()).unwrap();
        folder.join(current["record"]["generation"].as_str().unwrap()).join("component.cwasm")
    }
}
