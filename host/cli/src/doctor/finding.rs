use std::fmt::Write;

use cpi_protocol::printable;
use serde::Serialize;

/// What was looked at, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

#[derive(Debug, Serialize)]
struct Finding {
    verdict: Verdict,
    subject: &'static str,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Problem,
}

/// Longer texts are a plugin's or an endpoint's, and say nothing more.
const LONGEST: usize = 2000;

impl Findings {
    /// As it should be.
    pub(super) fn ok(&mut self, subject: &'static str, text: impl AsRef<str>) {
        self.add(Verdict::Ok, subject, text.as_ref());
    }

    /// Calls work, but not as somebody may expect; the text says how to mend it.
    pub(super) fn warning(&mut self, subject: &'static str, text: impl AsRef<str>) {
        self.add(Verdict::Warning, subject, text.as_ref());
    }

    /// Calls do not work; the text says how to mend it.
    pub(super) fn problem(&mut self, subject: &'static str, text: impl AsRef<str>) {
        self.add(Verdict::Problem, subject, text.as_ref());
    }

    /// What went well, or the problem that it was.
    pub(super) fn keep<T>(&mut self, subject: &'static str, outcome: Result<T, impl ToString>) -> Option<T> {
        outcome.map_err(|problem| self.problem(subject, problem.to_string())).ok()
    }

    pub(super) fn has_problem(&self) -> bool {
        self.0.iter().any(|finding| finding.verdict == Verdict::Problem)
    }

    pub(super) fn json(&self) -> String {
        let document = serde_json::json!({"ok": !self.has_problem(), "findings": self.0});
        format!("{document:#}")
    }

    /// A line for each, and one for all.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for Finding { verdict, subject, text: found } in &self.0 {
            let verdict = match verdict {
                Verdict::Ok => "ok",
                Verdict::Warning => "warning",
                Verdict::Problem => "problem",
            };
            // Writing to a text cannot fail.
            _ = writeln!(text, "{verdict:<8} {subject:<13} {found}");
        }
        let count = |wanted| self.0.iter().filter(|finding| finding.verdict == wanted).count();
        let (warnings, problems) = (count(Verdict::Warning), count(Verdict::Problem));
        text + &match (problems, warnings) {
            (0, 0) => "Everything is as it should be.".to_owned(),
            (0, warnings) => format!("Calls should work; {warnings} warning(s)."),
            (problems, warnings) => format!("{problems} problem(s), {warnings} warning(s)."),
        }
    }

    fn add(&mut self, verdict: Verdict, subject: &'static str, text: &str) {
        self.0.push(Finding { verdict, subject, text: printable(text, LONGEST) });
    }
}
