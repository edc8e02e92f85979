use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::SystemTime;

use cpi_policy::Manifest;
use cpi_runtime::{About, Engine, Plugin, compile};

use crate::current::{Current, FORMAT};
use crate::layout::{COMPILED, COMPONENT, CURRENT, MANIFEST};
use crate::stamp::{hex, short};
use crate::{Catalog, CatalogError, manifest_of};

impl Catalog {
    /// Compiles a component, tries it out, and makes it the one that its name stands for.
    ///
    /// Returns its manifest: what it is and what it asks for.
    pub fn install(&self, engine: &Engine, component: &[u8]) -> Result<Manifest, CatalogError> {
        // Machine code is told from components before anything else is believed of it.
        let compiled = compile(engine, component)?;
        let manifest_text = manifest_of(component)?;
        let manifest = Manifest::parse(&manifest_text)?;
        let name = &manifest.plugin.name;

        let folder = self.folder.join(name);
        make_folder(&folder)?;
        let _alone = lock(&folder)?;
        let current = Current {
            format: FORMAT,
            version: manifest.plugin.version.clone(),
            generation: generation(&manifest.plugin.version, &hex(&compiled)),
            component: hex(component),
            compiled: hex(&compiled),
            manifest: hex(manifest_text.as_bytes()),
            about: About::default(),
        };
        let place = folder.join(&current.generation);
        let installed = make_folder(&place)
            .and_then(|()| write(&place.join(COMPONENT), component))
            .and_then(|()| write(&place.join(COMPILED), &compiled))
            .and_then(|()| write(&place.join(MANIFEST), manifest_text.as_bytes()))
            .and_then(|()| try_out(engine, &manifest, &place.join(COMPILED)))
            .and_then(|about| switch(&folder, &Current { about, ..current }));
        if installed.is_err() {
            _ = fs::remove_dir_all(&place);
        }
        installed?;
        // Compares the code with its digest, and notes it, so that the first call need not.
        Ok(self.open(name)?.manifest)
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

/// Points to a generation, then removes all others but the one that was used until now: calls that have just read the
/// old name still find it, and calls that have opened its files keep them anyway.
fn switch(folder: &Path, current: &Current) -> Result<(), CatalogError> {
    let path = folder.join(CURRENT);
    let before = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Current>(&text).ok());
    let new = folder.join(format!(".{CURRENT}"));
    let text = serde_json::to_string_pretty(current).map_err(|error| CatalogError::file(&new)(error.into()))?;
    write(&new, text.as_bytes())?;
    fs::rename(&new, &path).map_err(CatalogError::file(&path))?;

    let kept = [Some(&current.generation), before.as_ref().map(|before| &before.generation)];
    for entry in fs::read_dir(folder).map_err(CatalogError::file(folder))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !kept.contains(&Some(&name)) {
            _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

/// One installation of a plugin at a time; the kernel gives the lock back when the process ends, in whatever way.
fn lock(folder: &Path) -> Result<File, CatalogError> {
    let path = folder.join(".lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o644).open(&path);
    file.and_then(|file| file.lock().map(|()| file)).map_err(CatalogError::file(path))
}

/// A name that no earlier generation had: a generation is never changed, not even by the same code.
fn generation(version: &str, digest: &str) -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{version}-{}-{:x}", short(digest), since.as_micros())
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
