use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;

use cpi_policy::{Manifest, is_plugin_name};
use cpi_runtime::About;

use crate::CatalogError;
use crate::current::{Current, text};
use crate::layout::{COMPILED, COMPONENT, CURRENT, MANIFEST, VERIFIED};
use crate::stamp::{self, hex};
use crate::trust::Trust;

/// The folder of installed plugins.
pub struct Catalog {
    pub(crate) folder: PathBuf,
    trust: Trust,
}

/// A plugin whose files are what was installed.
pub struct Installed {
    /// What it is and what it asks for.
    pub manifest: Manifest,
    /// What it answers to `info`.
    pub about: About,
    /// BLAKE3 of the component, in hexadecimal.
    pub digest: String,
    /// Its compiled code.
    pub compiled: File,
}

/// What there is to say about an installed plugin.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Name.
    pub name: String,
    /// The author's version.
    pub version: String,
    /// BLAKE3 of the component, in hexadecimal.
    pub digest: String,
    /// Size of the component in bytes.
    pub size: u64,
    /// Size of the compiled code in bytes.
    pub compiled_size: u64,
}

impl Catalog {
    /// The plugins in a folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        // Packages are often reached through a link; what counts is where it leads.
        Self { folder: fs::canonicalize(&folder).unwrap_or(folder), trust: Trust::new() }
    }

    /// Finds a plugin and verifies owner, mode and digest of everything that will be run.
    pub fn open(&self, name: &str) -> Result<Installed, CatalogError> {
        let Verified { current, manifest, compiled } = self.verified(name)?;
        let manifest = Manifest::parse(&manifest)?;
        if manifest.plugin.name != name {
            let problem = format!("it is plugin '{}'", manifest.plugin.name);
            return Err(CatalogError::Damaged { path: self.folder.join(name), problem });
        }
        Ok(Installed { manifest, about: current.about, digest: current.component, compiled })
    }

    /// What a plugin answers to `info`, as it did when it was installed; it is verified all the same.
    pub fn about(&self, name: &str) -> Result<About, CatalogError> {
        Ok(self.verified(name)?.current.about)
    }

    /// Names of the installed plugins, in order.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries
            .filter(|entry| entry.path().join(CURRENT).is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }

    /// What is installed under a name.
    pub fn summary(&self, name: &str) -> Result<Summary, CatalogError> {
        let folder = self.folder.join(name);
        let current = Current::read(&self.trust, &folder.join(CURRENT))?;
        let size = |file: &str| {
            let path = folder.join(&current.generation).join(file);
            fs::metadata(&path).map(|facts| facts.len()).map_err(CatalogError::file(path))
        };
        Ok(Summary {
            name: name.to_owned(),
            size: size(COMPONENT)?,
            compiled_size: size(COMPILED)?,
            version: current.version,
            digest: current.component,
        })
    }

    fn verified(&self, name: &str) -> Result<Verified, CatalogError> {
        if !is_plugin_name(name) {
            return Err(CatalogError::Name(name.to_owned()));
        }
        let missing = |error: &CatalogError| match error {
            CatalogError::File { path, error } if error.kind() == ErrorKind::NotFound => Some(path.clone()),
            _ => None,
        };
        let installed = || self.folder.join(name).join(CURRENT).exists();
        let mut tries = 1;
        loop {
            let outcome = self.verified_now(name);
            match outcome.as_ref().err().and_then(missing) {
                // An installation may have replaced the generation in between.
                Some(_) if installed() && tries < MOST_TRIES => tries += 1,
                Some(path) if installed() => {
                    return Err(CatalogError::Damaged { path, problem: "it is missing".to_owned() });
                }
                Some(_) => {
                    let (name, folder) = (name.to_owned(), self.folder.clone());
                    return Err(CatalogError::Unknown { name, folder, installed: self.names() });
                }
                None => return outcome,
            }
        }
    }

    fn verified_now(&self, name: &str) -> Result<Verified, CatalogError> {
        let folder = self.folder.join(name);
        self.trust.folder(&self.folder)?;
        self.trust.folder(&folder)?;
        let current = Current::read(&self.trust, &folder.join(CURRENT))?;
        let generation = folder.join(&current.generation);
        self.trust.folder(&generation)?;
        let path = generation.join(MANIFEST);
        let manifest = text(self.trust.open(&path)?, &path)?;
        stamp::check(&path, &hex(manifest.as_bytes()), &current.manifest)?;
        let path = generation.join(COMPILED);
        let compiled = self.trust.open(&path)?;
        stamp::verify(&self.trust, &compiled, &path, &folder.join(VERIFIED), &current.compiled)?;
        Ok(Verified { current, manifest, compiled })
    }
}

/// The generation of a plugin that is used, its files verified.
struct Verified {
    current: Current,
    manifest: String,
    compiled: File,
}

/// How often a generation that vanishes while it is opened is looked for anew.
const MOST_TRIES: u32 = 3;
