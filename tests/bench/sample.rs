use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// One process from start to end.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// From before it is started until it has ended and its output is read.
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
}

/// Samples of one contender.
#[derive(Default)]
pub(crate) struct Series(Vec<Sample>);

/// Runs a process with an input.
pub(crate) fn take(mut command: Command, input: &[u8]) -> Sample {
    let before = children();
    let start = Instant::now();
    let mut child = command.spawn().expect("the program starts");
    // A process that reads nothing may have ended already.
    _ = child.stdin.take().expect("a pipe").write_all(input);
    let output = child.wait_with_output().expect("the end of the program");
    let wall = start.elapsed();
    assert!(output.status.success(), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("\"error\":{"), "{output:?}");
    Sample { wall, cpu: children().saturating_sub(before) }
}

impl Series {
    pub(crate) fn push(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    /// Median of wall and of CPU time, each for itself.
    pub(crate) fn median(&mut self) -> Sample {
        let wall = self.percentile(50);
        self.0.sort_by_key(|sample| sample.cpu);
        Sample { wall, cpu: self.0.get(self.0.len() / 2).map_or(Duration::ZERO, |sample| sample.cpu) }
    }

    /// The wall time that so many of a hundred do not exceed.
    pub(crate) fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort_by_key(|sample| sample.wall);
        let index = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(index).map_or(Duration::ZERO, |sample| sample.wall)
    }
}

/// CPU time of all children that have ended.
fn children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts");
    let time = |value: nix::sys::time::TimeVal| {
        Duration::new(value.tv_sec().unsigned_abs(), 0) + Duration::from_micros(value.tv_usec().unsigned_abs())
    };
    time(usage.user_time()) + time(usage.system_time())
}
