//! Every attack of the threat model, each by a real malicious component or a hostile server, against the real program.
//!
//! Where the machine allows it, everything runs in a network of its own in which every address leads back here: see
//! `isolated.rs`.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests end at the first thing that is not as it should be"
)]

use std::process::ExitCode;

use cpi_tests::coverage::{self, Case, Check};

mod accounts;
mod altered;
mod answers;
mod archives;
mod code;
mod egress;
mod endless;
mod files;
mod isolated;
mod names;
mod output;
mod protocol;
mod resources;
mod results;
mod scene;
mod secrets;
mod signing;
mod start;
mod state;
mod tls;
mod uploads;

fn main() -> ExitCode {
    if let Some(ended) = isolated::run_again() {
        return ended;
    }
    let tables = [
        egress::CASES,
        names::CASES,
        tls::CASES,
        signing::CASES,
        resources::CASES,
        start::CASES,
        answers::CASES,
        endless::CASES,
        results::CASES,
        secrets::CASES,
        output::CASES,
        files::CASES,
        archives::CASES,
        uploads::CASES,
        accounts::CASES,
        code::CASES,
        state::CASES,
        protocol::CASES,
        LATER,
    ];
    let mut cases: Vec<_> = tables.concat().into_iter().map(isolated::possible).collect();
    cases.sort_by_key(|case| case.id);
    coverage::run("Attacks", &cases, None)
}

/// A covered case.
const fn case(section: &'static str, id: &'static str, text: &'static str, check: fn()) -> Case {
    Case { id, section, text, check: Check::Covered(check) }
}

const fn later(section: &'static str, id: &'static str, text: &'static str, reason: &'static str) -> Case {
    Case { id, section, text, check: Check::NotYet(reason) }
}

/// Attacks on parts that this program does not have.
const LATER: &[Case] = &[
    later("secrets and logs", "A32", "metric labels without number", "the host has no metrics"),
    later("code and supply chain", "A40", "a registry that sends other code", "plugins are installed from files only"),
    later("code and supply chain", "A41", "signatures of look-alikes, and rollback", "plugins are not signed yet"),
    later("tenants", "A43", "a tenant that says it is another", "there is no server: one process serves one call"),
    later("tenants", "A45", "what a call leaves in memory", "there is no server: one process serves one call"),
    later("tenants", "A46", "connections shared by tenants", "there is no server: one process serves one call"),
    later("tenants", "A47", "a noisy neighbour", "there is no server: one process serves one call"),
];
