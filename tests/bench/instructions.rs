//! Instruction counts: the same from run to run, so a change of two per cent shows.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use cpi_tests::{Host, component, dist, request};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::baseline::Baseline;
use crate::egress::Sender;
use crate::local::{Local, Ready, runtime};
use crate::report::{Report, first_line};
use crate::valgrind;

/// What of a count may change without being marked, in per cent.
const NOISE: f64 = 2.0;

/// How often something is done in a process, in one run and in another: the difference leaves the process itself out.
const FEW: u64 = 20;
const MANY: u64 = 120;

pub(crate) fn run(report: &mut Report) {
    _ = counted(report);
}

/// The same, and keeps the counts.
pub(crate) fn save(report: &mut Report) {
    if let Some(counts) = counted(report) {
        counts.write();
    }
}

fn counted(report: &mut Report) -> Option<Baseline> {
    let Some(version) = first_line("valgrind", &["--version"]) else {
        report.note("B13", "instruction counts", "skipped: there is no valgrind (a package of that name)");
        return None;
    };
    let plugins = TempDir::new().expect("a folder");
    install(plugins.path());
    let folder = plugins.path().to_str().expect("a path of text");
    let host = Host::hostile(NOWHERE).with_settings(&format!("plugins = '{folder}'\n"));
    let counts = [
        ("one-shot info, small plugin", one_shot(&Host::sim(), "info", &json!([]))),
        ("one-shot has_vm, small plugin", one_shot(&host, "has_vm", &json!(["ok"]))),
        ("fresh instance, call and drop", each(&["instances", folder])),
        (
            "request through the host, the HTTP client's part taken off",
            each(&["egress"]).saturating_sub(each(&["bare"])),
        ),
    ];
    let before = Baseline::read();
    for (what, count) in &counts {
        let known = before.counts.get(*what).copied();
        let measured = format!(
            "{count} instructions{}",
            known.map(|known| format!(", {:+.1} %", change(known, *count))).unwrap_or_default()
        );
        match known {
            Some(known) => report.target("B13", what, measured, "± 2 %", change(known, *count).abs() <= NOISE),
            None => report.note("B13", what, measured),
        }
    }
    let now = Baseline::of(version, &counts);
    if !now.comparable(&before) {
        report.note("B13", "these counts were made with", &now);
        report.note("B13", "and are compared with counts that were made with", &before);
    }
    Some(now)
}

const NOWHERE: &str = "http://127.0.0.1:9/";

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn change(before: u64, now: u64) -> f64 {
    (now as f64 / before as f64 - 1.0) * 100.0
}

/// The misbehaving plugin, compiled for the processor that valgrind shows to programs.
fn install(folder: &Path) {
    let mut command = Command::new(dist().join("cpi-host"));
    command.args(["plugin", "install", "--into"]).arg(folder).arg(component("hostile"));
    let mut install = valgrind::without_counting(&command);
    let status = install.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("valgrind starts");
    assert!(status.success(), "plugin install under valgrind: {status}");
}

fn one_shot(host: &Host, method: &str, arguments: &Value) -> u64 {
    let mut command = valgrind::counting(&host.command());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("valgrind starts");
    let input = request(method, arguments).to_string();
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it is read");
    let output = child.wait_with_output().expect("its end");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"error\":null"), "{output:?}");
    valgrind::count(&output)
}

/// What one turn of a work costs.
fn each(work: &[&str]) -> u64 {
    let run = |times: u64| {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg("work").args(work).arg(times.to_string());
        valgrind::count(&valgrind::counting(&command).output().expect("valgrind starts"))
    };
    run(MANY).saturating_sub(run(FEW)) / (MANY - FEW)
}

/// What [`each`] runs in a process of its own.
pub(crate) fn work(arguments: &[&str]) {
    let times = |text: &str| text.parse().expect("a number");
    let runtime = runtime();
    match arguments {
        ["instances", plugins, number] => {
            let local = Local::hostile(Path::new(plugins), NOWHERE, "");
            let ready = Ready::trick("ok");
            for _ in 0..times(number) {
                runtime.block_on(local.run(&ready)).expect("an answer");
            }
        }
        ["egress", number] => runtime.block_on(async {
            let sender = Sender::new();
            for _ in 0..times(number) {
                sender.through_the_host().await;
            }
        }),
        ["bare", number] => runtime.block_on(async {
            let sender = Sender::new();
            for _ in 0..times(number) {
                sender.bare().await;
            }
        }),
        other => valgrind::exec(other),
    }
}
