use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Subcommand;
use cpi_catalog::{Catalog, Summary};
use cpi_protocol::printable;
use cpi_runtime::Engine;

use crate::{HostOptions, paths};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Compiles components for this machine and installs them.
    Install {
        /// Components as their authors ship them.
        #[arg(required = true, value_name = "FILE.wasm")]
        files: Vec<PathBuf>,
        /// The folder of installed plugins, instead of the configured one.
        #[arg(long, value_name = "FOLDER")]
        into: Option<PathBuf>,
        #[command(flatten)]
        host: HostOptions,
    },
    /// Shows what is installed.
    List {
        #[command(flatten)]
        host: HostOptions,
    },
}

pub(crate) fn main(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Install { files, into, host } => install(&files, into, &host),
        Command::List { host } => list(&host),
    };
    match outcome {
        Ok(lines) => {
            let mut stdout = std::io::stdout().lock();
            // Whoever reads may have read enough.
            _ = lines.iter().try_for_each(|line| writeln!(stdout, "{line}"));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            let lines: Vec<_> = problem.lines().map(|line| printable(line, 2000)).collect();
            _ = writeln!(std::io::stderr().lock(), "cpi-host: {}", lines.join("\n"));
            ExitCode::FAILURE
        }
    }
}

fn install(files: &[PathBuf], into: Option<PathBuf>, host: &HostOptions) -> Result<Vec<String>, String> {
    let folder = into.map_or_else(|| paths::plugins(&paths::host_config(host)?), Ok)?;
    let catalog = Catalog::new(&folder);
    let engine = Engine::new().map_err(|error| format!("WebAssembly cannot be run here: {error:#}"))?;
    files
        .iter()
        .map(|file| {
            let start = Instant::now();
            let failed = |problem: &dyn std::fmt::Display| format!("'{}': {problem}", file.display());
            let component = std::fs::read(file).map_err(|error| failed(&error))?;
            let manifest = catalog.install(&engine, &component).map_err(|error| failed(&error))?;
            let seconds = start.elapsed().as_secs_f64();
            let summary = catalog.summary(&manifest.plugin.name).map_err(|error| failed(&error))?;
            let installed = format!("{} in '{}', compiled in {seconds:.1} s", line(&summary), folder.display());
            let asks = manifest.asks().into_iter().map(|ask| format!("    {}", printable(&ask, 200)));
            Ok([installed].into_iter().chain(asks).collect::<Vec<_>>().join("\n"))
        })
        .collect()
}

fn list(host: &HostOptions) -> Result<Vec<String>, String> {
    let catalog = Catalog::new(paths::plugins(&paths::host_config(host)?)?);
    // One that is damaged must not hide the others.
    let show = |name: &String| match catalog.summary(name) {
        Ok(summary) => line(&summary),
        Err(error) => format!("{}  {error}", printable(name, 40)),
    };
    Ok(catalog.names().iter().map(show).collect())
}

fn line(plugin: &Summary) -> String {
    let kib = |bytes: u64| bytes.div_ceil(1024);
    format!(
        "{} {}  blake3:{}  {} KiB, {} KiB compiled",
        printable(&plugin.name, 40),
        printable(&plugin.version, 40),
        plugin.digest.get(..16).unwrap_or_default(),
        kib(plugin.size),
        kib(plugin.compiled_size)
    )
}
