//! Installing a plugin, and what a call does with an installed one before it runs.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cpi_catalog::Catalog;
use cpi_policy::HostConfig;
use cpi_runtime::Engine;
use cpi_tests::{component, dist};
use tempfile::TempDir;

use crate::process::{cpu_of_children, peak_of_children};
use crate::report::Report;
use crate::series::{Series, shown};

pub(crate) fn run(report: &mut Report) {
    let folder = TempDir::new().expect("a folder");
    compile(report, folder.path());
    load(report, folder.path());
}

/// Compiles the AWS plugin into a folder.
fn compile(report: &mut Report, folder: &Path) {
    let start = Instant::now();
    let mut install = Command::new(dist().join("cpi-host"));
    install.args(["plugin", "install", "--into"]).arg(folder).arg(component("aws")).stdout(Stdio::null());
    assert!(install.status().expect("the program starts").success());
    let (took, peak, cpu) = (start.elapsed(), peak_of_children(), cpu_of_children());
    let measured = format!("{}, CPU {}, {} MiB at the highest", shown(took), shown(cpu), peak >> 20);
    let met = took <= Duration::from_secs(5) && peak <= 1 << 30;
    report.target("B8", "`plugin install` of the AWS plugin", measured, "≤ 5 s, ≤ 1 GiB", met);
}

/// Verifies and loads the AWS plugin of that folder.
fn load(report: &mut Report, folder: &Path) {
    let note = folder.join("aws/verified");
    let open = || {
        let catalog = Catalog::new(folder, &HostConfig::default());
        let installed = catalog.open("aws").expect("it is installed");
        let engine = Engine::new().expect("an engine");
        drop(catalog.load(&engine, &installed).expect("it can be loaded"));
    };
    let full = Series::of_cpu(100, || {
        _ = std::fs::remove_file(&note);
        open();
    });
    let noted = Series::of_cpu(500, open);
    let (most, most_noted) = (Duration::from_millis(3), Duration::from_micros(1600));
    report.target(
        "B9",
        "verify by digest, engine, map and link the AWS plugin; CPU time",
        full.shown(),
        "p50 ≤ 3 ms",
        full.median() <= most,
    );
    report.target(
        "B9",
        "the same where the digest was compared before; CPU time",
        noted.shown(),
        "p50 ≤ 1.6 ms",
        noted.median() <= most_noted,
    );
}
