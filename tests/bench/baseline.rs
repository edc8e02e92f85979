use std::collections::BTreeMap;
use std::fmt::{self, Display, Write};
use std::path::PathBuf;

use serde::Deserialize;

use crate::report::{cpu, first_line, locked};

/// Instruction counts of an earlier run, and what they depend on: `instructions.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    made_with: BTreeMap<String, String>,
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Baseline {
    pub(crate) fn of(valgrind: String, counts: &[(&str, u64)]) -> Self {
        let rustc = first_line("rustc", &["--version"]).unwrap_or_default();
        let made_with = [
            ("valgrind", valgrind),
            ("rustc", rustc),
            ("wasmtime", locked("wasmtime").unwrap_or_default()),
            // The C library chooses its copy routines by it.
            ("processor", cpu()),
        ];
        Self {
            made_with: made_with.map(|(tool, version)| (tool.to_owned(), version)).into(),
            counts: counts.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect(),
        }
    }

    /// The one that is kept; an empty one when there is none.
    pub(crate) fn read() -> Self {
        std::fs::read_to_string(file())
            .map_or_else(|_| Self::default(), |text| toml::from_str(&text).expect("a baseline"))
    }

    pub(crate) fn write(&self) {
        let mut text = String::from("# Kept by `make bench SAVE=1`; a later run is compared with it.\n\n[made_with]\n");
        for (tool, version) in &self.made_with {
            _ = writeln!(text, "{tool} = \"{version}\"");
        }
        text += "\n[counts]\n";
        for (what, count) in &self.counts {
            _ = writeln!(text, "\"{what}\" = {count}");
        }
        std::fs::write(file(), text).expect("the baseline can be written");
    }

    /// Whether a difference in counts is one of the program, and not of its tools.
    pub(crate) fn comparable(&self, other: &Self) -> bool {
        other.counts.is_empty() || self.made_with == other.made_with
    }
}

impl Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.made_with.iter().map(|(tool, version)| format!("{tool} {version}")).collect();
        f.write_str(&all.join(", "))
    }
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bench/instructions.toml")
}
