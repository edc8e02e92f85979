use std::fmt;
use std::io::Write;
use std::sync::Mutex;
use std::time::SystemTime;

use cpi_protocol::{Mask, printable};

use crate::lock::lock;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the usual ones")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        })
    }
}

/// The log of one call: lines on stderr, which directors show to operators while the call runs.
///
/// Every line passes the mask, and is one line: control characters are escaped. A reader that went away is no error.
pub struct Journal {
    least: Level,
    prefix: String,
    mask: Mutex<Mask>,
    /// What plugins may still write, in bytes.
    allowance: Mutex<usize>,
    out: Mutex<Box<dyn Write + Send>>,
    watcher: Option<Watcher>,
}

/// Who is told of every message.
type Watcher = Box<dyn Fn(&str) + Send + Sync>;

impl Journal {
    /// A log whose lines carry the director's number for the call.
    pub fn new(out: Box<dyn Write + Send>, least: Level, request_id: Option<&str>) -> Self {
        let prefix = request_id.map(|id| format!("[req_id {}] ", printable(id, 80))).unwrap_or_default();
        Self { least, prefix, mask: Mutex::default(), allowance: Mutex::new(0), out: Mutex::new(out), watcher: None }
    }

    /// The same, whose every message of the host's is also told to someone, whatever its level.
    #[must_use]
    pub fn watched(self, watcher: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { watcher: Some(Box::new(watcher)), ..self }
    }

    /// Lets plugins write this many bytes from now on; before, they may write none.
    pub fn allow(&self, bytes: usize) {
        *lock(&self.allowance) = bytes;
    }

    /// Hides more secrets from now on.
    pub fn hide(&self, add: impl FnOnce(&mut Mask)) {
        add(&mut lock(&self.mask));
    }

    /// A text without the call's secrets.
    pub fn masked(&self, text: &str) -> String {
        lock(&self.mask).apply(text)
    }

    /// Whether lines of this level are written at all, and a plugin may still write.
    pub fn wants(&self, level: Level) -> bool {
        level >= self.least && *lock(&self.allowance) > 0
    }

    /// A line of the host's.
    pub fn write(&self, level: Level, message: impl fmt::Display) {
        if level < self.least && self.watcher.is_none() {
            return;
        }
        let message = self.masked(&message.to_string());
        if let Some(watcher) = &self.watcher {
            watcher(&message);
        }
        if level >= self.least {
            self.put(&self.format(level, &message));
        }
    }

    /// A line of the host's for whoever asked for details, and nobody else.
    pub fn detail(&self, message: impl fmt::Display) {
        if self.least == Level::Debug {
            self.put(&self.format(Level::Debug, &self.masked(&message.to_string())));
        }
    }

    /// A line of a plugin's, as long as its allowance lasts.
    pub fn write_for(&self, plugin: &str, level: Level, message: &str) {
        if !self.wants(level) {
            return;
        }
        let mut left = lock(&self.allowance);
        let line = self.format(level, &format!("{plugin}: {}", self.masked(message)));
        *left = left.saturating_sub(line.len());
        let spent = *left == 0;
        drop(left);
        self.put(&line);
        if spent {
            self.write(
                Level::Warn,
                format_args!("{plugin}: wrote as much as [limits] log allows; the rest is left out"),
            );
        }
    }

    fn format(&self, level: Level, message: &str) -> String {
        const LONGEST: usize = 4096;
        let time = humantime::format_rfc3339_millis(SystemTime::now());
        format!("{time} {level:<5} {}{}\n", self.prefix, printable(message, LONGEST))
    }

    fn put(&self, line: &str) {
        // The director may have stopped reading: the call goes on.
        _ = lock(&self.out).write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn journal(allowance: usize) -> (Journal, Buffer) {
        let buffer = Buffer::default();
        let journal = Journal::new(Box::new(buffer.clone()), Level::Info, Some("cpi-1"));
        journal.allow(allowance);
        (journal, buffer)
    }

    fn text(buffer: &Buffer) -> String {
        String::from_utf8(lock(&buffer.0).clone()).unwrap()
    }

    #[test]
    fn a_line_stays_one_line_and_keeps_no_secret() {
        let (journal, buffer) = journal(1000);
        journal.hide(|mask| mask.add("hunter2222"));
        journal.write_for("aws", Level::Info, "a\nb\u{1b}[31m \u{202e}hunter2222");
        let text = text(&buffer);
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains("[req_id cpi-1] aws: a\\nb\\u{1b}[31m \\u{202e}<redacted>"), "{text}");
    }

    #[test]
    fn a_plugin_cannot_write_without_end() {
        let (journal, buffer) = journal(400);
        for _ in 0..1000 {
            journal.write_for("aws", Level::Info, "twenty bytes of text");
        }
        assert!(text(&buffer).lines().count() < 10);
        assert!(text(&buffer).contains("[limits] log"));
    }

    #[test]
    fn debug_lines_are_left_out_unless_asked_for() {
        let (journal, buffer) = journal(100);
        journal.write(Level::Debug, "details");
        assert_eq!(text(&buffer), "");
    }
}
