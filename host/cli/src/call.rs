//! `cpi-host call`: for directors, whatever happens, one valid JSON response on stdout; for people, words.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use cpi_broker::{IntentLog, Journal, Level, Stderr};
use cpi_protocol::{Call, CpiError, Request, Response};
use serde_json::Value;

use crate::HostOptions;
use crate::event_loop;
use crate::signals::Signals;

mod answer;
mod input;
mod panics;
mod person;
mod record;
mod registry;
mod shape;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    typed: person::Typed,
    /// The provider's configuration (JSON), as the BOSH job renders it. Only `help` needs none.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::Args)]
pub(crate) struct Options {
    #[arg(skip)]
    config: PathBuf,
    #[command(flatten)]
    host: HostOptions,
    /// Records everything that passes between the plugin and the host in a new file, for people and `cpi-host replay`.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Logs details, too.
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn main(arguments: Arguments) -> ExitCode {
    let Arguments { typed, config, options } = arguments;
    match config {
        _ if typed.is_help() => person::help(&typed),
        Some(config) if typed.is_request() => person::main(&Options { config, ..options }, &typed),
        Some(config) => director(&Options { config, ..options }),
        None => {
            let problem = "the following required argument was not provided: --config <FILE>\n";
            let error = clap::Error::raw(clap::error::ErrorKind::MissingRequiredArgument, problem);
            // Without stderr the exit status still says it.
            _ = error.print();
            ExitCode::from(2)
        }
    }
}

/// Answers one request of a director.
fn director(options: &Options) -> ExitCode {
    let signals = Signals::listen().map_err(|error| CpiError::host(format!("signals cannot be heard: {error}")));
    panics::listen();
    let journal = Journal::new(Box::new(Stderr::default()), Level::Error, None);
    if stdout_is_closed() {
        journal.write(Level::Error, "stdout is closed: nobody could read the response, so nothing is done");
        return ExitCode::FAILURE;
    }
    let intents = OnceLock::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let signals = signals?;
        // Nothing is written before the whole request is read: the caller may not be reading yet.
        let input = input::read(io::stdin().lock(), &signals)?;
        respond(options, &signals, &input, &intents)
    }));
    let outcome = outcome.unwrap_or_else(|_panic| Err(panics::error()));
    let written = deliver(outcome, intents, |outcome| {
        let line = Response::new(outcome).to_line();
        let mut stdout = io::stdout().lock();
        stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush())
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let advice = "what the call made is on record: see `cpi-host orphans`";
            journal.write(Level::Error, format_args!("the response could not be written: {error}; {advice}"));
            ExitCode::FAILURE
        }
    }
}

/// Gives an outcome to the caller, who knows of everything that there is once it is written.
fn deliver(
    outcome: Result<Value, CpiError>,
    intents: OnceLock<Arc<IntentLog>>,
    write: impl FnOnce(Result<Value, CpiError>) -> io::Result<()>,
) -> io::Result<()> {
    let intents = intents.into_inner();
    // On record before anybody can have read it.
    match (&intents, &outcome) {
        (Some(intents), Ok(_)) => intents.answering(),
        (Some(intents), Err(error)) => intents.failed(error.message()),
        (None, _) => {}
    }
    let succeeded = outcome.is_ok();
    write(outcome)?;
    intents.filter(|_| succeeded).iter().for_each(|intents| intents.settle());
    Ok(())
}

/// Whether this process was started without a stdout. Rust puts `/dev/null` in its place, open for reading as well,
/// which nobody does who only wants to be rid of the response.
fn stdout_is_closed() -> bool {
    let stdout = io::stdout();
    let is_null = |stat: rustix::fs::Stat| stat.st_rdev == rustix::fs::makedev(1, 3);
    rustix::fs::fstat(&stdout).is_ok_and(is_null)
        && rustix::fs::fcntl_getfl(&stdout).is_ok_and(|flags| flags.contains(rustix::fs::OFlags::RDWR))
}

fn respond(
    options: &Options,
    signals: &Signals,
    input: &[u8],
    intents: &OnceLock<Arc<IntentLog>>,
) -> Result<Value, CpiError> {
    let level = if options.verbose { Level::Debug } else { Level::Info };
    let journal = |request_id: Option<&str>| Arc::new(Journal::new(Box::new(Stderr::default()), level, request_id));
    let request = Request::parse(input).inspect_err(|error| {
        let id = Request::id_of_refused(input);
        journal(id.as_deref()).write(Level::Error, format_args!("Refused a request: {error}"));
    })?;
    let journal = journal(request.context.request_id.as_deref());
    let method = request.method.name();
    let start = std::time::Instant::now();
    journal.write(Level::Info, format_args!("Starting {method}"));
    for doubt in &request.context.doubts {
        journal.write(Level::Warn, doubt);
    }
    let outcome = with_runtime(options, signals, request, intents, &journal);
    let outcome = outcome.map_err(|error| error.map_message(|message| journal.masked(message)));
    let seconds = start.elapsed().as_secs_f64();
    match &outcome {
        Ok(_) => journal.write(Level::Info, format_args!("Finished {method} in {seconds:.3} seconds")),
        Err(error) => journal.write(Level::Error, format_args!("Failed {method} in {seconds:.3} seconds: {error}")),
    }
    outcome
}

fn with_runtime(
    options: &Options,
    signals: &Signals,
    request: Request,
    intents: &OnceLock<Arc<IntentLog>>,
    journal: &Arc<Journal>,
) -> Result<Value, CpiError> {
    let (request, surplus) = request.without_surplus();
    if surplus > 0 {
        journal.write(Level::Warn, format_args!("ignored {surplus} argument(s) that this CPI does not know"));
    }
    let call = Call::parse(&request)?;
    match call {
        Call::Ping => return answer::ping(options, &request),
        Call::Info => return answer::info(options, &request),
        _ => {}
    }
    let runtime = event_loop::start().map_err(CpiError::host)?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            // In this order: a signal that came before ends the call before it begins.
            biased;
            signal = signals.received() => Err(signal),
            outcome = answer::answer(options, request, call, intents, Arc::clone(journal)) => outcome,
        }
    });
    // A name that is still being looked up must not hold back the answer.
    runtime.shutdown_background();
    outcome
}
