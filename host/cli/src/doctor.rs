//! `cpi-host doctor`: whether a call would work, and if not, what to do about it.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::HostOptions;

mod cloud;
mod files;
mod finding;

use finding::Findings;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The provider's configuration (JSON), as the BOSH job renders it.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Properties of a CPI configuration (a JSON object), as the director would send them.
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,
    #[command(flatten)]
    host: HostOptions,
    /// Prints JSON for programs.
    #[arg(long)]
    json: bool,
}

#[expect(clippy::print_stdout, reason = "this command talks to a person")]
pub(crate) fn main(options: &Options) -> ExitCode {
    let mut findings = Findings::default();
    // What a step needs of the one before is missing when that one found a problem.
    if let Some(configured) = files::look(options, &mut findings) {
        cloud::look(&configured, &mut findings);
    }
    println!("{}", if options.json { findings.json() } else { findings.text() });
    if findings.has_problem() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
