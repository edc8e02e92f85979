use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use cpi_policy::Manifest;
use cpi_runtime::{About, Engine, Plugin, compile};

use crate::current::{Current, FORMAT};
use crate::layout::{COMPILED, COMPONENT, CURRENT, MANIFEST};
use crate::stamp::{hex, short};
use crate::{Catalog, CatalogError, Summary, manifest_of};

impl Catalog {
    /// Compiles a component, tries it out, and makes it the one that its name stands for.
    pub fn install(&self, engine: &Engine, component: &[u8]) -> Result<Summary, CatalogError> {
        // Machine code is told from components before anything else is believed of it.
        let compiled = compile(engine, component)?;
        let manifest_text = manifest_of(component)?;
        let manifest = Manifest::parse(&manifest_text)?;
        let name = &manifest.plugin.name;

        let folder = self.folder.join(name);
        make_folder(&folder)?;
        let beside = folder.join(format!(".new-{}", std::process::id()));
        _ = fs::remove_dir_all(&beside);
        let installed = make_folder(&beside)
            .and_then(|()| write(&beside.join(COMPONENT), component))
            .and_then(|()| write(&beside.join(COMPILED), &compiled))
            .and_then(|()| write(&beside.join(MANIFEST), manifest_text.as_bytes()))
            .and_then(|()| try_out(engine, &manifest, &beside.join(COMPILED)))
            .and_then(|about| {
                let current = Current {
                    format: FORMAT,
                    version: manifest.plugin.version.clone(),
                    generation: format!("{}-{}", file_name(&manifest.plugin.version), short(&hex(&compiled))),
                    component: hex(component),
                    compiled: hex(&compiled),
                    manifest: hex(manifest_text.as_bytes()),
                    about,
                };
                switch(&folder, &beside, &current)
            });
        if installed.is_err() {
            _ = fs::remove_dir_all(&beside);
        }
        installed?;
        // Compares the code with its digest, and notes it, so that the first call need not.
        self.open(name)?;
        self.summary(name)
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

/// Puts a generation in its place, then points to it, then removes the others. Calls that still run keep the files
/// that they have opened.
fn switch(folder: &Path, beside: &Path, current: &Current) -> Result<(), CatalogError> {
    let generation = folder.join(&current.generation);
    let old = folder.join(format!(".old-{}", std::process::id()));
    _ = fs::remove_dir_all(&old);
    if generation.exists() {
        // The same code again: what is there may be damaged, so it makes room.
        fs::rename(&generation, &old).map_err(CatalogError::file(&generation))?;
    }
    fs::rename(beside, &generation).map_err(CatalogError::file(&generation))?;

    let new = folder.join(format!(".{CURRENT}-{}", std::process::id()));
    let text = serde_json::to_string_pretty(current).map_err(|error| CatalogError::file(&new)(error.into()))?;
    write(&new, text.as_bytes())?;
    let path = folder.join(CURRENT);
    fs::rename(&new, &path).map_err(CatalogError::file(&path))?;

    // Hidden folders may be those of other installations that are under way.
    for entry in fs::read_dir(folder).map_err(CatalogError::file(folder))?.flatten() {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.path().is_dir() && !hidden && entry.path() != generation {
            _ = fs::remove_dir_all(entry.path());
        }
    }
    _ = fs::remove_dir_all(&old);
    Ok(())
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

/// A version as part of a file name.
fn file_name(version: &str) -> String {
    let keep = |character: &char| character.is_ascii_alphanumeric() || ".+-_".contains(*character);
    version.chars().filter(keep).take(40).collect::<String>().trim_start_matches('.').to_owned()
}
