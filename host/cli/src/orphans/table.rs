use std::time::SystemTime;

use cpi_broker::Ended;
use cpi_protocol::printable;
use serde_json::{Value, json};

use super::Report;
use super::found::{Found, State};

const HEADINGS: [&str; 8] = ["AGE", "DIRECTOR", "REQUEST", "METHOD", "CALL", "KIND", "ID OR KEY", "STATE"];

/// Characters of a column.
const CELL: usize = 60;

impl Report {
    /// Whether something could not be found out or done.
    pub(super) fn is_troubled(&self) -> bool {
        !self.unread.is_empty() || self.found.iter().any(|found| matches!(found.state, State::Unknown(_)))
    }

    /// For programs.
    pub(super) fn json(&self) -> String {
        let orphans: Vec<_> = self.found.iter().map(Found::json).collect();
        json!({"orphans": orphans, "calls_under_way": self.under_way, "unread": self.unread}).to_string()
    }

    /// For people: a table, and what to do about it.
    pub(super) fn table(&self) -> String {
        let mut lines = match (self.found.is_empty(), self.unread.is_empty()) {
            (false, _) => self.rows(),
            (true, true) => vec!["Nothing is left behind.".to_owned()],
            (true, false) => vec!["Nothing is left behind as far as the records can be read.".to_owned()],
        };
        for found in &self.found {
            if let State::Unknown(problem) = &found.state {
                lines.push(format!("{}: {}", name(found), printable(problem, 2000)));
            }
        }
        lines.extend(self.elsewhere());
        let has = |wanted: &str| self.found.iter().any(|found| found.state.name() == wanted);
        if has("kept") {
            lines.push(
                "Kept: the call was killed while it was answering, so its caller may know of this and use it. If the \
                 director does not know it, remove it with --delete --answered."
                    .to_owned(),
            );
        }
        if has("resumable") {
            lines.push(
                "Resumable: the same call again, such as `bosh upload-stemcell` of the same stemcell, resumes this. To \
                 give it up, remove it with --delete --uploads."
                    .to_owned(),
            );
        }
        if has("there") || has("gone") {
            lines.push("--delete removes what is there, and forgets what is gone.".to_owned());
        }
        if self.under_way > 0 {
            lines.push(format!("{} call(s) are running; what they create is not listed.", self.under_way));
        }
        lines.extend(self.unread.clone());
        lines.join("\n")
    }

    /// How to get at what was made with other settings, once for each of these.
    fn elsewhere(&self) -> Vec<String> {
        let elsewhere = self.found.iter().filter(|found| matches!(found.state, State::Elsewhere));
        let mut lines = Vec::new();
        for found in elsewhere {
            let settings = printable(&Value::Object(found.origin.configuration.clone()).to_string(), 2000);
            let line = format!(
                "Created with other settings: {settings}. Look at it with --config or --context of a configuration that \
                 has them, or with --other-settings if these reach the same account."
            );
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    fn rows(&self) -> Vec<String> {
        let rows: Vec<_> = self.found.iter().map(row).collect();
        let mut widths = HEADINGS.map(str::len);
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |cells: &[String; 8]| {
            let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            padded.join("  ").trim_end().to_owned()
        };
        [HEADINGS.map(str::to_owned)].iter().chain(&rows).map(line).collect()
    }
}

fn row(found: &Found) -> [String; 8] {
    let Found { origin, ended, left, state } = found;
    let cell = |text: &str| printable(text, CELL);
    [
        age(&left.at),
        cell(&origin.director),
        cell(origin.request_id.as_deref().unwrap_or("-")),
        cell(&origin.method),
        match ended {
            Ended::Killed => "killed",
            Ended::Failed(_) => "failed",
            Ended::Answering => "killed while answering",
        }
        .to_owned(),
        cell(&left.intent.kind),
        end(left.id.as_deref().unwrap_or(&left.intent.key)),
        state_of(found, state),
    ]
}

/// The end of a long identifier: it is there that those of a cloud differ.
fn end(id: &str) -> String {
    let id = printable(id, 2000);
    let cut = id.chars().count().saturating_sub(CELL);
    if cut == 0 { id } else { format!("…{}", id.chars().skip(cut + 1).collect::<String>()) }
}

fn state_of(found: &Found, state: &State) -> String {
    let known = found.left.id.iter().collect::<Vec<_>>();
    let ids = state.ids();
    if ids.is_empty() || ids.iter().collect::<Vec<_>>() == known {
        return state.name().to_owned();
    }
    let ids: Vec<_> = ids.iter().map(|id| end(id)).collect();
    printable(&format!("{}: {}", state.name(), ids.join(", ")), 200)
}

fn name(found: &Found) -> String {
    let id = found.left.id.as_deref().unwrap_or(&found.left.intent.key);
    printable(&format!("{} {id}", found.left.intent.kind), 300)
}

/// In the largest unit that fits; the moment itself when the clock went back.
fn age(at: &str) -> String {
    let since = humantime::parse_rfc3339(at).ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    let Some(age) = since.map(|age| age.as_secs()) else { return printable(at, 40) };
    match age {
        0..60 => format!("{age}s"),
        60..3600 => format!("{}m", age / 60),
        3600..86_400 => format!("{}h", age / 3600),
        _ => format!("{}d", age / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn ages_are_short() {
        let ago = |seconds| humantime::format_rfc3339(SystemTime::now() - Duration::from_secs(seconds)).to_string();
        let ages: Vec<_> = [5, 125, 7200, 200_000].into_iter().map(|seconds| age(&ago(seconds))).collect();
        assert_eq!(ages, ["5s", "2m", "2h", "2d"]);
        assert_eq!(age("no time"), "no time");
    }

    #[test]
    fn of_a_long_identifier_the_end_is_shown() {
        let id = format!("/subscriptions/{}/virtualMachines/vm-1", "s".repeat(60));
        let shown = end(&id);
        assert_eq!(shown.chars().count(), CELL);
        assert!(shown.starts_with("…s") && shown.ends_with("/virtualMachines/vm-1"));
        assert_eq!(end("i-1"), "i-1");
    }
}
