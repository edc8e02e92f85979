//! A great number of something at once. Each tells how many there were when the host said no.

use std::collections::BTreeMap;
use std::time::Duration;

use cpi_plugin_sdk::bindings::bosh::cpi::intents;
use cpi_plugin_sdk::{Failure, clock, log, state};
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::found;

type Outcome = Result<(), Failure>;

/// Leases of different names, all of them held.
pub(crate) async fn leases(number: &str) -> Outcome {
    let mut held = Vec::new();
    for name in 0..count(number) {
        match state::acquire(format!("lease {name}"), 0).await {
            Ok(lease) => held.push(lease),
            Err(problem) => return found((held.len(), problem)),
        }
    }
    found((held.len(), "no limit"))
}

/// Waits for one lease that this very call holds.
pub(crate) async fn waits(number: &str) -> Outcome {
    let _held = state::acquire("held".to_owned(), 0).await;
    let waits: FuturesUnordered<_> = (0..count(number)).map(|_| state::acquire("held".to_owned(), u32::MAX)).collect();
    waits.for_each(async |_| ()).await;
    found("nobody held it")
}

/// Timers, all of them running.
pub(crate) async fn sleeps(number: &str) -> Outcome {
    let timers: FuturesUnordered<_> =
        (0..count(number)).map(|_| clock::sleep(Duration::from_millis(u32::MAX.into()))).collect();
    timers.collect::<Vec<_>>().await;
    found("slept")
}

/// Entries without a byte in them.
pub(crate) async fn entries(number: &str) -> Outcome {
    for name in 0..count(number) {
        if let Err(problem) = state::put(format!("entry {name}"), Vec::new(), 0).await {
            return found((name, problem));
        }
    }
    found("no limit")
}

/// Writes of a mebibyte each, none of them waited for, and how often each answer came.
pub(crate) async fn writes(number: &str) -> Outcome {
    let writes: FuturesUnordered<_> =
        (0..count(number)).map(|name| state::put(format!("write {name}"), vec![b'x'; 1 << 20], 0)).collect();
    let mut answers = BTreeMap::<String, usize>::new();
    for answer in writes.collect::<Vec<_>>().await {
        *answers.entry(format!("{:?}", answer.map(|_| ()))).or_default() += 1;
    }
    found(answers.into_iter().take(10).collect::<Vec<_>>())
}

/// Declares so many things with texts that would end lines of a record and turn the writing round, and tells how many
/// the host took and what it said of the others.
pub(crate) async fn intents(number: &str) -> Outcome {
    const ODD: &str = "x\n{\"removed\":{\"number\":0}}\n\u{1b}[31m\u{202e}FORGED";
    let mut refusals = BTreeMap::<String, usize>::new();
    let mut declared = 0;
    for (kind, key, note) in [
        ("", "key", "{}".to_owned()),
        ("vm", "", "{}".to_owned()),
        ("vm", "key", "no object".to_owned()),
        ("vm", "key", "[".repeat(100_000)),
        ("vm", "key", format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20))),
    ]
    .into_iter()
    .chain((0..count(number)).map(|_| (ODD, ODD, format!("{{\"a\":\"{}\"}}", "x".repeat(1000)))))
    {
        let intent = intents::Intent { kind: kind.to_owned(), key: key.to_owned(), note };
        match intents::begin(intent).await {
            Ok(pending) => {
                pending.created(ODD);
                declared += 1;
            }
            Err(problem) => *refusals.entry(problem).or_default() += 1,
        }
    }
    found((declared, refusals))
}

/// One message with so many fields.
pub(crate) fn fields(number: &str) -> Outcome {
    let fields: Vec<(&str, &str)> = (0..count(number)).map(|_| ("FORGED", "x")).collect();
    log::info("wide", &fields);
    Ok(())
}

fn count(number: &str) -> usize {
    number.parse().unwrap_or(1_000_000)
}
