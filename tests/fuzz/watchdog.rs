use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Far more than any answer takes, on a busy machine as well.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Ends processes that do not end, so that a request that hangs the program is a failure and not a run without end.
pub(crate) struct Watchdog(Arc<Processes>);

/// Until when each may run.
type Processes = Mutex<BTreeMap<u32, Instant>>;

/// A process that is watched as long as this lives.
pub(crate) struct Watched<'a> {
    processes: &'a Processes,
    id: u32,
}

impl Watchdog {
    pub(crate) fn start() -> Self {
        let processes = Arc::<Processes>::default();
        let weak = Arc::downgrade(&processes);
        thread::spawn(move || {
            while let Some(()) = look(&weak) {
                thread::sleep(Duration::from_secs(1));
            }
        });
        Self(processes)
    }

    pub(crate) fn watch(&self, id: u32, patience: Duration) -> Watched<'_> {
        self.0.lock().expect("no panic").insert(id, Instant::now() + patience);
        Watched { processes: &self.0, id }
    }
}

fn look(processes: &Weak<Processes>) -> Option<()> {
    let processes = processes.upgrade()?;
    for (id, until) in &*processes.lock().expect("no panic") {
        if Instant::now() > *until {
            _ = kill(Pid::from_raw(i32::try_from(*id).expect("a process id")), Signal::SIGKILL);
        }
    }
    Some(())
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.processes.lock().expect("no panic").remove(&self.id);
    }
}
