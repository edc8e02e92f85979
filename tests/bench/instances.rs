//! A fresh instance for every call.

use std::time::Duration;

use cpi_tests::test_plugins;
use futures_util::future::join_all;
use serde_json::json;

use crate::local::{Local, Ready, runtime};
use crate::report::Report;
use crate::series::{Series, computed, shown};

/// No endpoint is asked for anything.
const NOWHERE: &str = "http://127.0.0.1:9/";

pub(crate) fn run(report: &mut Report) {
    let local = Local::hostile(test_plugins(), NOWHERE, "");
    let runtime = runtime();
    let ready = Ready::trick("ok");
    let alone =
        Series::of_cpu(5_000, || assert_eq!(runtime.block_on(local.run(&ready)).expect("an answer"), json!(true)));
    let met = alone.median() <= Duration::from_micros(40) && alone.percentile(99) <= Duration::from_micros(200);
    report.target(
        "B3",
        "fresh instance, call and drop, one at a time; CPU time",
        alone.shown(),
        "p50 ≤ 40 µs, p99 ≤ 200 µs",
        met,
    );

    let together = [1, 8, 64, 512].map(|number| (number, runtime.block_on(at_once(&local, number))));
    let [_, (_, few), _, (_, most)] = together;
    let figures: Vec<_> = together.iter().map(|(number, each)| format!("{number}: {}", shown(*each))).collect();
    report.target(
        "B3",
        "as many instances at once, each waits 20 ms; CPU time of each call",
        figures.join(", "),
        "at 512 ≤ 1.5 × that at 8",
        most <= few * 3 / 2,
    );
}

/// What each of so many calls computes that are all there at the same time.
async fn at_once(local: &Local, number: u32) -> Duration {
    let ready = Ready::trick("naps:1");
    let mut series = Series::default();
    for _ in 0..(2_000 / number).clamp(10, 50) {
        let before = computed();
        for answer in join_all((0..number).map(|_| local.run(&ready))).await {
            assert_eq!(answer.expect("an answer"), json!(true));
        }
        series.push(computed().saturating_sub(before) / number);
    }
    series.median()
}
