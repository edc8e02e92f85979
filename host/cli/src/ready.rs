use std::time::Instant;

use cpi_broker::{Journal, Level};
use cpi_catalog::{Catalog, Installed};
use cpi_policy::Manifest;
use cpi_protocol::CpiError;
use cpi_runtime::{Engine, Plugin};

use crate::config::CloudConfig;
use crate::session::unusable;

/// A plugin whose code was verified and mapped.
pub(crate) struct Ready {
    pub(crate) manifest: Manifest,
    /// BLAKE3 of the component, in hexadecimal.
    pub(crate) digest: String,
    pub(crate) plugin: Plugin,
}

impl Ready {
    /// Verifies and maps the code of an installed plugin, and changes nothing.
    pub(crate) fn verified(cloud: &CloudConfig, catalog: &Catalog, installed: Installed) -> Result<Self, CpiError> {
        let plugin = catalog.load(&engine()?, &installed).map_err(|error| unusable(cloud, &error))?;
        Ok(Self { plugin, manifest: installed.manifest, digest: installed.digest })
    }

    /// Verifies and maps the code of an installed plugin. Code that is damaged, or made for another program or machine, is
    /// made anew; that takes seconds, goes on beside the call so that signals are heard, and is written down.
    pub(crate) async fn load(
        cloud: &CloudConfig,
        catalog: &Catalog,
        installed: Installed,
        journal: &Journal,
    ) -> Result<Self, CpiError> {
        let name = &cloud.plugin;
        let engine = engine()?;
        let plugin = match catalog.load(&engine, &installed) {
            Err(problem) if problem.is_repairable() => {
                journal.write(Level::Warn, format_args!("plugin '{name}': {problem}; compiling it again"));
                let start = Instant::now();
                repair(cloud, catalog.clone()).await?;
                let seconds = start.elapsed().as_secs_f64();
                journal.write(
                    Level::Warn,
                    format_args!("plugin '{name}': compiled again from its component in {seconds:.1} s"),
                );
                let installed = catalog.open(name).map_err(|error| unusable(cloud, &error))?;
                catalog.load(&engine, &installed)
            }
            plugin => plugin,
        };
        let plugin = plugin.map_err(|error| unusable(cloud, &error))?;
        Ok(Self { plugin, manifest: installed.manifest, digest: installed.digest })
    }
}

fn engine() -> Result<Engine, CpiError> {
    Engine::new().map_err(|error| CpiError::host(format!("WebAssembly cannot be run here: {error:#}")))
}

async fn repair(cloud: &CloudConfig, catalog: Catalog) -> Result<(), CpiError> {
    let (name, plugin) = (&cloud.plugin, cloud.plugin.clone());
    let done = tokio::task::spawn_blocking(move || catalog.repair(&plugin)).await;
    done.map_err(|error| CpiError::host(format!("plugin '{name}' cannot be compiled again: {error}")))?
        .map_err(|error| unusable(cloud, &error))
}
