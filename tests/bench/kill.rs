//! How soon a plugin that takes too much is ended.

use std::time::{Duration, Instant};

use cpi_tests::{Endpoint, test_plugins};

use crate::local::{Local, Ready, runtime};
use crate::report::Report;
use crate::series::{Series, computed};

const LIMIT: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_millis(25);
const ROUNDS: usize = 20;

pub(crate) fn run(report: &mut Report) {
    let endpoint = Endpoint::hanging();
    let ended = |limits: &str, trick: &str, limit: Duration, clock: &dyn Fn() -> Duration| {
        let local = Local::hostile(test_plugins(), &endpoint.url(), limits);
        let (runtime, ready) = (runtime(), Ready::trick(trick));
        let mut late = Series::default();
        for _ in 0..ROUNDS {
            let start = clock();
            let outcome = runtime.block_on(local.run(&ready));
            late.push(clock().saturating_sub(start).saturating_sub(limit));
            assert!(outcome.is_err(), "{trick}: {outcome:?}");
        }
        late
    };
    let zero = Instant::now();
    let wall = || zero.elapsed();
    let request = format!("http:{}/open/x", endpoint.url());
    let cases = [
        ("computing without end: CPU time past [limits] cpu", ended("cpu = \"100ms\"", "loop", LIMIT, &computed)),
        ("waiting without end: past [limits] wall", ended(WALL, "sleep", LIMIT, &wall)),
        ("a request without an answer: past [limits] wall", ended(WALL, &request, LIMIT, &wall)),
        // From the start: it fills what it may have first.
        ("memory without end: CPU time", ended("memory = \"8MiB\"", "memory", Duration::ZERO, &computed)),
    ];
    for (what, late) in cases {
        report.target("B10", &format!("ended: {what}"), late.shown(), "≤ 25 ms", late.median() <= MOST);
    }
}

const WALL: &str = "wall = { default = \"100ms\" }";
