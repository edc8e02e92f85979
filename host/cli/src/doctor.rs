//! `cpi-host doctor`: whether a call would work, and if not, what to do about it.

use std::process::ExitCode;

use crate::{config, print};

mod cloud;
mod files;
mod finding;

use finding::Findings;

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    about: config::Options,
    /// Prints JSON for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn main(options: &Options) -> ExitCode {
    let mut findings = Findings::default();
    // What a step needs of the one before is missing when that one found a problem.
    if let Some(configured) = files::look(options, &mut findings) {
        cloud::look(&configured, &mut findings);
    }
    print::line(&if options.json { findings.json() } else { findings.text() });
    if findings.has_problem() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
