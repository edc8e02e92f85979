use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::SystemTime;

use cpi_component::Facts;
use cpi_policy::Manifest;
use cpi_runtime::{About, Engine, Plugin, is_provided};

use crate::compiler::compile_apart;
use crate::current::{Current, text};
use crate::key::Key;
use crate::layout::{COMPILED, COMPONENT, CURRENT, MANIFEST};
use crate::stamp::{hex, short};
use crate::{Catalog, CatalogError};

/// What an installation came to.
pub struct Installation {
    /// What the plugin is and what it asks for.
    pub manifest: Manifest,
    /// What it asks for beyond what was accepted before, a line each; the operator has accepted it.
    pub more: Vec<String>,
    /// Whether it was there already, compiled for this program and this machine.
    pub already: bool,
}

impl Catalog {
    /// Compiles a component, tries it out, and makes it the one that its name stands for.
    ///
    /// A component that asks for more than the one of its name before is refused unless `accept` is given.
    pub fn install(&self, engine: &Engine, component: &[u8], accept: bool) -> Result<Installation, CatalogError> {
        let (manifest, facts) = self.examine(component)?;
        let name = &manifest.plugin.name;
        make_folder(&self.folder)?;
        let key = Key::read_or_make(&self.trust, &self.folder)?;
        let folder = self.folder.join(name);
        make_folder(&folder)?;
        let _alone = lock(&folder)?;

        let more = self.more(&manifest);
        if !more.is_empty() && !accept {
            return Err(CatalogError::Wider { name: name.clone(), more });
        }
        let digest = hex(component);
        if let Ok(installed) = self.open(name)
            && installed.current.component == digest
            && self.load(engine, &installed).is_ok()
        {
            return Ok(Installation { manifest, more, already: true });
        }
        let compiled = compile_apart(component, &self.compile)?;
        self.switch(engine, &key, &manifest, &facts.manifest, component, &compiled)?;
        // Compares the code with its digest, and notes it, so that the first call need not.
        self.load(engine, &self.open(name)?)?;
        Ok(Installation { manifest, more, already: false })
    }

    /// What a component is, if this host and its operator let it be installed; nothing of it is compiled or run.
    pub fn examine(&self, component: &[u8]) -> Result<(Manifest, Facts), CatalogError> {
        let facts = cpi_component::read(component)?;
        let manifest = Manifest::parse(&facts.manifest)?;
        let name = &manifest.plugin.name;
        let forbidden: Vec<_> = facts.imports.iter().filter(|import| !is_provided(import)).cloned().collect();
        if !forbidden.is_empty() {
            return Err(CatalogError::Forbidden { name: name.clone(), imports: forbidden.join(", ") });
        }
        self.check_pin(name, &hex(component))?;
        if let Some(rules) = self.rules.get(name) {
            rules.check(&manifest)?;
        }
        Ok((manifest, facts))
    }

    /// What a manifest asks for beyond the one that is installed under its name.
    fn more(&self, manifest: &Manifest) -> Vec<String> {
        let name = &manifest.plugin.name;
        let folder = self.folder.join(name);
        if !folder.join(CURRENT).exists() {
            return Vec::new();
        }
        if let Some(accepted) = self.accepted(&folder) {
            return manifest.wider_than(&accepted, &self.rules.get(name).cloned().unwrap_or_default());
        }
        let first = "what was accepted before cannot be read; it asks for all of this:".to_owned();
        [first].into_iter().chain(manifest.asks()).collect()
    }

    /// The manifest of the plugin in a folder. Its record may be of an older format: all that it is asked for is where
    /// the manifest lies, and all that follows from it is shown to a person.
    fn accepted(&self, folder: &Path) -> Option<Manifest> {
        #[derive(serde::Deserialize)]
        struct Accepted {
            generation: Option<String>,
            record: Option<Box<Accepted>>,
        }
        let read = |path: &Path| self.trust.open(path).and_then(|file| text(file, path)).ok();
        let accepted: Accepted = serde_json::from_str(&read(&folder.join(CURRENT))?).ok()?;
        let generation = accepted.generation.or_else(|| accepted.record?.generation)?;
        Manifest::parse(&read(&folder.join(generation).join(MANIFEST))?).ok()
    }

    /// Writes a new generation, tries it out, and points to it.
    pub(crate) fn switch(
        &self,
        engine: &Engine,
        key: &Key,
        manifest: &Manifest,
        manifest_text: &str,
        component: &[u8],
        compiled: &[u8],
    ) -> Result<(), CatalogError> {
        let folder = self.folder.join(&manifest.plugin.name);
        let current = Current {
            version: manifest.plugin.version.clone(),
            generation: generation(&manifest.plugin.version, &hex(compiled)),
            component: hex(component),
            compiled: hex(compiled),
            manifest: hex(manifest_text.as_bytes()),
            about: About::default(),
        };
        let place = folder.join(&current.generation);
        let installed = make_folder(&place)
            .and_then(|()| write(&place.join(COMPONENT), component))
            .and_then(|()| write(&place.join(COMPILED), compiled))
            .and_then(|()| write(&place.join(MANIFEST), manifest_text.as_bytes()))
            .and_then(|()| sync(&place))
            .and_then(|()| try_out(engine, manifest, &place.join(COMPILED)))
            .and_then(|about| point(&folder, key, &Current { about, ..current.clone() }));
        match &installed {
            Ok(before) => remove_old(&folder, &current.generation, before),
            Err(_) => _ = fs::remove_dir_all(&place),
        }
        installed.map(drop)
    }
}

/// Whether this host can give the component all that it imports, and what it says of itself.
fn try_out(engine: &Engine, manifest: &Manifest, path: &Path) -> Result<About, CatalogError> {
    let name = || manifest.plugin.name.clone();
    let file = File::open(path).map_err(CatalogError::file(path))?;
    let plugin = Plugin::load(engine, &manifest.plugin.name, &file)
        .map_err(|problem| CatalogError::Refused { name: name(), problem })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(CatalogError::Process)?;
    runtime.block_on(plugin.about(manifest)).map_err(|problem| CatalogError::Info { name: name(), problem })
}

/// Points to a generation, and returns what pointed to the one before. Only the last step changes what calls see.
fn point(folder: &Path, key: &Key, current: &Current) -> Result<String, CatalogError> {
    let path = folder.join(CURRENT);
    let before = fs::read_to_string(&path).unwrap_or_default();
    let new = folder.join(format!(".{CURRENT}"));
    write(&new, current.sealed(key, &path)?.as_bytes())?;
    sync(folder)?;
    fs::rename(&new, &path).map_err(CatalogError::file(&path))?;
    // The machine may stop before this is on disk: calls then go on with the generation before, which is still there.
    _ = sync(folder);
    Ok(before)
}

/// Removes all generations but this one and the one that was used until now: calls that have just read the old name
/// still find it, and calls that have opened its files keep them anyway. What cannot be removed is in nobody's way.
fn remove_old(folder: &Path, current: &str, before: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kept = name == current || before.contains(&format!("\"{name}\""));
        if entry.path().is_dir() && !kept {
            _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// One installation of a plugin at a time; the kernel gives the lock back when the process ends, in whatever way.
pub(crate) fn lock(folder: &Path) -> Result<File, CatalogError> {
    let path = folder.join(".lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o644).open(&path);
    file.and_then(|file| file.lock().map(|()| file)).map_err(CatalogError::file(path))
}

/// A name that no earlier generation had: a generation is never changed, not even by the same code.
fn generation(version: &str, digest: &str) -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{version}-{}-{:x}", short(digest), since.as_micros())
}

/// Puts the names in a folder on disk, as `write` does with what the files say.
fn sync(folder: &Path) -> Result<(), CatalogError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(CatalogError::file(folder))
}

fn make_folder(path: &Path) -> Result<(), CatalogError> {
    DirBuilder::new().recursive(true).mode(0o755).create(path).map_err(CatalogError::file(path))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CatalogError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .open(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_data()))
        .map_err(CatalogError::file(path))
}
