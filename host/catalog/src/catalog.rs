use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use cpi_policy::{CompileLimits, Digest, HostConfig, Manifest, PluginRules, is_plugin_name};
use cpi_runtime::{About, Engine, Plugin};

use crate::CatalogError;
use crate::current::{Current, text};
use crate::key::Key;
use crate::layout::{COMPILED, COMPONENT, CURRENT, MANIFEST, VERIFIED};
use crate::stamp::{self, hex};
use crate::trust::Trust;

/// The folder of installed plugins.
#[derive(Clone)]
pub struct Catalog {
    pub(crate) folder: PathBuf,
    pub(crate) trust: Trust,
    pub(crate) rules: BTreeMap<String, PluginRules>,
    pub(crate) compile: CompileLimits,
}

/// A plugin whose record and manifest are what was installed.
pub struct Installed {
    /// What it is and what it asks for.
    pub manifest: Manifest,
    /// What it answers to `info`.
    pub about: About,
    /// BLAKE3 of the component, in hexadecimal.
    pub digest: String,
    pub(crate) current: Current,
    code: Code,
}

/// Compiled code that is not verified yet.
struct Code {
    file: Result<File, CatalogError>,
    path: PathBuf,
    /// Where is kept that it was verified.
    note: PathBuf,
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
    /// The plugins in a folder, which need not exist yet, as far as the operator leaves them.
    pub fn new(folder: impl Into<PathBuf>, host: &HostConfig) -> Self {
        let folder = folder.into();
        // Packages are often reached through a link; what counts is where it leads.
        let folder = fs::canonicalize(&folder).unwrap_or(folder);
        Self { folder, trust: Trust::new(), rules: host.rules.clone(), compile: host.compile }
    }

    /// Finds a plugin: who can change its files, the seal of its record, and its manifest.
    pub fn open(&self, name: &str) -> Result<Installed, CatalogError> {
        let record = self.record(name)?;
        let generation = record.folder.join(&record.current.generation);
        let path = generation.join(MANIFEST);
        let manifest = text(record.manifest?, &path)?;
        stamp::check(&path, &hex(manifest.as_bytes()), &record.current.manifest)?;
        let manifest = Manifest::parse(&manifest)?;
        if manifest.plugin.name != name {
            let problem = format!("it is plugin '{}'", manifest.plugin.name);
            return Err(CatalogError::Damaged { path: record.folder, problem });
        }
        let code = Code { file: record.code, path: generation.join(COMPILED), note: record.folder.join(VERIFIED) };
        let (about, digest) = (record.current.about.clone(), record.current.component.clone());
        Ok(Installed { manifest, about, digest, current: record.current, code })
    }

    /// What a plugin answers to `info`, as it did when it was installed. Nothing of it is run for that.
    pub fn about(&self, name: &str) -> Result<About, CatalogError> {
        Ok(self.record(name)?.current.about)
    }

    /// Makes the compiled code of a plugin ready, if it is what was compiled from its component.
    pub fn load(&self, engine: &Engine, installed: &Installed) -> Result<Plugin, CatalogError> {
        let Code { file, path, note } = &installed.code;
        let file = file.as_ref().map_err(|error| match error {
            // Someone should look at that before it is made anew.
            CatalogError::Untrusted { path, problem } => {
                CatalogError::Untrusted { path: path.clone(), problem: problem.clone() }
            }
            error => CatalogError::Code { path: path.clone(), problem: error.to_string() },
        })?;
        stamp::verify(&self.trust, file, path, note, &installed.current.compiled)?;
        let name = &installed.manifest.plugin.name;
        Plugin::load(engine, name, file).map_err(|problem| match problem {
            cpi_runtime::LoadError::Compiled(problem) => CatalogError::Code { path: path.clone(), problem },
            problem => CatalogError::Refused { name: name.clone(), problem },
        })
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
        let current = self.record(name)?.current;
        // Without its code it can still be compiled again.
        let size = |file: &str| fs::metadata(self.file(name, &current, file)).map_or(0, |facts| facts.len());
        Ok(Summary {
            name: name.to_owned(),
            size: size(COMPONENT),
            compiled_size: size(COMPILED),
            version: current.version,
            digest: current.component,
        })
    }

    /// The component of an installed plugin, for people to install it again.
    pub fn component(&self, name: &str) -> Result<PathBuf, CatalogError> {
        Ok(self.file(name, &self.record(name)?.current, COMPONENT))
    }

    pub(crate) fn unknown(&self, name: &str) -> CatalogError {
        let (name, folder) = (name.to_owned(), self.folder.clone());
        CatalogError::Unknown { name, folder, installed: self.names() }
    }

    pub(crate) fn file(&self, name: &str, current: &Current, file: &str) -> PathBuf {
        self.folder.join(name).join(&current.generation).join(file)
    }

    /// The record of a plugin, with the files of its generation as they are now.
    fn record(&self, name: &str) -> Result<Record, CatalogError> {
        if !is_plugin_name(name) {
            return Err(CatalogError::Name(name.to_owned()));
        }
        let folder = self.folder.join(name);
        if !folder.join(CURRENT).exists() {
            return Err(self.unknown(name));
        }
        for parent in self.folder.ancestors().skip(1) {
            self.trust.parent(parent)?;
        }
        self.trust.folder(&self.folder)?;
        self.trust.folder(&folder)?;
        let key = Key::read(&self.trust, &self.folder)?;
        let mut record = self.record_now(&folder, &key)?;
        // An installation may have replaced the generation while its files were opened.
        while record.is_incomplete() {
            let again = self.record_now(&folder, &key)?;
            let same = again.current.generation == record.current.generation;
            record = again;
            if same {
                break;
            }
        }
        self.check_pin(name, &record.current.component)?;
        Ok(record)
    }

    fn record_now(&self, folder: &Path, key: &Key) -> Result<Record, CatalogError> {
        let current = Current::read(&self.trust, &folder.join(CURRENT), key)?;
        let generation = folder.join(&current.generation);
        let open = |file: &str| {
            self.trust.folder(&generation)?;
            self.trust.open(&generation.join(file))
        };
        Ok(Record { manifest: open(MANIFEST), code: open(COMPILED), folder: folder.to_owned(), current })
    }

    /// Makes sure that a component is the one that the operator pinned.
    pub(crate) fn check_pin(&self, name: &str, component: &str) -> Result<(), CatalogError> {
        let Some(pinned) = self.rules.get(name).and_then(|rules| rules.digest.as_ref()) else { return Ok(()) };
        if pinned.hex() == component {
            return Ok(());
        }
        let found = Digest::of_hex(component).map_err(|_| CatalogError::Name(component.to_owned()))?;
        let line = PluginRules::pin(name, &found);
        Err(CatalogError::Pinned { name: name.to_owned(), pinned: pinned.clone(), found, line })
    }
}

/// What is there under a name.
struct Record {
    folder: PathBuf,
    current: Current,
    manifest: Result<File, CatalogError>,
    code: Result<File, CatalogError>,
}

impl Record {
    fn is_incomplete(&self) -> bool {
        let missing = |file: &Result<File, CatalogError>| match file {
            Err(CatalogError::File { error, .. }) => error.kind() == ErrorKind::NotFound,
            _ => false,
        };
        missing(&self.manifest) || missing(&self.code)
    }
}
