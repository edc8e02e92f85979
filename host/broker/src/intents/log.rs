use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use super::line::{FORMAT, Line};
use super::{FOLDER, Intent, IntentError, Origin, SUFFIX};
use crate::folder::{Folder, digest, options};
use crate::lock::lock;
use crate::{Journal, Level};

/// What one call is about to make. Nothing is on disk before the first intent.
pub struct IntentLog {
    folder: Folder,
    origin: Origin,
    /// What the files of all calls may take together, in bytes.
    space: usize,
    journal: Arc<Journal>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    file: Option<(PathBuf, File)>,
    begun: u32,
    /// Numbers of what is neither removed nor settled.
    open: Vec<u32>,
}

/// Intents of one call, and bytes of one of them. A VM with all its interfaces and routes has some dozens.
const MOST: u32 = 1000;
const LONGEST: usize = 16 << 10;

impl IntentLog {
    /// The log of a call, below the folder of all states.
    pub fn new(root: &Path, origin: Origin, space: usize, journal: Arc<Journal>) -> Self {
        let folder = Folder::new(root, &[&origin.plugin, &digest(&origin.director), FOLDER]);
        Self { folder, origin, space, journal, state: Mutex::default() }
    }

    /// Writes down what is about to be made, and returns its number. It is on disk when this returns.
    pub fn begin(&self, intent: Intent) -> Result<u32, IntentError> {
        if intent.kind.is_empty() || intent.key.is_empty() || length(&intent) > LONGEST {
            return Err(IntentError::Malformed(LONGEST));
        }
        let mut state = lock(&self.state);
        if state.begun == MOST {
            return Err(IntentError::TooMany(MOST));
        }
        if state.file.is_none() {
            state.file = Some(self.create()?);
        }
        let number = state.begun + 1;
        let at = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let written = state.put(&Line::Begin { number, at, intent }).and_then(|()| state.sync());
        written.map_err(|error| self.failed_with(error))?;
        state.begun = number;
        state.open.push(number);
        Ok(number)
    }

    /// It exists, under this identifier.
    pub fn created(&self, number: u32, id: &str) {
        let id = id.chars().take(1024).collect();
        self.note(&mut lock(&self.state), &Line::Created { number, id });
    }

    /// It was not made after all, or is gone again.
    pub fn removed(&self, number: u32) {
        let mut state = lock(&self.state);
        if state.open.contains(&number) && self.note(&mut state, &Line::Removed { number }) {
            state.open.retain(|open| *open != number);
        }
    }

    /// The call failed. What is still there of it stays on record, and the log says so.
    pub fn failed(&self, message: &str) {
        let mut state = lock(&self.state);
        match state.open.len() {
            0 => state.forget(),
            left => {
                self.note(&mut state, &Line::Failed { message: message.to_owned() });
                self.journal.write(
                    Level::Warn,
                    format_args!("{left} thing(s) that this call declared may be left behind: see `cpi-host orphans`"),
                );
            }
        }
    }

    /// The answer will be written now.
    pub fn answering(&self) {
        self.note(&mut lock(&self.state), &Line::Answering);
    }

    /// The answer was delivered: the caller knows of everything that there is.
    pub fn settle(&self) {
        lock(&self.state).forget();
    }

    /// What is not written down stays on record, which is the safe side.
    fn note(&self, state: &mut State, line: &Line) -> bool {
        if state.file.is_none() {
            return false;
        }
        let written = state.put(line);
        if let Err(error) = &written {
            self.journal.write(Level::Warn, format_args!("the record of intents cannot be written: {error}"));
        }
        written.is_ok()
    }

    /// Makes the file under another name and gives it its own when it is locked: a file that is there and not locked
    /// tells of a call that is over.
    fn create(&self) -> Result<(PathBuf, File), IntentError> {
        let failed = |error| self.failed_with(error);
        self.folder.make().map_err(failed)?;
        if used(self.folder.path()).map_err(failed)? > self.space {
            return Err(IntentError::Full { folder: self.folder.path().to_owned() });
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| failed(io::Error::other(error)))?;
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:020}-{:016x}{SUFFIX}", since.as_nanos(), u64::from_be_bytes(random));
        let (path, beside) = (self.folder.path().join(&name), self.folder.path().join(format!(".{name}")));
        let create = || {
            let mut file = options().append(true).create_new(true).open(&beside)?;
            file.try_lock()?;
            write(&mut file, &Line::Call { format: FORMAT, origin: self.origin.clone() })?;
            fs::rename(&beside, &path)?;
            File::open(self.folder.path())?.sync_all()?;
            Ok(file)
        };
        create().map(|file| (path, file)).map_err(failed)
    }

    fn failed_with(&self, error: io::Error) -> IntentError {
        IntentError::Unavailable { folder: self.folder.path().to_owned(), error }
    }
}

impl State {
    fn put(&mut self, line: &Line) -> io::Result<()> {
        match &mut self.file {
            Some((_, file)) => write(file, line),
            None => Ok(()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |(_, file)| file.sync_data())
    }

    fn forget(&mut self) {
        self.open.clear();
        if let Some((path, _file)) = self.file.take() {
            // While it is locked. A file that cannot be removed is listed, and its things are found to be known.
            _ = fs::remove_file(path);
        }
    }
}

/// One write for one line, so that a line is there whole or not at all when the process is killed.
pub(super) fn write(file: &mut File, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let before = file.metadata()?.len();
    let written = file.write_all(text.as_bytes());
    if written.is_err() {
        // A full disk takes half of it, and the next line would be appended to that half.
        _ = file.set_len(before);
    }
    written
}

fn length(intent: &Intent) -> usize {
    let note = serde_json::to_string(&intent.note).map_or(usize::MAX, |note| note.len());
    note.saturating_add(intent.kind.len()).saturating_add(intent.key.len())
}

fn used(folder: &Path) -> io::Result<usize> {
    let mut used: usize = 0;
    for entry in fs::read_dir(folder)? {
        match entry?.metadata() {
            Ok(facts) => used = used.saturating_add(usize::try_from(facts.len()).unwrap_or(usize::MAX)),
            // Another call ended well in between.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(used)
}
