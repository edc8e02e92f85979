use std::fs::File;
use std::io::Read;
use std::path::Path;

use cpi_runtime::About;
use serde::{Deserialize, Serialize};

use crate::CatalogError;
use crate::key::Key;
use crate::trust::Trust;

/// `current.json`: which generation of a plugin is used, and what its files must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Current {
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

/// The file: the record, and its seal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    format: u32,
    seal: String,
    record: Current,
}

/// What every format has.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

/// The format that this program reads and writes.
const FORMAT: u32 = 2;

impl Current {
    /// Reads a record that was sealed with this key.
    pub(crate) fn read(trust: &Trust, path: &Path, key: &Key) -> Result<Self, CatalogError> {
        let damaged = |problem: String| CatalogError::Damaged { path: path.into(), problem };
        let text = text(trust.open(path)?, path)?;
        let not_json = |error: serde_json::Error| damaged(error.to_string());
        let Head { format } = serde_json::from_str(&text).map_err(not_json)?;
        if format != FORMAT {
            return Err(damaged(format!("it has format {format}, this program reads {FORMAT}")));
        }
        let Sealed { seal, record, .. } = serde_json::from_str(&text).map_err(not_json)?;
        if !key.accepts(&record.bytes().map_err(not_json)?, &seal) {
            return Err(damaged("its seal is not that of this catalog".to_owned()));
        }
        if record.generation.contains('/') || record.generation.starts_with('.') {
            return Err(damaged("it names a folder elsewhere".to_owned()));
        }
        Ok(record)
    }

    /// The text of the file.
    pub(crate) fn sealed(&self, key: &Key, path: &Path) -> Result<String, CatalogError> {
        let failed = |error: serde_json::Error| CatalogError::file(path)(error.into());
        let problem = "the key of this catalog belongs to another user: install as the owner of the folder".to_owned();
        let seal =
            key.seal(&self.bytes().map_err(failed)?).ok_or(CatalogError::Untrusted { path: path.into(), problem })?;
        serde_json::to_string_pretty(&Sealed { format: FORMAT, seal, record: self.clone() }).map_err(failed)
    }

    /// What is sealed: the one way in which a record is written on one line.
    fn bytes(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}

/// A small text file, whole.
pub(crate) fn text(file: File, path: &Path) -> Result<String, CatalogError> {
    const LONGEST: u64 = 1 << 20;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).map_err(CatalogError::file(path))?;
    Ok(text)
}
