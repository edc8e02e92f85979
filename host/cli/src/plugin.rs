use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Subcommand;
use cpi_catalog::{Catalog, Installation, Summary};
use cpi_protocol::printable;
use cpi_runtime::Engine;

use crate::{HostOptions, paths, print};

mod inspect;

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
        /// Installs components even if they ask for more permissions than the installed ones of the same names.
        #[arg(long)]
        accept: bool,
        #[command(flatten)]
        host: HostOptions,
    },
    /// Shows everything about one component: digest, imports, what it asks for and what it is granted.
    Inspect {
        /// A component, or the name of an installed plugin.
        #[arg(value_name = "FILE.wasm|NAME")]
        what: String,
        #[command(flatten)]
        host: HostOptions,
    },
    /// Shows what is installed.
    List {
        #[command(flatten)]
        host: HostOptions,
    },
    /// Removes an installed plugin. Records of what its calls left behind stay.
    Remove {
        /// The name of an installed plugin.
        name: String,
        #[command(flatten)]
        host: HostOptions,
    },
}

pub(crate) fn main(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Install { files, into, accept, host } => install(&files, into, accept, &host),
        Command::Inspect { what, host } => paths::host_config(&host).and_then(|host| inspect::inspect(&what, &host)),
        Command::List { host } => list(&host),
        Command::Remove { name, host } => remove(&name, &host),
    };
    match outcome {
        Ok(lines) => {
            print::line(&lines.join("\n"));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            let lines: Vec<_> = problem.lines().map(|line| printable(line, 2000)).collect();
            _ = writeln!(std::io::stderr().lock(), "cpi-host: {}", lines.join("\n"));
            ExitCode::FAILURE
        }
    }
}

fn install(files: &[PathBuf], into: Option<PathBuf>, accept: bool, host: &HostOptions) -> Result<Vec<String>, String> {
    let host = paths::host_config(host)?;
    let folder = into.map_or_else(|| paths::plugins(&host), Ok)?;
    let catalog = Catalog::new(&folder, &host);
    let engine = Engine::new().map_err(|error| format!("WebAssembly cannot be run here: {error:#}"))?;
    files
        .iter()
        .map(|file| {
            let start = Instant::now();
            let failed = |problem: &dyn std::fmt::Display| format!("'{}': {problem}", file.display());
            let component = read(file).map_err(|error| failed(&error))?;
            let Installation { manifest, more, already } =
                catalog.install(&engine, &component, accept).map_err(|error| failed(&error))?;
            let seconds = start.elapsed().as_secs_f64();
            let summary = catalog.summary(&manifest.plugin.name).map_err(|error| failed(&error))?;
            let how = if already { "installed already".to_owned() } else { format!("compiled in {seconds:.1} s") };
            let installed = format!("{} in '{}', {how}", line(&summary), folder.display());
            let asks = manifest.asks().into_iter().map(|ask| format!("    {}", printable(&ask, 200)));
            let more = more.into_iter().map(|line| format!("  + accepted: {}", printable(&line, 400)));
            Ok([installed].into_iter().chain(asks).chain(more).collect::<Vec<_>>().join("\n"))
        })
        .collect()
}

/// A component, no more of it than one may have.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(cpi_component::MOST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn list(host: &HostOptions) -> Result<Vec<String>, String> {
    let host = paths::host_config(host)?;
    let catalog = Catalog::new(paths::plugins(&host)?, &host);
    // One that is damaged must not hide the others.
    let show = |name: &String| match catalog.summary(name) {
        Ok(summary) => line(&summary),
        Err(error) => format!("{}  {error}", printable(name, 40)),
    };
    let names = catalog.names();
    // A table with a misspelt name would restrict nothing.
    let strays = host.rules.keys().filter(|name| !names.contains(name));
    let strays = strays.map(|name| format!("[plugin.{name}] of the host's configuration: no such plugin is installed"));
    Ok(names.iter().map(show).chain(strays).collect())
}

fn remove(name: &str, host: &HostOptions) -> Result<Vec<String>, String> {
    let host = paths::host_config(host)?;
    let folder = paths::plugins(&host)?;
    Catalog::new(&folder, &host).remove(name).map_err(|error| error.to_string())?;
    Ok(vec![format!("{name} is removed from '{}'", folder.display())])
}

fn line(plugin: &Summary) -> String {
    format!(
        "{} {}  blake3:{}  {} KiB, {} KiB compiled",
        printable(&plugin.name, 40),
        printable(&plugin.version, 40),
        plugin.digest.get(..16).unwrap_or_default(),
        kib(plugin.size),
        kib(plugin.compiled_size)
    )
}

fn kib(bytes: u64) -> u64 {
    bytes.div_ceil(1024)
}
