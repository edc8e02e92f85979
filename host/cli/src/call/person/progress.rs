use std::io::{self, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cpi_protocol::printable;

/// One line on the terminal that says how long a call takes and what it did last. Only this writes to the terminal, so
/// that log lines and the status do not run into one another.
pub(super) struct Progress {
    events: Sender<Event>,
    thread: Option<JoinHandle<()>>,
}

enum Event {
    /// To be shown, and to stay.
    Line(Vec<u8>),
    /// What happened last.
    Status(String),
    End,
}

/// Sends what is written to the one who writes to the terminal.
struct Lines(Sender<Event>);

/// Short calls show no status at all.
const FIRST: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_secs(1);
/// What fits on narrow terminals.
const WIDTH: usize = 78;
const CLEAR: &str = "\r\u{1b}[K";

impl Progress {
    /// Begins to show how a call of this method goes on.
    pub(super) fn start(method: &'static str) -> Self {
        let (events, received) = channel();
        let show = move || {
            let start = Instant::now();
            let mut last = String::new();
            let mut pause = FIRST;
            loop {
                let line = match received.recv_timeout(pause) {
                    Ok(Event::Line(line)) => line,
                    Ok(Event::Status(status)) => {
                        last = status;
                        continue;
                    }
                    Err(RecvTimeoutError::Timeout) => Vec::new(),
                    Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => break,
                };
                pause = PAUSE;
                let status = format!("{method}, {} s {last}", start.elapsed().as_secs());
                put(&[CLEAR.as_bytes(), &line, printable(&status, WIDTH).as_bytes()].concat());
            }
            put(CLEAR.as_bytes());
        };
        // Without a thread to spare there is no status, and the call goes on.
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(show).ok();
        Self { events, thread }
    }

    /// Where log lines go.
    pub(super) fn lines(&self) -> Box<dyn Write + Send> {
        match self.thread {
            Some(_) => Box::new(Lines(self.events.clone())),
            None => Box::new(io::stderr()),
        }
    }

    /// What hears everything that is logged, shown or not.
    pub(super) fn watcher(&self) -> impl Fn(&str) + Send + Sync + 'static {
        let events = self.events.clone();
        move |message| _ = events.send(Event::Status(message.to_owned()))
    }

    /// Leaves the terminal as it was.
    pub(super) fn end(self) {
        _ = self.events.send(Event::End);
        self.thread.into_iter().for_each(|thread| _ = thread.join());
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Nobody shows anything any more once the call has ended.
        _ = self.0.send(Event::Line(bytes.to_vec()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn put(bytes: &[u8]) {
    // A terminal that went away shows nothing; the call goes on.
    _ = io::stderr().lock().write_all(bytes);
}
