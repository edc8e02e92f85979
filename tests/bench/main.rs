//! `make bench`: what the host costs, beside what is wanted of it and beside a process that does nothing.
//!
//! Times differ from machine to machine and from hour to hour; ratios and instruction counts are what counts. Every
//! file here measures one thing. `make bench SAVE=1` keeps the instruction counts for later runs to be compared with.

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

use cpi_tests::test_plugins;
use report::Report;
use tempfile::TempDir;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => measure(false),
        ["save"] => measure(true),
        ["work", rest @ ..] => instructions::work(rest),
        other => eprintln!(
            "what is '{}'? Without arguments everything is measured, `save` keeps the counts",
            other.join(" ")
        ),
    }
}

fn measure(save: bool) {
    let mut report = Report::default();
    let folder = TempDir::new().expect("a folder");
    // First: its memory is told from that of other processes by being the largest.
    install::compile(&mut report, folder.path());
    install::load(&mut report, folder.path());
    one_shot::run(&mut report);
    create_vm::run(&mut report);
    instances::run(&mut report, test_plugins());
    egress::run(&mut report);
    fan_out::run(&mut report, test_plugins());
    kill::run(&mut report, test_plugins());
    images::run(&mut report);
    gate::run(&mut report);
    crowd::run(&mut report);
    instructions::run(&mut report, save);

    println!("\n{report}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("bench.md");
    std::fs::write(&file, report.to_string()).expect("the table can be written");
    println!("written to {}", file.display());
}
