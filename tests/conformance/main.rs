//! The protocol, statement by statement: each runs against the real program and real components.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests end at the first thing that is not as it should be"
)]

use std::process::ExitCode;

use cpi_tests::coverage;

mod agent;
mod context;
mod errors;
mod logging;
mod methods;
mod methods_aws;
mod process;
mod release;
mod requests;
mod responses;
mod support;
mod versions;

/// How many statements each section has. A number that is left out of a table would else not be missed.
const SECTIONS: [(&str, usize); 10] =
    [("P", 19), ("R", 19), ("S", 9), ("E", 11), ("V", 12), ("M", 42), ("A", 8), ("C", 6), ("L", 4), ("B", 10)];

fn main() -> ExitCode {
    let mut cases = [
        process::CASES,
        requests::CASES,
        responses::CASES,
        errors::CASES,
        versions::CASES,
        methods::CASES,
        methods_aws::CASES,
        agent::CASES,
        context::CASES,
        logging::CASES,
        release::CASES,
    ]
    .concat();
    let rank = |id: &str| SECTIONS.iter().position(|(letter, _)| id.starts_with(letter));
    cases.sort_by_key(|case| (rank(case.id), case.id));
    let wanted =
        SECTIONS.iter().flat_map(|(letter, last)| (1..=*last).map(move |number| format!("{letter}{number:02}")));
    assert!(wanted.eq(cases.iter().map(|case| case.id.to_owned())), "the table does not have every statement once");
    let outcome = coverage::run("conformance", &cases, None);
    support::cloud::stop();
    outcome
}
