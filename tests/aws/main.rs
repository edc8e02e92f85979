//! What the Ruby CPI does in AWS, row by row, and what its users ask for: each against the real program and component.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests end at the first thing that is not as it should be"
)]

use std::process::ExitCode;

use cpi_tests::coverage::{self, Case, Check};

mod calls;
mod capacity;
mod configuration;
mod create_vm;
mod disks;
mod eventually;
mod faults;
mod launch_disks;
mod load_balancers;
mod networks;
mod requests;
mod stemcells;
mod vms;
mod waits;
mod world;

/// The rows. A number that is left out of a table would else not be missed.
const ROWS: usize = 77;

/// Most cases wait for moto, or for time to pass.
const THREADS: usize = 14;

fn main() -> ExitCode {
    let mut cases = [
        configuration::CASES,
        stemcells::CASES,
        create_vm::CASES,
        load_balancers::CASES,
        networks::CASES,
        launch_disks::CASES,
        vms::CASES,
        disks::CASES,
        calls::CASES,
    ]
    .concat();
    cases.sort_by_key(|case| case.id);
    let wanted = (1..=ROWS).map(|number| format!("A{number:02}"));
    assert!(wanted.eq(cases.iter().map(|case| case.id.to_owned())), "the table does not have every row once");
    cases.extend_from_slice(capacity::CASES);
    // They take longest, so they begin first.
    cases.splice(..0, faults::CASES.iter().copied());
    cases.extend_from_slice(eventually::CASES);
    cases.extend_from_slice(waits::CASES);
    cases.extend(requests::CASES);
    let outcome = coverage::run("plugin aws", &cases, Some(THREADS));
    world::stop();
    for told in [requests::table(), faults::summary()] {
        say(&told);
    }
    outcome
}

const fn row(id: &'static str, section: &'static str, text: &'static str, run: fn()) -> Case {
    Case { id, section, text, check: Check::Covered(run) }
}

/// Nothing where a filter left the case out.
#[expect(clippy::print_stdout, reason = "this is what a test program is for")]
fn say(text: &str) {
    if !text.is_empty() {
        println!("{text}");
    }
}
