//! The part of WASI that compilers put into every component, with nothing behind it.

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{WasiCtx, WasiView};
use wasmtime_wasi_io::bindings::wasi::io;

use crate::host::CallState;
use crate::stderr::Captured;
use crate::tape::{Clock, Random, Tape};

/// No arguments, no environment, no folders, no standard input; output goes to the journal.
///
/// On the record, clocks are capabilities like others, and random numbers come out of a seed.
pub(crate) fn context(output: Captured, tape: &Tape) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false).max_random_size(1 << 16);
    builder.stdout(output.clone()).stderr(output);
    if let Some(seed) = tape.seed() {
        builder.wall_clock(Clock(tape.clone())).monotonic_clock(Clock(tape.clone()));
        builder.secure_random(Random::new(seed, "secure")).insecure_random(Random::new(seed, "insecure"));
        builder.insecure_random_seed(Random::new(seed, "insecure-seed").number());
    }
    builder.build()
}

/// One interface at a time: a component that imports any other is refused by name.
pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    type S = CallState;
    io::error::add_to_linker::<S, Table>(linker, |state| state.ctx().table)?;
    io::poll::add_to_linker::<S, Table>(linker, |state| state.ctx().table)?;
    io::streams::add_to_linker::<S, Table>(linker, |state| state.ctx().table)?;

    cli::environment::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::exit::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::stdin::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::stdout::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::stderr::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_input::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_output::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_stdin::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_stdout::add_to_linker::<S, WasiCli>(linker, S::cli)?;
    cli::terminal_stderr::add_to_linker::<S, WasiCli>(linker, S::cli)?;

    clocks::wall_clock::add_to_linker::<S, WasiClocks>(linker, S::clocks)?;
    clocks::monotonic_clock::add_to_linker::<S, WasiClocks>(linker, S::clocks)?;

    random::random::add_to_linker::<S, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure::add_to_linker::<S, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<S, WasiRandom>(linker, |state| state.ctx().ctx.random())?;

    filesystem::preopens::add_to_linker::<S, WasiFilesystem>(linker, S::filesystem)?;
    filesystem::types::add_to_linker::<S, WasiFilesystem>(linker, S::filesystem)
}

/// The interfaces that [`link`] gives.
const INTERFACES: [&str; 20] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// Whether a component may import this; whether in this version and with these types, linking tells.
pub fn is_provided(import: &str) -> bool {
    let interface = import.split_once('@').map_or(import, |(interface, _)| interface);
    INTERFACES.contains(&interface) || interface.starts_with("bosh:cpi/")
}

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}
