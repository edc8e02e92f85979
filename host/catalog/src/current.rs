use std::fs::File;
use std::io::Read;
use std::path::Path;

use cpi_runtime::About;
use serde::{Deserialize, Serialize};

use crate::CatalogError;
use crate::trust::Trust;

/// `current.json`: which generation of a plugin is used, and what its files must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Current {
    /// Version of this file's format.
    pub(crate) format: u32,
    /// The author's version.
    pub(crate) version: String,
    /// Folder of the generation.
    pub(crate) generation: String,
    /// BLAKE3 of each file, in hexadecimal.
    pub(crate) component: String,
    pub(crate) compiled: String,
    pub(crate) manifest: String,
    /// What the plugin answers to `info`.
    pub(crate) about: About,
}

/// The format that this program reads and writes.
pub(crate) const FORMAT: u32 = 1;

impl Current {
    pub(crate) fn read(trust: &Trust, path: &Path) -> Result<Self, CatalogError> {
        let damaged = |problem: String| CatalogError::Damaged { path: path.into(), problem };
        let text = text(trust.open(path)?, path)?;
        let current: Self = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if current.format != FORMAT {
            return Err(damaged(format!("it has format {}, this program reads {FORMAT}", current.format)));
        }
        if current.generation.contains('/') || current.generation.starts_with('.') {
            return Err(damaged("it names a folder elsewhere".to_owned()));
        }
        Ok(current)
    }
}

/// A small text file, whole.
pub(crate) fn text(file: File, path: &Path) -> Result<String, CatalogError> {
    const LONGEST: u64 = 1 << 20;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(CatalogError::file(path))?;
    Ok(text)
}
