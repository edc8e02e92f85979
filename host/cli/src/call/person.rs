//! `cpi-host call METHOD ARGUMENT…`: the same call, typed and read by a person.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use cpi_broker::{IntentLog, Journal, Level, Stderr};
use cpi_protocol::{Argument, CpiError, HIGHEST_API_VERSION, Kind, Method, Object, Request, printable};
use serde_json::{Value, json};

use super::{Options, deliver, input, with_runtime};
use crate::config::context;
use crate::signals::Signals;

mod progress;

use progress::Progress;

#[derive(clap::Args)]
pub(crate) struct Typed {
    /// Calls this method and prints its result. Without a method, one request of a director is read from stdin.
    /// `help` lists the methods and their arguments.
    method: Option<String>,
    /// Each is JSON or, where the method takes a string, that string; `-` reads it from stdin, `@FILE` from a file.
    #[arg(allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// For METHOD: the director in whose name it is called. Plugins keep locks and notes for each director: without the
    /// director's own id, this call does not wait for that director's calls on the same VM, nor they for this one.
    #[arg(long, value_name = "UUID", default_value = "cpi-host", requires = "method")]
    director_uuid: String,
    /// For METHOD: the API version that the arguments and the result follow.
    #[arg(long, value_name = "NUMBER", default_value_t = 2, requires = "method")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=i64::from(HIGHEST_API_VERSION)))]
    api_version: u8,
    /// For METHOD: the API version of the stemcell that the VM runs.
    #[arg(long, value_name = "NUMBER", default_value_t = 3, requires = "method")]
    stemcell_api_version: u8,
    /// For METHOD: properties of a CPI configuration (JSON), as the director would send them.
    #[arg(long, value_name = "FILE", requires = "method")]
    context: Option<PathBuf>,
}

impl Typed {
    pub(super) fn is_request(&self) -> bool {
        self.method.is_some()
    }

    /// Whether nothing is called, and so no configuration is needed.
    pub(super) fn is_help(&self) -> bool {
        self.method.as_deref() == Some("help")
    }
}

/// The list of methods, or one of them.
pub(super) fn help(typed: &Typed) -> ExitCode {
    let wanted: Result<Vec<_>, _> = typed.arguments.iter().map(|name| method(name)).collect();
    let (written, status) = match wanted {
        Ok(wanted) if wanted.is_empty() => (say(&table(&Method::ALL)), ExitCode::SUCCESS),
        Ok(wanted) => (say(&table(&wanted)), ExitCode::SUCCESS),
        Err(error) => (complain(&error), ExitCode::FAILURE),
    };
    written.map_or(ExitCode::FAILURE, |()| status)
}

/// Calls the method, and prints its result.
pub(super) fn main(options: &Options, typed: &Typed) -> ExitCode {
    let intents = OnceLock::new();
    let outcome = Signals::listen()
        .map_err(|error| CpiError::host(format!("signals cannot be heard: {error}")))
        .and_then(|signals| call(options, typed, &signals, &intents));
    let status = if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    let written = deliver(outcome, intents, |outcome| match outcome {
        Ok(Value::Null) => say("done\n"),
        Ok(Value::String(text)) => say(&format!("{}\n", printable(&text, usize::MAX))),
        Ok(result) => say(&format!("{result:#}\n")),
        Err(error) => complain(&error),
    });
    written.map_or(ExitCode::FAILURE, |()| status)
}

fn call(
    options: &Options,
    typed: &Typed,
    signals: &Signals,
    intents: &OnceLock<Arc<IntentLog>>,
) -> Result<Value, CpiError> {
    let request = request(typed, signals)?;
    let progress = (io::stderr().is_terminal()).then(|| Progress::start(request.method.name()));
    let level = if options.verbose { Level::Debug } else { Level::Warn };
    let journal = match &progress {
        Some(progress) => Journal::new(progress.lines(), level, None).watched(progress.watcher()),
        None => Journal::new(Box::new(Stderr::default()), level, None),
    };
    let journal = Arc::new(journal);
    let outcome = with_runtime(options, signals, request, intents, &journal);
    progress.into_iter().for_each(Progress::end);
    outcome.map_err(|error| error.map_message(|message| journal.masked(message)))
}

/// The request that a director would send.
fn request(typed: &Typed, signals: &Signals) -> Result<Request, CpiError> {
    let method = method(typed.method.as_deref().unwrap_or_default())?;
    let known = method.arguments();
    if typed.arguments.len() > known.len() {
        let usage = table(&[method]);
        return Err(CpiError::arguments(format!(
            "{} takes {} argument(s): {}",
            method.name(),
            known.len(),
            usage.trim()
        )));
    }
    let arguments: Vec<Value> = known
        .iter()
        .zip(&typed.arguments)
        .map(|(argument, text)| value(argument, text, signals))
        .collect::<Result<_, _>>()?;
    let mut context = typed.context.as_deref().map_or(Ok(Object::new()), context)?;
    context.insert("director_uuid".to_owned(), json!(typed.director_uuid));
    context.insert("vm".to_owned(), json!({"stemcell": {"api_version": typed.stemcell_api_version}}));
    let request = json!({
        "method": method.name(),
        "arguments": arguments,
        "context": context,
        "api_version": typed.api_version,
    });
    Request::parse(request.to_string().as_bytes())
}

/// An argument as it was typed. Identifiers may look like numbers: where a text is wanted, only quoted JSON is JSON.
fn value(argument: &Argument, typed: &str, signals: &Signals) -> Result<Value, CpiError> {
    let unreadable = |problem: &dyn std::fmt::Display| {
        CpiError::arguments(format!("{} '{}': {problem}", argument.name, printable(typed, 100)))
    };
    let text = match (typed, typed.strip_prefix('@')) {
        ("-", _) => String::from_utf8(input::read(io::stdin().lock(), signals)?).map_err(|error| unreadable(&error))?,
        (_, Some(file)) => std::fs::read_to_string(file).map_err(|error| unreadable(&error))?,
        _ => typed.to_owned(),
    };
    let text = text.trim_end_matches('\n');
    match serde_json::from_str(text) {
        Ok(Value::String(text)) => Ok(Value::String(text)),
        Ok(value) if argument.kind != Kind::Text => Ok(value),
        Err(error) if argument.kind != Kind::Text && text.starts_with(['{', '[']) => Err(unreadable(&error)),
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn method(name: &str) -> Result<Method, CpiError> {
    Method::from_name(name).ok_or_else(|| {
        let name = printable(name, 60);
        CpiError::arguments(format!("there is no method '{name}': `cpi-host call help` lists them"))
    })
}

/// Methods with their arguments, a line each.
fn table(methods: &[Method]) -> String {
    methods.iter().fold(String::new(), |mut text, method| {
        let arguments: Vec<_> = method
            .arguments()
            .iter()
            .map(
                |Argument { name, kind, optional }| {
                    if *optional { format!("[{name}: {kind}]") } else { format!("{name}: {kind}") }
                },
            )
            .collect();
        // Writing to a text cannot fail.
        _ = writeln!(text, "{:<30} {}", method.name(), method.summary());
        if !arguments.is_empty() {
            _ = writeln!(text, "    {}", arguments.join(", "));
        }
        text
    })
}

fn say(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
}

/// The error in words; what to do about it stands in its message.
fn complain(error: &CpiError) -> io::Result<()> {
    let again = if error.ok_to_retry() { "\nThe same call may succeed if it is made again.\n" } else { "\n" };
    let text = format!("{}: {}{again}", error.kind().name(), printable(error.message(), usize::MAX));
    io::stderr().lock().write_all(text.as_bytes())
}
