//! `cpi-host replay`: a recorded call once more, with a recording in place of the world.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use cpi_broker::{Journal, Level, Stderr};
use cpi_catalog::{Catalog, CatalogError, Installed};
use cpi_policy::{HostConfig, Limits};
use cpi_protocol::{Call, Request, printable};
use cpi_runtime::{Capabilities, Engine, Player, Plugin, Tape};

use crate::{HostOptions, event_loop, paths, print};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What `cpi-host call --record` wrote.
    #[arg(value_name = "FILE")]
    recording: PathBuf,
    /// The plugin to replay it with, instead of the installed one of that name.
    #[arg(long, value_name = "FILE.wasm")]
    plugin: Option<PathBuf>,
    #[command(flatten)]
    host: HostOptions,
    /// Shows what the plugin logs.
    #[arg(long, short)]
    verbose: bool,
}

#[expect(clippy::print_stderr, reason = "this command talks to a person")]
pub(crate) fn main(options: &Options) -> ExitCode {
    match replay(options) {
        Ok(Verdict { line, differs }) => {
            print::line(&line);
            if differs { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(problem) => {
            eprintln!("cpi-host: {problem}");
            ExitCode::FAILURE
        }
    }
}

struct Verdict {
    line: String,
    differs: bool,
}

fn replay(options: &Options) -> Result<Verdict, String> {
    let failed = |problem: &dyn std::fmt::Display| format!("recording '{}': {problem}", options.recording.display());
    let text = std::fs::read_to_string(&options.recording).map_err(|error| failed(&error))?;
    let player = Arc::new(Player::parse(&text).map_err(|error| failed(&error))?);
    let start = player.start();
    let request = Request::parse(start.request.to_string().as_bytes()).map_err(|error| failed(&error))?;
    let call = Call::parse(&request).map_err(|error| failed(&error))?;

    let engine = Engine::new().map_err(|error| format!("WebAssembly cannot be run here: {error:#}"))?;
    let host = paths::host_config(&options.host)?;
    let (Installed { manifest, digest, .. }, plugin) = if let Some(file) = &options.plugin {
        compile(&engine, file).map_err(|problem| format!("'{}': {problem}", file.display()))?
    } else {
        let catalog = Catalog::new(paths::plugins(&host)?, &host);
        load(&engine, &catalog, &start.plugin).map_err(|error| error.to_string())?
    };

    let level = if options.verbose { Level::Debug } else { Level::Error };
    let journal = Arc::new(Journal::new(Box::new(Stderr::default()), level, None));
    let limits = Limits::new(&manifest.limits, &host.limits);
    journal.allow(limits.log);
    let capabilities = Capabilities::replaying(&manifest, Tape::Replay(Arc::clone(&player)), journal);
    let runtime = event_loop::start()?;
    let settings = start.settings.to_string();
    let outcome = runtime.block_on(plugin.run(capabilities, &limits, &request, call, settings));

    let mut what = format!("{} of plugin '{}'", request.method.name(), printable(&start.plugin, 40));
    if digest != start.digest {
        what += ", recorded with another build of it";
    }
    Ok(match player.verdict(&outcome) {
        Ok(true) => Verdict { line: format!("{what}: no difference"), differs: false },
        Ok(false) => Verdict { line: format!("{what}: no difference up to where the recording ends"), differs: false },
        Err(difference) => {
            let (expected, came) = (printable(&difference.expected, LONGEST), printable(&difference.came, LONGEST));
            Verdict {
                line: format!("{what}: the first difference\n  expected {expected}\n  came     {came}"),
                differs: true,
            }
        }
    })
}

/// What is shown of each side of a difference.
const LONGEST: usize = 8192;

fn load(engine: &Engine, catalog: &Catalog, name: &str) -> Result<(Installed, Plugin), CatalogError> {
    let installed = catalog.open(name)?;
    let plugin = catalog.load(engine, &installed)?;
    Ok((installed, plugin))
}

/// Compiled for this once, in a folder that goes when its files are open.
fn compile(engine: &Engine, file: &Path) -> Result<(Installed, Plugin), String> {
    let component = std::fs::read(file).map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let catalog = Catalog::new(folder.path(), &HostConfig::default());
    let load = || {
        let installation = catalog.install(engine, &component, false)?;
        load(engine, &catalog, &installation.manifest.plugin.name)
    };
    load().map_err(|error| error.to_string())
}
