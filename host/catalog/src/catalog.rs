use std::fs::{self, File};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use cpi_policy::{Manifest, is_plugin_name};
use cpi_runtime::{Engine, Plugin, compile};

use crate::current::{Current, FORMAT, text};
use crate::trust::Trust;
use crate::{CatalogError, manifest_of};

/// The folder of installed plugins.
pub struct Catalog {
    folder: PathBuf,
    trust: Trust,
}

/// A plugin whose files are what was installed.
pub struct Installed {
    /// What it is and what it asks for.
    pub manifest: Manifest,
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
    pub size: usize,
    /// Size of the compiled code in bytes.
    pub compiled_size: usize,
}

const CURRENT: &str = "current.json";
const COMPONENT: &str = "component.wasm";
const COMPILED: &str = "component.cwasm";
const MANIFEST: &str = "plugin.toml";

impl Catalog {
    /// The plugins in a folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        // Packages are often reached through a link; what counts is where it leads.
        Self { folder: fs::canonicalize(&folder).unwrap_or(folder), trust: Trust::new() }
    }

    /// Finds a plugin and verifies owner, mode and digest of everything that will be run.
    pub fn open(&self, name: &str) -> Result<Installed, CatalogError> {
        if !is_plugin_name(name) {
            return Err(CatalogError::Name(name.to_owned()));
        }
        match self.open_current(name) {
            // An installation may have replaced the generation in between.
            Err(CatalogError::File { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {
                if self.folder.join(name).join(CURRENT).exists() {
                    self.open_current(name)
                } else {
                    Err(CatalogError::Unknown {
                        name: name.to_owned(),
                        folder: self.folder.clone(),
                        installed: self.names(),
                    })
                }
            }
            outcome => outcome,
        }
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
            fs::metadata(&path).map(|facts| length(facts.len())).map_err(CatalogError::file(path))
        };
        Ok(Summary {
            name: name.to_owned(),
            size: size(COMPONENT)?,
            compiled_size: size(COMPILED)?,
            version: current.version,
            digest: current.component,
        })
    }

    /// Compiles a component and makes it the one that its name stands for.
    pub fn install(&self, engine: &Engine, component: &[u8]) -> Result<Summary, CatalogError> {
        // Machine code is told from components before anything else is believed of it.
        let compiled = compile(engine, component)?;
        let manifest_text = manifest_of(component)?;
        let manifest = Manifest::parse(&manifest_text)?;
        let name = &manifest.plugin.name;
        let digest = hex(component);
        let current = Current {
            format: FORMAT,
            version: manifest.plugin.version.clone(),
            generation: format!("{}-{}", file_name(&manifest.plugin.version), short(&hex(&compiled))),
            component: digest.clone(),
            compiled: hex(&compiled),
            manifest: hex(manifest_text.as_bytes()),
        };

        let folder = self.folder.join(name);
        make_folder(&folder)?;
        let beside = folder.join(format!(".new-{}", std::process::id()));
        _ = fs::remove_dir_all(&beside);
        make_folder(&beside)?;
        let written = write(&beside.join(COMPONENT), component)
            .and_then(|()| write(&beside.join(COMPILED), &compiled))
            .and_then(|()| write(&beside.join(MANIFEST), manifest_text.as_bytes()))
            .and_then(|()| try_out(engine, name, &beside.join(COMPILED)))
            .and_then(|()| self.switch(&folder, &beside, &current));
        if written.is_err() {
            _ = fs::remove_dir_all(&beside);
        }
        written?;
        Ok(Summary {
            name: name.clone(),
            version: current.version,
            digest,
            size: component.len(),
            compiled_size: compiled.len(),
        })
    }

    fn open_current(&self, name: &str) -> Result<Installed, CatalogError> {
        let folder = self.folder.join(name);
        self.trust.folder(&self.folder)?;
        self.trust.folder(&folder)?;
        let current = Current::read(&self.trust, &folder.join(CURRENT))?;
        let generation = folder.join(&current.generation);
        self.trust.folder(&generation)?;

        let path = generation.join(MANIFEST);
        let manifest_text = text(self.trust.open(&path)?, &path)?;
        verify(&path, &hex(manifest_text.as_bytes()), &current.manifest)?;
        let manifest = Manifest::parse(&manifest_text)?;
        if manifest.plugin.name != name {
            let problem = format!("it is plugin '{}'", manifest.plugin.name);
            return Err(CatalogError::Damaged { path, problem });
        }

        let path = generation.join(COMPILED);
        let compiled = self.trust.open(&path)?;
        verify(&path, &digest_of(&compiled, &path)?, &current.compiled)?;
        Ok(Installed { manifest, compiled })
    }

    /// Puts a generation in its place, then points to it, then removes the older ones. Calls that still run keep the
    /// files that they have opened.
    fn switch(&self, folder: &Path, beside: &Path, current: &Current) -> Result<(), CatalogError> {
        let generation = folder.join(&current.generation);
        if generation.exists() {
            fs::remove_dir_all(beside).map_err(CatalogError::file(beside))?;
        } else {
            fs::rename(beside, &generation).map_err(CatalogError::file(&generation))?;
        }
        let new = folder.join(format!(".{CURRENT}-{}", std::process::id()));
        let text = serde_json::to_string_pretty(current).unwrap_or_default();
        write(&new, text.as_bytes())?;
        let path = folder.join(CURRENT);
        fs::rename(&new, &path).map_err(CatalogError::file(&path))?;
        for entry in fs::read_dir(folder).map_err(CatalogError::file(folder))?.flatten() {
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if entry.path().is_dir() && entry.path() != generation && !hidden {
                _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }
}

/// Whether this host can give the component all that it imports.
fn try_out(engine: &Engine, name: &str, path: &Path) -> Result<(), CatalogError> {
    let file = File::open(path).map_err(CatalogError::file(path))?;
    Plugin::load(engine, name, &file)
        .map(|_| ())
        .map_err(|problem| CatalogError::Refused { name: name.to_owned(), problem })
}

/// The digest of an open file, through its descriptor: nothing can take its place in between.
fn digest_of(file: &File, path: &Path) -> Result<String, CatalogError> {
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    let mut hasher = blake3::Hasher::new();
    hasher.update_mmap(descriptor).map_err(CatalogError::file(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn verify(path: &Path, digest: &str, expected: &str) -> Result<(), CatalogError> {
    if digest == expected {
        return Ok(());
    }
    let problem = format!("its digest is {}, not {}", short(digest), short(expected));
    Err(CatalogError::Damaged { path: path.into(), problem })
}

fn make_folder(path: &Path) -> Result<(), CatalogError> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(CatalogError::file(path))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CatalogError> {
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .open(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_data()))
        .map_err(CatalogError::file(path))
}

fn hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

/// A version as part of a file name.
fn file_name(version: &str) -> String {
    let keep = |character: &char| character.is_ascii_alphanumeric() || ".+-_".contains(*character);
    version.chars().filter(keep).take(40).collect::<String>().trim_start_matches('.').to_owned()
}

fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
