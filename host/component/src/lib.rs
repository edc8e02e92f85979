//! Reads what an author ships, before anything of it is compiled or run: what kind of file it is, the manifest that it
//! carries, and what it imports. Nothing here does I/O.

#![forbid(unsafe_code)]

use std::fmt;

use wasmparser::{ComponentImportSectionReader, Parser, Payload};

/// What a component says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The text of its manifest.
    pub manifest: String,
    /// Names of what it imports, such as `wasi:io/streams@0.2.6`.
    pub imports: Vec<String>,
}

/// Why a file is no plugin: whoever chose or built it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// Not a component at all.
    #[error("it is not a WebAssembly component, but {0}: install the .wasm that the author of the plugin ships")]
    Kind(Kind),
    /// Machine code was offered where a component is wanted.
    #[error("it is compiled already; install the component (.wasm) that it was made from")]
    Compiled,
    /// Larger than any plugin is.
    #[error("it has {0} bytes, a component may have {MOST_BYTES}")]
    TooLarge(u64),
    /// More imports than the contract has functions, many times over.
    #[error("it has more than {MOST_IMPORTS} imports")]
    TooManyImports,
    /// Damaged, or of a later version of WebAssembly.
    #[error("it is not a WebAssembly component that can be read: {0}")]
    Malformed(String),
    /// It carries no manifest.
    #[error(
        "the component has no manifest (custom section '{SECTION}'): build it with the plugin SDK and its `export!`"
    )]
    NoManifest,
    /// It carries more than one, which would leave it open which of them counts.
    #[error("the component has more than one manifest (custom section '{SECTION}')")]
    TwoManifests,
    /// The manifest is no text.
    #[error("the manifest of the component is not UTF-8, or longer than {MOST_MANIFEST} bytes")]
    ManifestText,
}

/// What a file is, judged by how it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Component,
    CoreModule,
    Compiled,
    NativeProgram,
    Empty,
    Unknown,
}

/// Far above real plugins, which have a few MiB.
pub const MOST_BYTES: u64 = 256 << 20;
const MOST_IMPORTS: usize = 1000;
const MOST_MANIFEST: usize = 1 << 20;

/// The custom section in which a component carries its manifest.
const SECTION: &str = "bosh:cpi/manifest";

/// Reads a component.
pub fn read(bytes: &[u8]) -> Result<Facts, ComponentError> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > MOST_BYTES {
        return Err(ComponentError::TooLarge(size));
    }
    match Kind::of(bytes) {
        Kind::Component => scan(bytes),
        Kind::Compiled => Err(ComponentError::Compiled),
        kind => Err(ComponentError::Kind(kind)),
    }
}

impl Kind {
    /// What a file is that begins like this.
    pub fn of(bytes: &[u8]) -> Self {
        /// What wasmtime writes where other programs name their operating system.
        const WASMTIME: u8 = 200;
        match bytes {
            [] => Self::Empty,
            [0, b'a', b's', b'm', _, _, 1, 0, ..] => Self::Component,
            [0, b'a', b's', b'm', ..] => Self::CoreModule,
            [0x7f, b'E', b'L', b'F', _, _, _, WASMTIME, ..] => Self::Compiled,
            [0x7f, b'E', b'L', b'F', ..] => Self::NativeProgram,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Component => "a component",
            Self::CoreModule => "a core module",
            Self::Compiled => "compiled code",
            Self::NativeProgram => "a native program",
            Self::Empty => "an empty file",
            Self::Unknown => "something else",
        })
    }
}

fn scan(bytes: &[u8]) -> Result<Facts, ComponentError> {
    let (mut manifests, mut imports, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| malformed(&error))? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => names(section, &mut imports)?,
            // In whichever of its modules the compiler put it.
            Payload::CustomSection(section) if section.name() == SECTION => manifests.push(section.data()),
            _ => {}
        }
    }
    let manifest = match manifests.as_slice() {
        [] => return Err(ComponentError::NoManifest),
        [manifest] => manifest,
        _ => return Err(ComponentError::TwoManifests),
    };
    let text = std::str::from_utf8(manifest).ok().filter(|text| text.len() <= MOST_MANIFEST);
    Ok(Facts { manifest: text.ok_or(ComponentError::ManifestText)?.to_owned(), imports })
}

fn names(section: ComponentImportSectionReader<'_>, into: &mut Vec<String>) -> Result<(), ComponentError> {
    for import in section {
        if into.len() == MOST_IMPORTS {
            return Err(ComponentError::TooManyImports);
        }
        into.push(import.map_err(|error| malformed(&error))?.name.name.to_owned());
    }
    Ok(())
}

fn malformed(error: &wasmparser::BinaryReaderError) -> ComponentError {
    ComponentError::Malformed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(text: &str) -> Result<Facts, ComponentError> {
        read(&wat::parse_str(format!("(component {text})")).unwrap())
    }

    const MANIFEST: &str = "(core module (@custom \"bosh:cpi/manifest\" \"x\"))";

    #[test]
    fn files_are_told_by_how_they_begin() {
        assert_eq!(read(b"").unwrap_err(), ComponentError::Kind(Kind::Empty));
        assert_eq!(read(b"\x7fELF\x02\x01\x01\xc8").unwrap_err(), ComponentError::Compiled);
        assert_eq!(read(b"\x7fELF\x02\x01\x01\x00").unwrap_err(), ComponentError::Kind(Kind::NativeProgram));
        assert_eq!(read(&wat::parse_str("(module)").unwrap()).unwrap_err(), ComponentError::Kind(Kind::CoreModule));
        assert_eq!(read(b"#!/bin/sh").unwrap_err(), ComponentError::Kind(Kind::Unknown));
        assert!(matches!(read(b"\0asm\x0d\0\x01\0\xff").unwrap_err(), ComponentError::Malformed(_)));
    }

    #[test]
    fn there_is_one_manifest() {
        assert_eq!(component("").unwrap_err(), ComponentError::NoManifest);
        assert_eq!(component(&MANIFEST.repeat(2)).unwrap_err(), ComponentError::TwoManifests);
        assert_eq!(component(MANIFEST).unwrap(), Facts { manifest: "x".to_owned(), imports: Vec::new() });
        let odd = "(core module (@custom \"bosh:cpi/manifest\" \"\\ff\"))";
        assert_eq!(component(odd).unwrap_err(), ComponentError::ManifestText);
    }

    #[test]
    fn imports_are_those_of_the_component_itself() {
        let inner = "(component (import \"a:b/inner\" (instance)))";
        let facts = component(&format!("(import \"a:b/c@1.0.0\" (instance)) {inner} {MANIFEST}")).unwrap();
        assert_eq!(facts.imports, ["a:b/c@1.0.0"]);
        let many: Vec<_> = (0..=MOST_IMPORTS).map(|number| format!("(import \"a:b/c{number}\" (instance))")).collect();
        assert_eq!(component(&many.concat()).unwrap_err(), ComponentError::TooManyImports);
    }
}
