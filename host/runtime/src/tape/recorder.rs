use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cpi_broker::{Journal, Level};
use cpi_protocol::CpiError;
use serde::Serialize;
use serde_json::{Value, json};

use super::line::{Line, Start};

/// Writes a recording, line by line, so that the recording of a call that is killed tells how far it came.
///
/// No secret reaches a plugin, so none is among what it says and hears; all texts pass the mask of the call all the same.
pub struct Recorder {
    seed: String,
    journal: Arc<Journal>,
    state: Mutex<State>,
}

struct State {
    /// None once it cannot be written any more.
    file: Option<File>,
    calls: u64,
    /// Bytes that may still be written.
    left: usize,
}

/// Far above what calls say; a plugin that looks at the clock without end shall not fill the disk.
const LONGEST: usize = 256 << 20;

impl Recorder {
    /// Begins a recording in an empty file.
    pub fn new(file: File, start: Start, journal: Arc<Journal>) -> Self {
        let state = Mutex::new(State { file: Some(file), calls: 0, left: LONGEST });
        let recorder = Self { seed: start.seed.clone(), journal, state };
        recorder.write(&Line::Start(start));
        recorder
    }

    /// The last line.
    pub fn answer(&self, outcome: &Result<Value, CpiError>) {
        self.write(&Line::Answer(answer(outcome)));
    }

    pub(super) fn seed(&self) -> &str {
        &self.seed
    }

    pub(super) fn call(&self, name: &str, with: Value) -> u64 {
        let number = {
            let mut state = self.state();
            state.calls += 1;
            state.calls
        };
        self.write(&Line::Call { number, name: name.to_owned(), with });
        number
    }

    pub(super) fn returned(&self, number: u64, value: &impl Serialize) {
        self.write(&Line::Return { number, value: json!(value) });
    }

    pub(super) fn now(&self, name: &str, with: Value, value: &impl Serialize) {
        self.write(&Line::Now { name: name.to_owned(), with, value: json!(value) });
    }

    pub(crate) fn log(&self, level: &str, message: &str) {
        self.write(&Line::Log { level: level.to_owned(), message: message.to_owned() });
    }

    /// The call goes on when its recording cannot.
    fn write(&self, line: &Line) {
        let mut line = json!(line);
        mask(&mut line, &self.journal);
        let text = format!("{line}\n");
        let mut state = self.state();
        let Some(file) = &mut state.file else { return };
        let problem = match file.write_all(text.as_bytes()) {
            Ok(()) => state.left.checked_sub(text.len()).map_or(Some("it is too long".to_owned()), |left| {
                state.left = left;
                None
            }),
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            state.file = None;
            self.journal.write(Level::Warn, format_args!("the recording stops here: {problem}"));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a call came to, as it stands in a recording.
pub(super) fn answer(outcome: &Result<Value, CpiError>) -> Value {
    match outcome {
        Ok(result) => json!({"result": result}),
        Err(error) => json!({"error": error.to_json()}),
    }
}

fn mask(value: &mut Value, journal: &Journal) {
    match value {
        Value::String(text) => *text = journal.masked(text),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, journal)),
        Value::Object(members) => members.values_mut().for_each(|member| mask(member, journal)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
