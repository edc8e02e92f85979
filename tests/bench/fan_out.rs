//! Many requests of one instance at the same time.

use std::time::Duration;

use cpi_tests::{Endpoint, test_plugins};

use crate::local::{Local, Ready, runtime};
use crate::report::Report;
use crate::series::{Series, shown};

const EACH: Duration = Duration::from_millis(20);

pub(crate) fn run(report: &mut Report) {
    let endpoint = Endpoint::slow(EACH, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let local = Local::hostile(test_plugins(), &endpoint.url(), "");
    let (runtime, ready) = (runtime(), Ready::trick("fan-out:10"));
    let series = Series::of(50, || _ = runtime.block_on(local.run(&ready)).expect("an answer"));
    let median = series.median();
    let measured = format!("{}; one after the other would be {}", series.shown(), shown(EACH * 10));
    let met = median <= Duration::from_millis(25);
    report.target("B5", "10 requests of 20 ms in one instance, connections and all", measured, "p50 ≤ 25 ms", met);
}
