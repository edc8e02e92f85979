//! `make bench`: what one call costs, beside a process that does nothing, measured side by side in one run.
//!
//! Times differ from machine to machine and from hour to hour; the ratios are what counts.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a program for people, which ends at the first surprise")]

mod sample;

use std::path::Path;
use std::process::{Command, Stdio};

use cpi_tests::{Host, Moto, dist, request};
use serde_json::json;

use sample::{Sample, Series, take};

/// How often each contender runs.
const ROUNDS: usize = 200;

/// One thing to measure.
struct Contender {
    name: &'static str,
    command: Box<dyn Fn() -> Command>,
    input: String,
}

fn main() {
    let moto = Moto::start();
    let contenders = contenders(&moto);
    let mut series: Vec<Series> = contenders.iter().map(|_| Series::default()).collect();
    println!("{ROUNDS} rounds, each contender once a round …");
    for round in 0..=ROUNDS {
        for (contender, series) in contenders.iter().zip(&mut series) {
            let sample = take((contender.command)(), contender.input.as_bytes());
            // The first round fills the caches of the machine.
            if round > 0 {
                series.push(sample);
            }
        }
    }
    let table = table(&contenders, &mut series);
    println!("\n{table}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join("bench.md");
    std::fs::write(&file, &table).expect("the table can be written");
    println!("written to {}", file.display());
}

fn contenders(moto: &Moto) -> Vec<Contender> {
    let call = |name, host: Host, method: &str, arguments| Contender {
        name,
        command: Box::new(move || host.command()),
        input: request(method, &arguments).to_string(),
    };
    vec![
        Contender { name: "/bin/true", command: Box::new(nothing), input: String::new() },
        call("info, sim", Host::sim(), "info", json!([])),
        call("info, aws", Host::aws(&moto.url()), "info", json!([])),
        call("has_vm, sim", Host::sim(), "has_vm", json!(["vm-1"])),
        call("has_vm, aws (1 request to moto)", Host::aws(&moto.url()), "has_vm", json!(["i-0123456789abcdef0"])),
    ]
}

fn nothing() -> Command {
    let mut command = Command::new("/bin/true");
    command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn table(contenders: &[Contender], series: &mut [Series]) -> String {
    use std::fmt::Write;

    let reference = series.first_mut().map(Series::median).unwrap_or_default();
    let mut text =
        String::from("| call | wall p50 | wall p99 | × /bin/true | CPU p50 |\n| --- | ---: | ---: | ---: | ---: |\n");
    for (contender, series) in contenders.iter().zip(series) {
        let Sample { wall, cpu } = series.median();
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        let ratio = wall.as_secs_f64() / reference.wall.as_secs_f64().max(f64::EPSILON);
        writeln!(
            text,
            "| {} | {:.2} ms | {:.2} ms | {ratio:.1} | {:.2} ms |",
            contender.name,
            ms(wall),
            ms(series.percentile(99)),
            ms(cpu)
        )
        .expect("text grows");
    }
    let size = |path: &str| std::fs::metadata(dist().join(path)).map_or(0, |facts| facts.len().div_ceil(1024));
    writeln!(text, "\nThe program has {} KiB. Plugins are verified and mapped at every call.", size("cpi-host"))
        .expect("text grows");
    text
}
