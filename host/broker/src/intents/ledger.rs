use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::line::{FORMAT, Line};
use super::log::write;
use super::{FOLDER, Intent, IntentError, Origin, SUFFIX};
use crate::folder::{Folder, options};

/// What the calls of a plugin left behind, for all directors.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Calls that are over, oldest first, with something on record.
    pub records: Vec<Record>,
    /// Calls that still run, or whose record is being worked on.
    pub under_way: usize,
    /// Files that cannot be read.
    pub damaged: Vec<IntentError>,
}

/// What one call left behind. Nobody else works on it as long as this lives.
#[derive(Debug)]
pub struct Record {
    /// The call.
    pub origin: Origin,
    /// How it ended.
    pub ended: Ended,
    /// What it declared and did not remove, in the order in which it was declared.
    pub left: Vec<LeftBehind>,
    path: PathBuf,
    file: File,
}

/// How a call ended that left something behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It was killed, or the machine stopped.
    Killed,
    /// It told its caller this error.
    Failed(String),
    /// It was killed while it answered: the caller may know of what it made.
    Answering,
}

/// Something that a call declared and did not remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftBehind {
    /// Its number within the call.
    pub number: u32,
    /// When it was declared (RFC 3339).
    pub at: String,
    /// What was declared.
    pub intent: Intent,
    /// Its identifier, when the call came to learn it.
    pub id: Option<String>,
}

impl Ledger {
    /// Reads everything below the folder of all states. A folder that is not there is an empty ledger.
    pub fn read(root: &Path, plugin: &str) -> Result<Self, IntentError> {
        let of_plugin = Folder::new(root, &[plugin]);
        let mut ledger = Self::default();
        for director in names(of_plugin.path())? {
            let folder = Folder::new(root, &[plugin, &director, FOLDER]);
            let files = names(folder.path())?;
            if !files.is_empty() {
                let folder_path = || folder.path().to_owned();
                folder.check().map_err(|error| IntentError::Unavailable { folder: folder_path(), error })?;
            }
            for name in files.iter().filter(|name| name.ends_with(SUFFIX) && !name.starts_with('.')) {
                ledger.add(&folder.path().join(name));
            }
        }
        ledger.records.sort_by(|one, other| one.path.file_name().cmp(&other.path.file_name()));
        Ok(ledger)
    }

    fn add(&mut self, path: &Path) {
        match Record::open(path) {
            Ok(Opened::Over(record)) if !record.left.is_empty() => self.records.push(*record),
            // Everything was removed, and then the call was killed.
            Ok(Opened::Over(record)) => record.forget(),
            Ok(Opened::Running) => self.under_way += 1,
            Ok(Opened::Gone) => {}
            Err(problem) => self.damaged.push(IntentError::Damaged { path: path.to_owned(), problem }),
        }
    }
}

enum Opened {
    Over(Box<Record>),
    Running,
    Gone,
}

impl Record {
    /// One of the things is gone. The record goes with the last of them.
    pub fn settle(&mut self, number: u32) -> Result<(), IntentError> {
        let written = write(&mut self.file, &Line::Removed { number });
        written.map_err(|error| IntentError::Unavailable { folder: self.path.clone(), error })?;
        self.left.retain(|left| left.number != number);
        if self.left.is_empty() {
            self.forget();
        }
        Ok(())
    }

    fn forget(&self) {
        _ = fs::remove_file(&self.path);
    }

    fn open(path: &Path) -> Result<Opened, String> {
        let opened = options().read(true).append(true).open(path);
        let mut file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Opened::Gone),
            Err(error) => return Err(error.to_string()),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Opened::Running),
            Err(TryLockError::Error(error)) => return Err(error.to_string()),
        }
        // Its call may have ended well in between, and removed it.
        if !path.exists() {
            return Ok(Opened::Gone);
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| error.to_string())?;
        Self::parse(path, file, &text).map(Box::new).map(Opened::Over)
    }

    fn parse(path: &Path, file: File, text: &str) -> Result<Self, String> {
        let mut origin = None;
        let mut ended = Ended::Killed;
        let mut left: Vec<LeftBehind> = Vec::new();
        // A line without its end was being written when the machine stopped.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for line in whole.lines() {
            match serde_json::from_str(line).map_err(|error| format!("'{line}': {error}"))? {
                Line::Call { format: FORMAT, origin: call } => origin = Some(call),
                Line::Call { format, .. } => {
                    return Err(format!("it has format {format}, this program reads {FORMAT}"));
                }
                Line::Begin { number, at, intent } => left.push(LeftBehind { number, at, intent, id: None }),
                Line::Created { number, id } => {
                    left.iter_mut().filter(|left| left.number == number).for_each(|left| left.id = Some(id.clone()));
                }
                Line::Removed { number } => left.retain(|left| left.number != number),
                Line::Failed { message } => ended = Ended::Failed(message),
                Line::Answering => ended = Ended::Answering,
            }
        }
        let origin = origin.ok_or_else(|| "it does not say whose call it was".to_owned())?;
        Ok(Self { origin, ended, left, path: path.to_owned(), file })
    }
}

/// Names in a folder, in order; none when it is not there.
fn names(folder: &Path) -> Result<Vec<String>, IntentError> {
    let failed = |error| IntentError::Unavailable { folder: folder.to_owned(), error };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let names: io::Result<Vec<_>> =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect();
    let mut names = names.map_err(failed)?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use super::*;
    use crate::{IntentLog, Journal, Level};

    fn log(root: &Path, space: usize) -> IntentLog {
        let origin = Origin {
            plugin: "sim".to_owned(),
            director: "director".to_owned(),
            request_id: Some("cpi-1".to_owned()),
            method: "create_vm".to_owned(),
            configuration: [("region".to_owned(), "a".into())].into_iter().collect(),
        };
        IntentLog::new(root, origin, space, Arc::new(Journal::new(Box::new(io::sink()), Level::Error, None)))
    }

    fn intent(key: &str) -> Intent {
        Intent {
            kind: "disk".to_owned(),
            key: key.to_owned(),
            note: [("n".to_owned(), 1.into())].into_iter().collect(),
        }
    }

    fn keys(ledger: &Ledger) -> Vec<(&str, Option<&str>)> {
        let left = ledger.records.iter().flat_map(|record| &record.left);
        left.map(|left| (left.intent.key.as_str(), left.id.as_deref())).collect()
    }

    #[test]
    fn what_a_killed_call_began_is_found_once_it_is_over() {
        let root = tempfile::tempdir().unwrap();
        let call = log(root.path(), 1000);
        let [a, b, _] = ["a", "b", "c"].map(|key| call.begin(intent(key)).unwrap());
        call.created(a, "id-a");
        call.removed(b);
        let running = Ledger::read(root.path(), "sim").unwrap();
        assert_eq!((running.records.len(), running.under_way), (0, 1));
        drop(call);

        let mut over = Ledger::read(root.path(), "sim").unwrap();
        assert_eq!(keys(&over), [("a", Some("id-a")), ("c", None)]);
        let record = over.records.first_mut().unwrap();
        assert_eq!((&record.ended, record.origin.method.as_str()), (&Ended::Killed, "create_vm"));
        assert_eq!(Ledger::read(root.path(), "sim").unwrap().under_way, 1, "one works on it at a time");
        record.settle(1).unwrap();
        drop(over);
        let mut over = Ledger::read(root.path(), "sim").unwrap();
        assert_eq!(keys(&over), [("c", None)]);
        over.records.first_mut().unwrap().settle(3).unwrap();
        drop(over);
        assert!(Ledger::read(root.path(), "sim").unwrap().records.is_empty());
    }

    #[test]
    fn delivered_answers_and_tidy_failures_leave_nothing() {
        let root = tempfile::tempdir().unwrap();
        let files = || names(Folder::new(root.path(), &["sim", &crate::folder::digest("director"), FOLDER]).path());
        let call = log(root.path(), 1000);
        call.begin(intent("a")).unwrap();
        call.answering();
        call.settle();
        let call = log(root.path(), 1000);
        call.removed(call.begin(intent("a")).unwrap());
        call.failed("no room");
        assert!(files().unwrap().is_empty());
        let call = log(root.path(), 1000);
        call.failed("nothing was begun");
        assert!(files().unwrap().is_empty());
    }

    #[test]
    fn the_end_of_a_call_is_told() {
        let root = tempfile::tempdir().unwrap();
        for end in [|call: &IntentLog| call.failed("no room"), IntentLog::answering] {
            let call = log(root.path(), 1000);
            call.begin(intent("a")).unwrap();
            end(&call);
        }
        let ledger = Ledger::read(root.path(), "sim").unwrap();
        let ends: Vec<_> = ledger.records.iter().map(|record| record.ended.clone()).collect();
        assert_eq!(ends, [Ended::Failed("no room".to_owned()), Ended::Answering]);
    }

    #[test]
    fn half_a_line_is_none_and_nonsense_is_reported() {
        let root = tempfile::tempdir().unwrap();
        let call = log(root.path(), 1000);
        call.begin(intent("a")).unwrap();
        drop(call);
        let path = Ledger::read(root.path(), "sim").unwrap().records.remove(0).path;
        let append = |text: &str| options().append(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
        append("{\"begin\":{\"num");
        assert_eq!(keys(&Ledger::read(root.path(), "sim").unwrap()), [("a", None)]);
        append("\n");
        let damaged = Ledger::read(root.path(), "sim").unwrap().damaged;
        assert!(damaged.first().unwrap().to_string().contains("look at it"), "{damaged:?}");
    }

    #[test]
    fn a_plugin_cannot_fill_the_disk() {
        let root = tempfile::tempdir().unwrap();
        let call = log(root.path(), 100);
        assert!(matches!(call.begin(intent("")), Err(IntentError::Malformed(_))));
        assert!(matches!(call.begin(intent(&"x".repeat(20_000))), Err(IntentError::Malformed(_))));
        for _ in 0..1000 {
            call.begin(intent("a")).unwrap();
        }
        assert!(matches!(call.begin(intent("a")), Err(IntentError::TooMany(_))));
        drop(call);
        assert!(matches!(log(root.path(), 100).begin(intent("a")), Err(IntentError::Full { .. })));
    }
}
