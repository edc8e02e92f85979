//! A whole `create_vm` through TLS.

use std::time::Duration;

use cpi_tests::{Ec2, Host, request};
use serde_json::json;

use crate::process::{Contender, compete};
use crate::report::Report;
use crate::series::shown;

const ROUNDS: usize = 50;

/// The Ruby CPI for AWS: 817 ms of wall time and 12 requests, 49 ms of it the server's, as recorded elsewhere on two
/// cores.
const RUBY: Duration = Duration::from_millis(817 - 49);

pub(crate) fn run(report: &mut Report) {
    let ec2 = Ec2::with_tls();
    let host = Host::aws(&ec2.url());
    let certificate = host.path("ca.pem");
    ec2.write_certificate(&certificate);
    let command = move || {
        let mut command = host.command();
        command.env("BOSH_CA_CERT_FILE", &certificate);
        command
    };
    let networks = json!({"private": {
        "type": "manual", "ip": "10.0.0.6", "netmask": "255.255.255.0", "gateway": "10.0.0.1",
        "dns": ["10.0.0.2"], "default": ["dns", "gateway"], "cloud_properties": {"subnet": "subnet-0123456789abcdef0"},
    }});
    let arguments = json!([
        "agent-1", "ami-0123456789abcdef0", {"instance_type": "m5.large", "availability_zone": "us-east-1a"},
        networks, [], {"bosh": {"tags": {"team": "data"}}},
    ]);
    let input = request("create_vm", &arguments).to_string();
    let mut contenders = [Contender::new("create_vm", command, input)];
    compete(&mut contenders, ROUNDS);
    let [Contender { wall, cpu, .. }] = &contenders;
    let actions = ec2.take_actions();
    let requests = actions.len() / (ROUNDS + 1);
    let ratio = RUBY.as_secs_f64() / wall.median().as_secs_f64();
    let measured = format!("{}, CPU {}, {requests} requests; {ratio:.0} × faster", wall.shown(), shown(cpu.median()));
    let what = "one-shot create_vm, fake EC2 over TLS in this process, beside the Ruby CPI (768 ms outside of its network, recorded elsewhere)";
    report.target("B2", what, measured, "≥ 10 × faster", ratio >= 10.0);
}
