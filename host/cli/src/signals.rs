use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cpi_protocol::CpiError;
use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};

/// The signals with which a system ends a process.
///
/// The first one ends what the process is doing, which then still answers. The second one ends the process at once,
/// whatever it is doing, by the signal's own default.
pub(crate) struct Signals {
    /// The number of the last one; zero for none.
    seen: Arc<AtomicUsize>,
    /// Readable as soon as one has come.
    wake: UnixStream,
}

const HEARD: [(i32, &str); 3] = [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT"), (SIGHUP, "SIGHUP")];

impl Signals {
    /// Hears them from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let (once, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for (signal, _) in HEARD {
            // In this order: the second signal finds what the first one has set.
            flag::register_conditional_default(signal, Arc::clone(&once))?;
            flag::register(signal, Arc::clone(&once))?;
            flag::register_usize(signal, Arc::clone(&seen), usize::try_from(signal).unwrap_or_default())?;
            pipe::register(signal, woken.try_clone()?)?;
        }
        Ok(Self { seen, wake })
    }

    /// Waits until there is something to read, or fails when a signal came first.
    pub(crate) fn wait_readable(&self, input: &impl AsFd) -> Result<(), CpiError> {
        loop {
            let mut ready = [PollFd::new(&self.wake, PollFlags::IN), PollFd::new(input, PollFlags::IN)];
            match poll(&mut ready, None) {
                Err(rustix::io::Errno::INTR) => continue,
                // What cannot be waited for can be read all the same, or says why not.
                Err(_) => return Ok(()),
                Ok(_) => {}
            }
            let [wake, input] = &ready;
            if !wake.revents().is_empty() {
                return Err(self.error("the request was not read to its end; nothing was begun"));
            }
            if !input.revents().is_empty() {
                return Ok(());
            }
        }
    }

    /// Waits for a signal; must be called inside a runtime.
    pub(crate) async fn received(&self) -> CpiError {
        let wake = self.wake.try_clone().and_then(tokio::net::UnixStream::from_std);
        match wake {
            Ok(wake) => match wake.readable().await {
                Ok(()) => self.error("what it had begun may be there: see `cpi-host orphans`"),
                Err(_) => std::future::pending().await,
            },
            // Without a descriptor to spare the call goes on; a second signal still ends it.
            Err(_) => std::future::pending().await,
        }
    }

    fn error(&self, state: &str) -> CpiError {
        let seen = self.seen.load(Ordering::SeqCst);
        let name = HEARD.into_iter().find(|(signal, _)| usize::try_from(*signal) == Ok(seen));
        let name = name.map_or("a signal", |(_, name)| name);
        CpiError::host(format!("the call was ended by {name}; {state}"))
    }
}
