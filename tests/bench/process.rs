use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

use crate::series::Series;

/// One thing to run, often: a process with an input.
pub(crate) struct Contender {
    name: String,
    command: Box<dyn Fn() -> Command>,
    input: String,
    pub(crate) wall: Series,
    /// User and system time.
    pub(crate) cpu: Series,
}

impl Contender {
    pub(crate) fn new(name: &str, command: impl Fn() -> Command + 'static, input: String) -> Self {
        let (wall, cpu) = (Series::default(), Series::default());
        Self { name: name.to_owned(), command: Box::new(command), input, wall, cpu }
    }

    /// A process that does nothing.
    pub(crate) fn nothing() -> Self {
        let command = || {
            let mut command = Command::new("/bin/true");
            command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        };
        Self::new("/bin/true", command, String::new())
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn take(&mut self) {
        let before = cpu_of_children();
        let start = Instant::now();
        let mut child = (self.command)().spawn().expect("the program starts");
        // A process that reads nothing may have ended already.
        _ = child.stdin.take().expect("a pipe").write_all(self.input.as_bytes());
        let output = child.wait_with_output().expect("the end of the program");
        self.wall.push(start.elapsed());
        self.cpu.push(cpu_of_children().saturating_sub(before));
        assert!(output.status.success(), "{output:?}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("\"error\":{"), "{output:?}");
    }
}

/// Runs each contender once a round, so that a busy moment of the machine is shared by all.
pub(crate) fn compete(contenders: &mut [Contender], rounds: usize) {
    for round in 0..=rounds {
        for contender in &mut *contenders {
            contender.take();
            // The first round fills the caches of the machine.
            if round == 0 {
                (contender.wall, contender.cpu) = (Series::default(), Series::default());
            }
        }
    }
}

/// The largest size in memory that any process had that was started here and has ended, in bytes.
pub(crate) fn peak_of_children() -> u64 {
    usage().max_rss().unsigned_abs() << 10
}

/// CPU time of all children that have ended.
pub(crate) fn cpu_of_children() -> Duration {
    let time = |value: nix::sys::time::TimeVal| {
        Duration::new(value.tv_sec().unsigned_abs(), 0) + Duration::from_micros(value.tv_usec().unsigned_abs())
    };
    let usage = usage();
    time(usage.user_time()) + time(usage.system_time())
}

fn usage() -> nix::sys::resource::Usage {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts")
}
