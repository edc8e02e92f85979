//! A hundred thousand requests near valid ones, each to a process of its own: every one is answered as the protocol
//! wants it, whatever it holds.
//!
//! `FUZZ_REQUESTS` and `FUZZ_SEED` change the number of requests and repeat a run.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests end at the first thing that is not as it should be"
)]

mod damage;
mod edit;
mod input;
mod target;
mod values;
mod verdict;
mod watchdog;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::thread;
use std::time::Instant;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use cpi_tests::note;
use target::Target;
use watchdog::Watchdog;

/// One for each of the two cores that the run is made for.
const WORKERS: u32 = 2;

/// How often each kind of answer came: `result`, or the type of the error.
type Answers = BTreeMap<String, u32>;

#[test]
fn every_request_is_answered() {
    let requests: u32 = setting("FUZZ_REQUESTS").unwrap_or(100_000);
    let seed: u64 = setting("FUZZ_SEED").unwrap_or_else(rand_seed);
    note(&format!("fuzz: {requests} requests, FUZZ_SEED={seed}"));
    let (start, watchdog) = (Instant::now(), Watchdog::start());
    let outcomes: Vec<_> = thread::scope(|scope| {
        let run = |worker| run(seed, worker, requests / WORKERS, &watchdog);
        let workers: Vec<_> = (0..WORKERS).map(|worker| scope.spawn(move || run(worker))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker ends")).collect()
    });
    let mut answers = Answers::new();
    for outcome in outcomes {
        match outcome {
            Ok(more) => more.into_iter().for_each(|(kind, count)| *answers.entry(kind).or_default() += count),
            Err(failure) => panic!("{failure}\nFUZZ_SEED={seed} FUZZ_REQUESTS={requests} repeats it"),
        }
    }
    let answered: u32 = answers.values().sum();
    note(&format!("fuzz: {answered} requests answered in {:.0} s: {answers:?}", start.elapsed().as_secs_f64()));
    assert_eq!(answered, requests / WORKERS * WORKERS);
    // Requests that all fail at the first check would prove nothing about what lies behind it.
    assert!(answers.get("result").is_some_and(|results| results * 10 > answered), "{answers:?}");
}

/// One worker's share, in an order that the seed decides.
fn run(seed: u64, worker: u32, requests: u32, watchdog: &Watchdog) -> Result<Answers, String> {
    let config = Config {
        cases: requests,
        failure_persistence: None,
        max_shrink_iters: 300,
        max_shrink_time: 60_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..12].copy_from_slice(&worker.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let target = Target::new(watchdog);
    let outcome = runner.run(&input::strategy(), |input| target.send(&input).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => Ok(target.answers()),
        Err(TestError::Fail(reason, input)) => {
            Err(format!("worker {worker}: {reason}\nthe shortest such input: {}", input.escape_ascii()))
        }
        Err(TestError::Abort(reason)) => Err(format!("worker {worker}: {reason}")),
    }
}

fn setting<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, got '{text}'")))
}

/// Another run tries other requests.
fn rand_seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |time| time.as_secs())
}
