//! Memory of many processes at once.

use cpi_tests::Crowd;

use crate::report::Report;

const PROCESSES: usize = 64;

/// The highest of one process of the Ruby CPI for AWS, as recorded elsewhere.
const RUBY_MIB: u64 = 86;

pub(crate) fn run(report: &mut Report) {
    let crowd = Crowd::gather(PROCESSES);
    let mib = crowd.memory() >> 20;
    assert!(crowd.let_go().iter().all(|answer| answer.result() == false));
    let most = PROCESSES as u64 * RUBY_MIB / 10;
    let what =
        "memory of 64 calls of the AWS plugin that wait at once, beside 64 × 86 MiB of Ruby (recorded elsewhere)";
    report.target(
        "64",
        what,
        format!("{mib} MiB, {} KiB each", mib * 1024 / PROCESSES as u64),
        &format!("≤ {most} MiB"),
        mib <= most,
    );
}
