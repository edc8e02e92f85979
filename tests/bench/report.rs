use std::fmt::{self, Display, Write};
use std::process::Command;

use cpi_tests::dist;

/// What was measured, beside what is wanted.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
}

struct Line {
    id: &'static str,
    what: String,
    measured: String,
    target: String,
    met: Option<bool>,
}

impl Report {
    /// A figure with a target.
    pub(crate) fn target(&mut self, id: &'static str, what: &str, measured: impl Display, target: &str, met: bool) {
        self.add(id, what, measured, target, Some(met));
    }

    /// A figure to compare others with.
    pub(crate) fn note(&mut self, id: &'static str, what: &str, measured: impl Display) {
        self.add(id, what, measured, "", None);
    }

    fn add(&mut self, id: &'static str, what: &str, measured: impl Display, target: &str, met: Option<bool>) {
        let line = Line { id, what: what.to_owned(), measured: measured.to_string(), target: target.to_owned(), met };
        eprintln!("{:<4}{}: {}", line.id, line.what, line.measured);
        self.lines.push(line);
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\n| | what | measured | target | |\n| --- | --- | --- | --- | --- |", circumstances())?;
        for Line { id, what, measured, target, met } in &self.lines {
            let met = match met {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "",
            };
            writeln!(f, "| {id} | {what} | {measured} | {target} | {met} |")?;
        }
        Ok(())
    }
}

/// Machine, load and versions: what the figures depend on.
fn circumstances() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = read("/proc/loadavg");
    let load: Vec<_> = load.split_whitespace().take(3).collect();
    let size = |path: &str| std::fs::metadata(dist().join(path)).map_or(0, |facts| facts.len().div_ceil(1024));
    let mut text = String::new();
    _ = write!(
        text,
        "{cores} cores of {}, load {}, Linux {}; {}; wasmtime {}; cpi-host {} KiB",
        cpu(),
        load.join(" "),
        read("/proc/sys/kernel/osrelease").trim(),
        first_line("rustc", &["--version"]).unwrap_or_else(|| "rustc unknown".to_owned()),
        locked("wasmtime").unwrap_or_default(),
        size("cpi-host")
    );
    text
}

/// The processor's name.
pub(crate) fn cpu() -> String {
    let facts = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = facts.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    name.trim_start_matches(['\t', ' ', ':']).to_owned()
}

/// The first line that a program prints; `None` when there is no such program.
pub(crate) fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.lines().next().map(str::to_owned)
}

/// The version of a crate that the program is made with.
pub(crate) fn locked(crate_name: &str) -> Option<String> {
    let lines = include_str!("../../Cargo.lock");
    let (_, after) = lines.split_once(&format!("name = \"{crate_name}\"\nversion = \""))?;
    after.split('"').next().map(str::to_owned)
}
