use std::io::{self, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Standard error for a call: it waits for a reader that is slow, and goes on without one that does not read.
///
/// A director may read nothing before the response is there; a full pipe must not hold the response back.
pub struct Stderr {
    /// What is left of the time that this process waits for its reader, all lines together.
    patience: Duration,
}

/// What a pipe takes without blocking when it says that it takes something.
const PIPE_BUF: usize = 4096;

impl Default for Stderr {
    fn default() -> Self {
        Self { patience: Duration::from_secs(2) }
    }
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stderr = io::stderr();
        let start = Instant::now();
        let timeout = Timespec::try_from(self.patience).unwrap_or_default();
        let ready = poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&timeout))?;
        self.patience = self.patience.saturating_sub(start.elapsed());
        if ready == 0 {
            // Left out, as if it had been written.
            return Ok(bytes.len());
        }
        stderr.lock().write(bytes.get(..PIPE_BUF).unwrap_or(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
