use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::CatalogError;
use crate::trust::Trust;

/// The secret with which the records of a catalog are sealed: `.key` in its folder, made with the first installation,
/// readable by its owner only.
///
/// Whoever can write files into the folder but not read this one cannot make a record that is believed.
pub(crate) enum Key {
    /// The program runs as the owner of the catalog.
    Known([u8; 32]),
    /// It belongs to another trusted user, such as root: what is believed of the catalog rests on owners and modes alone.
    Closed,
}

const NAME: &str = ".key";

impl Key {
    /// The key of a catalog.
    pub(crate) fn read(trust: &Trust, folder: &Path) -> Result<Self, CatalogError> {
        let path = folder.join(NAME);
        let mut file = match trust.open_private(&path) {
            Err(CatalogError::File { error, .. }) if error.kind() == ErrorKind::PermissionDenied => {
                return trust.file_of_another(&path).map(|()| Self::Closed);
            }
            Err(CatalogError::File { error, .. }) if error.kind() == ErrorKind::NotFound => {
                return Err(CatalogError::Damaged { path, problem: "the key of this catalog is missing".to_owned() });
            }
            file => file?,
        };
        let mut key = [0; 32];
        file.read_exact(&mut key).map_err(CatalogError::file(&path))?;
        Ok(Self::Known(key))
    }

    /// The key of a catalog, made if there is none.
    pub(crate) fn read_or_make(trust: &Trust, folder: &Path) -> Result<Self, CatalogError> {
        let path = folder.join(NAME);
        if !path.exists() {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(|error| CatalogError::file(&path)(error.into()))?;
            // Of several that are made at once, the first one that is whole counts.
            let new = folder.join(format!("{NAME}-{}", std::process::id()));
            let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new);
            let made = options
                .and_then(|mut file| file.write_all(&key).and_then(|()| file.sync_all()))
                .and_then(|()| fs::hard_link(&new, &path))
                .or_else(|error| if error.kind() == ErrorKind::AlreadyExists { Ok(()) } else { Err(error) });
            _ = fs::remove_file(&new);
            made.map_err(CatalogError::file(&path))?;
        }
        Self::read(trust, folder)
    }

    /// The seal of a text; nothing without the key.
    pub(crate) fn seal(&self, text: &[u8]) -> Option<String> {
        match self {
            Self::Known(key) => Some(blake3::keyed_hash(key, text).to_hex().to_string()),
            Self::Closed => None,
        }
    }

    /// Whether a text has this seal, as far as that can be told.
    pub(crate) fn accepts(&self, text: &[u8], seal: &str) -> bool {
        match self {
            // Digests are compared in constant time.
            Self::Known(key) => blake3::Hash::from_hex(seal).is_ok_and(|seal| seal == blake3::keyed_hash(key, text)),
            Self::Closed => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_private() {
        let (trust, folder) = (Trust::new(), tempfile::tempdir().unwrap());
        assert!(Key::read(&trust, folder.path()).is_err());
        let seal = Key::read_or_make(&trust, folder.path()).unwrap().seal(b"text").unwrap();
        let again = Key::read_or_make(&trust, folder.path()).unwrap();
        assert!(again.accepts(b"text", &seal));
        assert!(!again.accepts(b"test", &seal) && !again.accepts(b"text", "") && !again.accepts(b"text", "00"));
        let path = folder.path().join(NAME);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let Err(error) = Key::read(&trust, folder.path()) else { panic!("a key that others read") };
        assert!(error.to_string().contains("others may read it"), "{error}");
    }
}
