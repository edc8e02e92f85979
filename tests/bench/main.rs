//! `make bench`: what the host costs, beside what is wanted of it and beside a process that does nothing.
//!
//! Times differ from machine to machine and from hour to hour; ratios and instruction counts are what counts. Every
//! file here measures one thing, and `make bench ONLY="gate egress"` runs those. `make bench SAVE=1` counts instructions, and
//! keeps the counts for later runs to be compared with.

#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people, which ends at the first surprise"
)]

mod baseline;
mod create_vm;
mod crowd;
mod egress;
mod fan_out;
mod gate;
mod images;
mod install;
mod instances;
mod instructions;
mod kill;
mod local;
mod one_shot;
mod process;
mod report;
mod series;
mod valgrind;

use std::path::Path;

use report::Report;

type Benchmark = (&'static str, fn(&mut Report));

/// What is measured, by the names of the files here, in this order: the compiler's memory is told from that of other
/// processes by being the largest.
const ALL: [Benchmark; 11] = [
    ("install", install::run),
    ("one_shot", one_shot::run),
    ("create_vm", create_vm::run),
    ("instances", instances::run),
    ("egress", egress::run),
    ("fan_out", fan_out::run),
    ("kill", kill::run),
    ("images", images::run),
    ("gate", gate::run),
    ("crowd", crowd::run),
    ("instructions", instructions::run),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => {
            let report = measure(&ALL);
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("bench.md");
            std::fs::write(&file, report.to_string()).expect("the table can be written");
            println!("written to {}", file.display());
        }
        ["save"] => _ = measure(&[("save", instructions::save)]),
        ["work", rest @ ..] => instructions::work(rest),
        names => {
            let chosen: Vec<_> = ALL.into_iter().filter(|(name, _)| names.contains(name)).collect();
            if chosen.len() == names.len() {
                measure(&chosen);
            } else {
                let known = ALL.map(|(name, _)| name).join(", ");
                eprintln!(
                    "what is '{}'? Without arguments everything is measured; there are: {known}",
                    names.join(" ")
                );
            }
        }
    }
}

fn measure(chosen: &[Benchmark]) -> Report {
    let mut report = Report::default();
    for (_, run) in chosen {
        run(&mut report);
    }
    println!("\n{report}");
    report
}
