//! `cpi-host`: answers BOSH CPI calls with sandboxed provider plugins.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod call;
mod compile;
mod config;
mod doctor;
mod event_loop;
mod orphans;
mod paths;
mod plugin;
mod print;
mod ready;
mod replay;
mod session;
mod signals;

/// A host for BOSH CPI plugins in WebAssembly.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answers one CPI request: JSON on stdin, JSON on stdout, logs on stderr; or calls one method for a person.
    Call(call::Arguments),
    /// Compiles a component from stdin to stdout, for this program itself.
    #[command(hide = true, name = cpi_catalog::compiler::COMMAND)]
    Compile(compile::Options),
    /// Lists what killed and failed calls left behind in the cloud, and removes it.
    Orphans(orphans::Options),
    /// Checks configuration, plugin, services and credentials, and says what is wrong.
    Doctor(doctor::Options),
    /// Answers a recorded call once more, offline, and shows the first difference.
    Replay(replay::Options),
    /// Installs and shows plugins.
    #[command(subcommand)]
    Plugin(plugin::Command),
}

/// Where the host's own settings are.
#[derive(clap::Args)]
struct HostOptions {
    /// The file with the host's own settings (TOML). Without it, `host.toml` beside the program, if there is one.
    #[arg(long = "host", value_name = "FILE")]
    file: Option<PathBuf>,
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Call(arguments) => call::main(arguments),
        Command::Compile(options) => compile::main(&options),
        Command::Orphans(options) => orphans::main(&options),
        Command::Doctor(options) => doctor::main(&options),
        Command::Replay(options) => replay::main(&options),
        Command::Plugin(command) => plugin::main(command),
    }
}
