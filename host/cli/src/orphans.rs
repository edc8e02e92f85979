//! `cpi-host orphans`: what killed and failed calls left behind.

use std::process::ExitCode;
use std::sync::Arc;

use cpi_broker::{AgentVault, Ended, Journal, Ledger, LeftBehind, Level, Listed, Record, Stderr};
use cpi_policy::HostConfig;
use cpi_protocol::{CpiError, Object};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::config::{self, CloudConfig};
use crate::event_loop;
use crate::paths;
use crate::print;
use crate::ready::Ready;
use crate::session::{self, Session, catalog, unusable};

mod found;
mod table;

use found::{Found, State};

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are")]
pub(crate) struct Options {
    #[command(flatten)]
    about: config::Options,
    /// Removes what is still there, through the plugin, and forgets what is gone.
    #[arg(long)]
    delete: bool,
    /// With --delete: also removes what the caller may know of, because the call was killed while it was answering.
    #[arg(long, requires = "delete")]
    answered: bool,
    /// With --delete: also removes uploads that a later call could resume.
    #[arg(long, requires = "delete")]
    uploads: bool,
    /// Also handles what was recorded under other settings, with the present ones; for example after keys were rotated.
    #[arg(long)]
    other_settings: bool,
    /// Prints JSON for programs.
    #[arg(long)]
    json: bool,
    /// Logs requests, too.
    #[arg(long, short)]
    verbose: bool,
}

#[expect(clippy::print_stderr, reason = "this command talks to a person")]
pub(crate) fn main(options: &Options) -> ExitCode {
    match look(options) {
        Ok(report) => {
            print::line(&if options.json { report.json() } else { report.table() });
            if report.is_troubled() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("cpi-host: {}", error.message());
            ExitCode::FAILURE
        }
    }
}

/// Everything that there is to say.
#[derive(Default)]
struct Report {
    found: Vec<Found>,
    /// Calls that still run.
    under_way: usize,
    /// What could not be read.
    unread: Vec<String>,
}

fn look(options: &Options) -> Result<Report, CpiError> {
    let context = options.about.context()?;
    let cloud = CloudConfig::read(&options.about.config, context.plugin.as_deref())?;
    let host = paths::host_config(&options.about.host).map_err(CpiError::host)?;
    let ledger = Ledger::read(&paths::state(&host), &cloud.plugin);
    let mut report = Report::default();
    let mut eye = None;
    for entry in ledger.map_err(|error| CpiError::host(error.to_string()))? {
        match entry {
            Ok(Listed::UnderWay) => report.under_way += 1,
            Ok(Listed::Over(mut record)) => {
                let eye = match &mut eye {
                    Some(eye) => eye,
                    // The plugin is needed only when there is something to look at.
                    none => none.insert(Eye::open(options, &context.properties, &cloud, &host)?),
                };
                report.unread.extend(record.damage.take().map(|damage| damage.to_string()));
                report.found.extend(eye.look(&mut record));
            }
            Err(problem) => report.unread.push(problem.to_string()),
        }
    }
    Ok(report)
}

/// Looks at what calls left behind, and removes it when that is wanted.
struct Eye<'a> {
    options: &'a Options,
    session: Session,
    journal: Arc<Journal>,
    runtime: Runtime,
}

impl<'a> Eye<'a> {
    fn open(
        options: &'a Options,
        properties: &Object,
        cloud: &CloudConfig,
        host: &HostConfig,
    ) -> Result<Self, CpiError> {
        let level = if options.verbose { Level::Debug } else { Level::Warn };
        let journal = Arc::new(Journal::new(Box::new(Stderr::default()), level, None));
        session::hide(cloud, &journal);
        let catalog = catalog(host)?;
        let installed = catalog.open(&cloud.plugin).map_err(|error| unusable(cloud, &error))?;
        let runtime = event_loop::start().map_err(CpiError::host)?;
        let ready = runtime.block_on(Ready::load(cloud, &catalog, installed, &journal))?;
        journal.hide(|mask| mask.add_named(properties));
        let session = Session::open(ready, cloud, properties, host, &journal)?;
        Ok(Self { options, session, journal, runtime })
    }

    /// The last thing of a call comes first: what was made later may stand on what was made before.
    fn look(&self, record: &mut Record) -> Vec<Found> {
        let mut found = Vec::new();
        for left in record.left.clone().into_iter().rev() {
            let state = self.runtime.block_on(self.state(record, &left));
            found.push(Found { origin: record.origin.clone(), ended: record.ended.clone(), left, state });
        }
        found
    }

    async fn state(&self, record: &mut Record, left: &LeftBehind) -> State {
        if record.origin.configuration != self.session.account && !self.options.other_settings {
            return State::Elsewhere;
        }
        if let Some(kept) = self.kept(record, left) {
            match self.find(record, left).await {
                State::There(ids) => return kept(ids),
                State::Gone if self.options.delete => {}
                other => return other,
            }
        }
        match self.remove(record, left).await {
            Ok(()) => State::Removed,
            Err(problem) => State::Unknown(problem),
        }
    }

    /// What is said of a thing that stays, if it does.
    fn kept(&self, record: &Record, left: &LeftBehind) -> Option<fn(Vec<String>) -> State> {
        if is_resumable(left) && !self.options.uploads {
            Some(State::Resumable)
        } else if !self.options.delete {
            Some(State::There)
        } else if record.ended == Ended::Answering && !self.options.answered {
            Some(State::Kept)
        } else {
            None
        }
    }

    async fn find(&self, record: &Record, left: &LeftBehind) -> State {
        let (director, readable) = (&record.origin.director, &self.session.readable);
        let plugin = &self.session.plugin;
        let found =
            plugin.find_leftover(self.capabilities(record), &self.session.limits, director, readable, left).await;
        match found {
            Ok(ids) if ids.is_empty() => State::Gone,
            Ok(ids) => State::There(ids),
            Err(error) => State::Unknown(self.journal.masked(error.message())),
        }
    }

    async fn remove(&self, record: &mut Record, left: &LeftBehind) -> Result<(), String> {
        let (director, readable) = (&record.origin.director, &self.session.readable);
        let plugin = &self.session.plugin;
        let removed =
            plugin.remove_leftover(self.capabilities(record), &self.session.limits, director, readable, left).await;
        removed.map_err(|error| self.journal.masked(error.message()))?;
        record.settle(left.number).map_err(|error| error.to_string())
    }

    /// Fresh ones for each thing, as for a call.
    fn capabilities(&self, record: &Record) -> cpi_runtime::Capabilities {
        let director = &record.origin.director;
        let intents = self.session.intents(director, None, "orphans", Arc::clone(&self.journal));
        self.session.capabilities(director, Arc::new(AgentVault::default()), intents, Arc::clone(&self.journal))
    }
}

/// Whether a later call goes on with it, as the plugin says.
fn is_resumable(left: &LeftBehind) -> bool {
    left.intent.note.get("resumable").and_then(Value::as_bool) == Some(true)
}
