use std::process::ExitCode;

/// Limits that the parent chose.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Address space in bytes.
    memory: u64,
    /// Seconds of computing.
    cpu: u64,
}

#[expect(clippy::print_stderr, reason = "the parent reads it")]
pub(crate) fn main(options: &Options) -> ExitCode {
    match cpi_catalog::compiler::child(options.memory, options.cpu) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("cpi-host: {problem}");
            ExitCode::FAILURE
        }
    }
}
