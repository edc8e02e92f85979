use cpi_broker::Level as JournalLevel;

use super::CallState;
use crate::bindings::bosh::cpi::log::{Host, Level};

impl Host for CallState {
    fn write(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        let level = match level {
            Level::Debug => JournalLevel::Debug,
            Level::Info => JournalLevel::Info,
            Level::Warn => JournalLevel::Warn,
            Level::Error => JournalLevel::Error,
        };
        let text = fields.iter().fold(message, |text, (key, value)| format!("{text} {key}={value:?}"));
        self.capabilities.journal.write_for(&self.plugin, level, &text);
        Ok(())
    }
}
