use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use cpi_broker::{Journal, Level};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{OutputStream, StreamResult};

/// Where a plugin's stdout and stderr go: line by line to the journal, the last lines kept for the message of a trap.
#[derive(Clone)]
pub(crate) struct Captured {
    journal: Arc<Journal>,
    plugin: Arc<str>,
    text: Arc<Mutex<Text>>,
}

#[derive(Default)]
struct Text {
    line: Vec<u8>,
    /// Text of the last panic.
    panic: Vec<String>,
}

/// What is kept of a line, and the lines kept of a panic.
const LONGEST_LINE: usize = 4096;
const PANIC_LINES: usize = 3;

impl Captured {
    pub(crate) fn new(journal: Arc<Journal>, plugin: Arc<str>) -> Self {
        Self { journal, plugin, text: Arc::default() }
    }

    /// What the plugin said when it panicked, on one line.
    pub(crate) fn panic(&self) -> Option<String> {
        let mut text = self.text();
        let rest = std::mem::take(&mut text.line);
        text.keep(&String::from_utf8_lossy(&rest));
        (!text.panic.is_empty()).then(|| text.panic.join(" "))
    }

    fn text(&self) -> MutexGuard<'_, Text> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, bytes: &[u8]) {
        let mut text = self.text();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(text.line.len());
            text.line.extend(piece.iter().filter(|byte| **byte != b'\n').take(room));
            if piece.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&std::mem::take(&mut text.line)).into_owned();
                text.keep(&line);
                self.journal.write_for(&self.plugin, Level::Info, &line);
            }
        }
    }
}

impl Text {
    fn keep(&mut self, line: &str) {
        // The form of the standard library: "thread '…' panicked at FILE:LINE:COLUMN:", then the message.
        if let Some(start) = line.find("panicked at ") {
            self.panic = vec![line.get(start..).unwrap_or_default().to_owned()];
        } else if (1..PANIC_LINES).contains(&self.panic.len()) && !line.starts_with("note: ") && !line.is_empty() {
            self.panic.push(line.to_owned());
        }
    }
}

impl IsTerminal for Captured {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Captured {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi_io::async_trait]
impl Pollable for Captured {
    async fn ready(&mut self) {}
}

impl OutputStream for Captured {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(1 << 16)
    }
}

impl AsyncWrite for Captured {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
