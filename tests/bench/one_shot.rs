//! One process for each call, as directors use the program.

use std::time::Duration;

use cpi_tests::{Ec2, Host, request};
use serde_json::{Value, json};

use crate::process::{Contender, compete};
use crate::report::Report;
use crate::series::shown;

const ROUNDS: usize = 200;

/// The Ruby CPI for AWS, `info` and `has_vm`, wall time of the process, as recorded elsewhere on two cores.
const RUBY_INFO: Duration = Duration::from_millis(735);
const RUBY_HAS_VM: Duration = Duration::from_millis(755);

pub(crate) fn run(report: &mut Report) {
    let ec2 = Ec2::plain();
    let mut contenders = [
        Contender::nothing(),
        call("info, small plugin", Host::sim(), "info", &json!([])),
        call("info, AWS plugin", Host::aws(&ec2.url()), "info", &json!([])),
        call("has_vm, small plugin", Host::sim(), "has_vm", &json!(["vm-1"])),
        call("has_vm, AWS plugin, 1 request", Host::aws(&ec2.url()), "has_vm", &json!(["i-00000000000000000"])),
    ];
    compete(&mut contenders, ROUNDS);
    let nothing = contenders[0].wall.median();
    for Contender { wall, cpu, .. } in &contenders[..1] {
        report.note("B1", "/bin/true in the same harness", format!("{}, CPU {}", wall.shown(), shown(cpu.median())));
    }
    for (index, contender) in contenders.iter().enumerate().skip(1) {
        let Contender { wall, cpu, .. } = contender;
        let ratio = wall.median().as_secs_f64() / nothing.as_secs_f64();
        let measured = format!("{}, CPU {}, {ratio:.1} × /bin/true", wall.shown(), shown(cpu.median()));
        let what = format!("one-shot {}", contender.name());
        let limit = |ms| Duration::from_millis(ms);
        match index {
            1 => report.target("B1", &what, measured, "p50 ≤ 5 ms", wall.median() <= limit(5)),
            2 => report.target("B1", &what, measured, "p50 ≤ 10 ms", wall.median() <= limit(10)),
            _ => report.note("B1", &what, measured),
        }
    }
    let faster = |ruby: Duration, ours: Duration| format!("{:.0} ×", ruby.as_secs_f64() / ours.as_secs_f64());
    report.note(
        "B1",
        "the Ruby CPI for AWS (735 ms, recorded elsewhere) beside `info`",
        faster(RUBY_INFO, contenders[2].wall.median()),
    );
    report.note(
        "B1",
        "the Ruby CPI for AWS (755 ms, recorded elsewhere) beside `has_vm`",
        faster(RUBY_HAS_VM, contenders[4].wall.median()),
    );
}

fn call(name: &str, host: Host, method: &str, arguments: &Value) -> Contender {
    Contender::new(name, move || host.command(), request(method, arguments).to_string())
}
