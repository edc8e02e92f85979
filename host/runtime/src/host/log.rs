use std::fmt::Write;

use cpi_broker::Level as JournalLevel;

use super::CallState;
use crate::bindings::bosh::cpi::log::{Host, Level};
use crate::tape::Tape;

/// What is looked at of one message; the journal cuts its lines as well.
const LONGEST: usize = 4096;

impl Host for CallState {
    fn write(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        let level = match level {
            Level::Debug => JournalLevel::Debug,
            Level::Info => JournalLevel::Info,
            Level::Warn => JournalLevel::Warn,
            Level::Error => JournalLevel::Error,
        };
        let journal = &self.capabilities.journal;
        if !journal.wants(level) {
            return Ok(());
        }
        let mut text: String = message.chars().take(LONGEST).collect();
        for (key, value) in fields {
            if text.len() > LONGEST {
                break;
            }
            let value: String = value.chars().take(LONGEST).collect();
            // Before it is quoted, which may change the letters of a secret.
            write!(text, " {key}={:?}", journal.masked(&value))?;
        }
        if let Tape::Record(recorder) = &self.capabilities.tape {
            recorder.log(&level.to_string(), &text);
        }
        journal.write_for(&self.plugin, level, &text);
        Ok(())
    }
}
