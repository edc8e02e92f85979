use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Times of one thing, measured again and again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series(Vec<Duration>);

impl Series {
    /// Measures the wall time of something so many times, after a tenth of that to warm up.
    pub(crate) fn of(times: usize, work: impl FnMut()) -> Self {
        let start = Instant::now();
        Self::by(|| start.elapsed(), times, work)
    }

    /// Measures the time that this thread computes: what others do on the machine matters less.
    pub(crate) fn of_cpu(times: usize, work: impl FnMut()) -> Self {
        Self::by(computed, times, work)
    }

    fn by(clock: impl Fn() -> Duration, times: usize, mut work: impl FnMut()) -> Self {
        (0..times / 10).for_each(|_| work());
        let mut once = || {
            let start = clock();
            work();
            clock().saturating_sub(start)
        };
        Self((0..times).map(|_| once()).collect())
    }

    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// The time that so many of a hundred do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut times = self.0.clone();
        times.sort_unstable();
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    /// Median and 99th percentile, for people.
    pub(crate) fn shown(&self) -> String {
        format!("p50 {}, p99 {}", shown(self.median()), shown(self.percentile(99)))
    }
}

/// CPU time of this thread.
pub(crate) fn computed() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("the system counts").into()
}

/// A time with three digits that matter.
pub(crate) fn shown(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = match seconds {
        _ if seconds >= 1.0 => (seconds, "s"),
        _ if seconds >= 1e-3 => (seconds * 1e3, "ms"),
        _ if seconds >= 1e-6 => (seconds * 1e6, "µs"),
        _ => (seconds * 1e9, "ns"),
    };
    let places = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.places$} {unit}")
}
