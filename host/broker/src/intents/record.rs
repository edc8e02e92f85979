use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::line::{FORMAT, Line};
use super::log::write;
use super::{Intent, IntentError, Origin};
use crate::folder::options;

/// What one call left behind. Nobody else works on it as long as this lives.
#[derive(Debug)]
pub struct Record {
    /// The call.
    pub origin: Origin,
    /// How it ended.
    pub ended: Ended,
    /// What it declared and did not remove, in the order in which it was declared.
    pub left: Vec<LeftBehind>,
    /// What cannot be read of it, if there is something.
    pub damage: Option<IntentError>,
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

pub(super) enum Opened {
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
            _ = fs::remove_file(&self.path);
        }
        Ok(())
    }

    /// Removes a record that tells of nothing more, unless a part of it cannot be read: then this is returned.
    pub(super) fn forget(self) -> Option<IntentError> {
        if self.damage.is_none() {
            _ = fs::remove_file(&self.path);
        }
        self.damage
    }

    pub(super) fn open(path: &Path) -> Result<Opened, IntentError> {
        let unread = |error| IntentError::Unread { path: path.to_owned(), error };
        let opened = options().read(true).append(true).open(path);
        let mut file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Opened::Gone),
            Err(error) => return Err(unread(error)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Opened::Running),
            Err(TryLockError::Error(error)) => return Err(unread(error)),
        }
        // Its call may have ended well in between, and removed it.
        if !path.exists() {
            return Ok(Opened::Gone);
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unread)?;
        Self::parse(path, file, &String::from_utf8_lossy(&bytes)).map(Box::new).map(Opened::Over)
    }

    /// A line that cannot be read does not hide the others.
    fn parse(path: &Path, file: File, text: &str) -> Result<Self, IntentError> {
        let damaged = |problem| IntentError::Damaged { path: path.to_owned(), problem };
        let mut origin = None;
        let mut ended = Ended::Killed;
        let mut left: Vec<LeftBehind> = Vec::new();
        let mut damage = None;
        // A line without its end was being written when the machine stopped.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for line in whole.lines() {
            match serde_json::from_str(line) {
                Ok(Line::Call { format: FORMAT, origin: call }) => origin = Some(call),
                Ok(Line::Call { format, .. }) => {
                    return Err(damaged(format!("it has format {format}, this program reads {FORMAT}")));
                }
                Ok(Line::Begin { number, at, intent }) => left.push(LeftBehind { number, at, intent, id: None }),
                Ok(Line::Created { number, id }) => {
                    left.iter_mut().filter(|left| left.number == number).for_each(|left| left.id = Some(id.clone()));
                }
                Ok(Line::Removed { number }) => left.retain(|left| left.number != number),
                Ok(Line::Failed { message }) => ended = Ended::Failed(message),
                Ok(Line::Answering) => ended = Ended::Answering,
                Err(error) => damage = damage.or_else(|| Some(damaged(format!("'{line}': {error}")))),
            }
        }
        let origin = origin.ok_or_else(|| damaged("it does not say whose call it was".to_owned()))?;
        Ok(Self { origin, ended, left, damage, path: path.to_owned(), file })
    }
}
