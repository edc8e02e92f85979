//! Tables of statements, each with a test or with the reason why there is none.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};

/// One statement of a table.
#[derive(Clone, Copy)]
pub struct Case {
    /// A letter or word for the section, and the number in it: `P03`.
    pub id: &'static str,
    /// What the section is about: `Process and streams`.
    pub section: &'static str,
    /// The statement, in a few words.
    pub text: &'static str,
    /// How it is checked.
    pub check: Check,
}

/// Whether a statement is tested.
#[derive(Clone, Copy)]
pub enum Check {
    /// Panics when the statement is not true.
    Covered(fn()),
    /// Not tested, because of this.
    NotYet(&'static str),
}

/// Runs the statements as tests of libtest's kind, with its arguments and filters, and prints after them how many of
/// each section were seen to hold, and every one that has no test, with the reason. `threads` is how many run at once
/// when nobody says; one for each processor by default.
pub fn run(title: &str, cases: &[Case], threads: Option<usize>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(threads);
    let mistakes = mistakes(cases);
    let held = Arc::<Mutex<BTreeSet<&'static str>>>::default();
    let conclusion = libtest_mimic::run(&arguments, cases.iter().map(|case| trial(*case, Arc::clone(&held))).collect());
    if !arguments.list {
        print(title, cases, &held.lock().expect("no panic"));
    }
    for mistake in &mistakes {
        say(&format!("mistake in the table: {mistake}"));
    }
    if mistakes.is_empty() { conclusion.exit_code() } else { ExitCode::FAILURE }
}

impl Case {
    fn reason(&self) -> Option<&'static str> {
        match self.check {
            Check::Covered(_) => None,
            Check::NotYet(reason) => Some(reason),
        }
    }
}

fn trial(case: Case, held: Arc<Mutex<BTreeSet<&'static str>>>) -> Trial {
    let run = move || match case.check {
        Check::Covered(test) => {
            test();
            held.lock().expect("no panic").insert(case.id);
            Ok(())
        }
        Check::NotYet(reason) => Err(Failed::from(format!("not yet: {reason}"))),
    };
    Trial::test(format!("{} {}", case.id, case.text), run).with_ignored_flag(case.reason().is_some())
}

/// A number given twice, and a reason that says nothing.
fn mistakes(cases: &[Case]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let twice = cases.iter().filter(|case| !seen.insert(case.id)).map(|case| format!("{} stands there twice", case.id));
    let silent = cases.iter().filter(|case| case.reason().is_some_and(|reason| reason.trim().is_empty()));
    let silent = silent.map(|case| format!("{} has neither a test nor a reason", case.id));
    twice.chain(silent).collect()
}

fn print(title: &str, cases: &[Case], held: &BTreeSet<&'static str>) {
    say(&format!("{title:<40} {:>10} {:>7} {:>8} {:>8}", "statements", "tested", "held now", "not yet"));
    let row = |name: &str, among: &dyn Fn(&Case) -> bool| {
        let count = |which: &dyn Fn(&Case) -> bool| cases.iter().filter(|case| among(case) && which(case)).count();
        let (all, not_yet) = (count(&|_| true), count(&|case| case.reason().is_some()));
        let held = count(&|case| held.contains(case.id));
        say(&format!("{name:<40} {all:>10} {:>7} {held:>8} {not_yet:>8}", all - not_yet));
    };
    let mut sections = Vec::new();
    for case in cases {
        if !sections.contains(&case.section) {
            sections.push(case.section);
        }
    }
    for section in sections {
        row(section, &|case| case.section == section);
    }
    row("all", &|_| true);
    for case in cases {
        if let Some(reason) = case.reason() {
            say(&format!("not yet: {} {}: {reason}", case.id, case.text));
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is what a test program is for")]
fn say(line: &str) {
    println!("{line}");
}
