//! A heavy stemcell of three gibibytes, from its archive to a snapshot.

use std::io::Write;
use std::time::{Duration, Instant};

use cpi_tests::ebs::Ebs;
use cpi_tests::{Answer, Host, archive, request, wait_with_peak};
use serde_json::json;

use crate::process::cpu_of_children;
use crate::report::Report;
use crate::series::shown;

const SIZE: u64 = 3 << 30;
/// Pieces of 64 KiB with data that nothing can compress; the rest is zeros.
const PIECES: u64 = 2000;
const MOST_MIB: u64 = 64;

pub(crate) fn run(report: &mut Report) {
    let server = Ebs::start();
    let host = Host::aws(&server.url());
    archive::sparse(&host.path("root.img"), SIZE, PIECES);
    archive::stemcell(&host.path("image"), &host.path("root.img"));
    let input = request("create_stemcell", &json!([host.path("image"), {"disk": 3072}])).to_string();
    let (before, start) = (cpu_of_children(), Instant::now());
    let mut child = host.command().spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the request is read");
    let (output, mib) = wait_with_peak(child);
    let (took, cpu) = (start.elapsed(), cpu_of_children().saturating_sub(before));
    Answer::of(output, Duration::ZERO).result();

    let sent = server.snapshot().blocks.len() as u64;
    let all = SIZE / (512 << 10);
    let rate = |mib: u64| mib * 1000 / u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let measured = format!(
        "{}, CPU {}, {} MiB/s of the image, {} MiB/s sent; {sent} blocks, {} left out; {mib} MiB of memory",
        shown(took),
        shown(cpu),
        rate(SIZE >> 20),
        rate(sent / 2),
        all - sent
    );
    let what = "create_stemcell, 3 GiB in an archive, fake EBS without TLS in this process";
    report.target("B11", what, measured, "≤ 64 MiB of memory", mib <= MOST_MIB);
}
