//! Requests that are none, and callers that go away.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Host, request};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::case;
use crate::scene::{NOWHERE, has_vm, hostile, whole};

const SECTION: &str = "protocol";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A48", "input that is no request", no_requests),
    case(SECTION, "A48b", "requests that ask for what there is not", wrong_requests),
    case(SECTION, "A48c", "a request of a hundred megabytes", large_request),
    case(SECTION, "A48d", "readers that went away", readers_gone),
    case(SECTION, "A48e", "signals in the middle of a call", signals),
    case(SECTION, "A48f", "a call that is killed while it holds a lease", killed),
    case(SECTION, "A48g", "two hundred processes at once", processes),
    case(SECTION, "A48h", "configurations that are none", configurations),
];

fn no_requests() {
    let host = hostile(NOWHERE, "");
    let deep = "[".repeat(1 << 20);
    let deep_object = format!("{{\"method\":\"has_vm\",\"arguments\":[{}", "{\"a\":".repeat(100_000));
    for input in [
        &b""[..],
        b"   ",
        b"nonsense",
        b"{",
        b"[]",
        b"null",
        b"0",
        b"\"\"",
        b"\xff\xfe",
        b"{}{}",
        b"\xef\xbb\xbf{}",
        b"\0",
        b"{\"method\":\"has_vm\",\"arguments\":[\"\\ud800\"],\"context\":{\"director_uuid\":\"d\"}}",
        b"{\"method\":\"has_vm\",\"arguments\":[\"\xff\"],\"context\":{\"director_uuid\":\"d\"}}",
        b"{\"method\":\"has_vm\",\"arguments\":[1e999],\"context\":{\"director_uuid\":\"d\"}}",
        b"{\"method\":\"has_vm\",\"arguments\":[NaN],\"context\":{\"director_uuid\":\"d\"}}",
        b"{\"method\":\"has_vm\",\"arguments\":{},\"context\":{\"director_uuid\":\"d\"}}",
        b"{\"method\":null}",
        b"{\"method\":[]}",
        deep.as_bytes(),
        deep_object.as_bytes(),
    ] {
        let answer = whole(&host, host.send(input));
        let (kind, message) = answer.error();
        assert_eq!(kind, "InvalidCall", "{:?}: {message}", String::from_utf8_lossy(&input[..input.len().min(80)]));
        assert!(answer.stderr.contains("Refused a request"), "{answer:?}");
        assert!(message.len() < 1000, "{message}");
    }
}

fn wrong_requests() {
    let host = hostile(NOWHERE, "");
    let context = json!({"director_uuid": "d"});
    for (call, kind) in [
        (json!({"method": "make_tea", "arguments": [], "context": context}), "Bosh::Clouds::NotImplemented"),
        (json!({"method": "x".repeat(1 << 20), "arguments": [], "context": context}), "Bosh::Clouds::NotImplemented"),
        (json!({"method": "has_vm", "arguments": [], "context": context}), "InvalidCall"),
        (json!({"method": "has_vm", "arguments": [42], "context": context}), "InvalidCall"),
        (json!({"method": "has_vm", "arguments": ["ok"], "context": 7}), "InvalidCall"),
        (json!({"method": "has_vm", "arguments": ["ok"], "context": context, "api_version": "2"}), "InvalidCall"),
        (json!({"method": "has_vm", "arguments": ["ok"], "context": context, "api_version": -1}), "InvalidCall"),
        (
            json!({"method": "has_vm", "arguments": ["ok"], "context": context, "api_version": 99}),
            "Bosh::Clouds::CpiError",
        ),
        (
            json!({"method": "has_vm", "arguments": ["ok"], "context": context, "api_version": u64::MAX}),
            "Bosh::Clouds::CpiError",
        ),
        (
            json!({"method": "create_disk", "arguments": [u64::MAX, {}, null], "context": context}),
            "Bosh::Clouds::CpiError",
        ),
        (json!({"method": "create_disk", "arguments": [-1, {}, null], "context": context}), "InvalidCall"),
        (json!({"method": "create_disk", "arguments": [0.5, {}, null], "context": context}), "InvalidCall"),
    ] {
        let answer = whole(&host, host.send(call.to_string().as_bytes()));
        let short: String = call.to_string().chars().take(200).collect();
        assert_eq!(answer.error().0, kind, "{short}: {answer:?}");
        assert!(answer.stdout.len() < 2000, "{}", answer.stdout.len());
    }
    // The last of two members of one name counts, as in the reference library.
    let twice =
        br#"{"method":"make_tea","method":"has_vm","arguments":[],"arguments":["ok"],"context":{"director_uuid":"d"}}"#;
    assert_eq!(whole(&host, host.send(twice)).result(), true);
    let answer = whole(&host, host.call("has_vm", &json!(["ok", "surplus", {"x": 1}])));
    assert_eq!(answer.result(), true);
    assert!(answer.stderr.contains("ignored 2 argument(s)"), "{answer:?}");
}

fn large_request() {
    let host = hostile(NOWHERE, "");
    let two_mebibytes = "x".repeat(2 << 20);
    assert_eq!(has_vm(&host, &two_mebibytes).result(), false);
    let (answer, mib) = peak_of(&host, &vec![b' '; 100 << 20]);
    assert!(answer.error().1.contains("longer than 33554432 bytes"), "{answer:?}");
    assert!(mib < 200, "{mib} MiB");
}

/// Sends any text, and measures nothing but what is left in the end: the highest mark of the process.
fn peak_of(host: &Host, input: &[u8]) -> (Answer, u64) {
    let start = Instant::now();
    let mut child = host.command().spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    drop(stdin);
    (whole(host, Answer::of(child.wait_with_output().unwrap(), start.elapsed())), kib / 1024)
}

fn readers_gone() {
    let host = hostile(NOWHERE, "");
    let input = request("has_vm", &json!(["stderr"])).to_string();
    let mut child = host.command().spawn().unwrap();
    drop(child.stderr.take());
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let answer = whole(&host, Answer::of(child.wait_with_output().unwrap(), Duration::ZERO));
    assert_eq!(answer.result(), true);
    let mut child = host.command().spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "nobody reads the answer, and the exit status says so");
}

fn signals() {
    for (signal, name) in [(Signal::SIGTERM, "SIGTERM"), (Signal::SIGINT, "SIGINT"), (Signal::SIGHUP, "SIGHUP")] {
        for trick in ["sleep", "loop", "lease-hold:60000"] {
            let host = hostile(NOWHERE, "");
            let start = Instant::now();
            let child = host.start(request("has_vm", &json!([trick])).to_string().as_bytes());
            thread::sleep(Duration::from_millis(700));
            kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
            let answer = whole(&host, Answer::of(child.wait_with_output().unwrap(), start.elapsed()));
            assert!(answer.error().1.contains(name), "{trick}: {answer:?}");
            assert!(answer.took < Duration::from_secs(15), "{trick}: {answer:?}");
            assert!(has_vm(&host, "lease-hold:1").result() == true, "no lease is left");
        }
    }
}

fn killed() {
    let host = hostile(NOWHERE, "");
    let mut child = host.start(request("has_vm", &json!(["lease-hold:60000"])).to_string().as_bytes());
    thread::sleep(Duration::from_secs(1));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(has_vm(&host, "lease-hold:1").result(), true);
    // A plugin that ends badly holds nothing either.
    assert!(has_vm(&host, "lease-trap").error().1.contains("a lease is held"));
    assert_eq!(has_vm(&host, "lease-hold:1").result(), true);
}

fn processes() {
    let host = hostile(NOWHERE, "wall = { default = \"2m\" }\n");
    thread::scope(|scope| {
        for lane in 0..20 {
            let host = &host;
            scope.spawn(move || {
                for number in 0..10 {
                    assert_eq!(host.call("ping", &json!([number])).result(), "pong", "{lane}");
                    assert_eq!(host.call("has_vm", &json!(["naps:1"])).result(), true, "{lane}");
                }
            });
        }
    });
    let calls: Vec<_> =
        (0..200).map(|_| host.start(request("has_vm", &json!(["naps:20"])).to_string().as_bytes())).collect();
    for call in calls {
        let answer = whole(&host, Answer::of(call.wait_with_output().unwrap(), Duration::ZERO));
        assert_eq!(answer.result(), true);
    }
}

fn configurations() {
    for (text, problem) in [
        ("", "is not JSON"),
        ("{\"cloud\":", "is not JSON"),
        ("\u{0}", "is not JSON"),
        ("{}", "Could not find cloud properties"),
        ("{\"cloud\":{\"plugin\":\"sim\"}}", "Could not find cloud properties"),
        ("{\"cloud\":{\"properties\":{}}}", "cloud.plugin must name a plugin"),
        ("{\"cloud\":{\"plugin\":\"nimbus\",\"properties\":{}}}", "plugin 'nimbus' is not installed"),
        ("{\"cloud\":{\"plugin\":\"../sim\",\"properties\":{}}}", "'../sim' is not the name of a plugin"),
        (
            "{\"cloud\":{\"plugin\":\"hostile\",\"properties\":{\"hostile\":7}}}",
            "cloud.properties.hostile must be an object",
        ),
    ] {
        let host = hostile(NOWHERE, "").with_config(text);
        let (_, message) = whole(&host, host.call("has_vm", &json!(["vm-1"]))).error();
        assert!(message.contains(problem), "{text}: {message}");
    }
    // Standard input is the request, so it is no configuration any more; folders and links to nothing are none either.
    for path in ["/dev/stdin", "/dev/null", "/", "/proc/self/fd/99"] {
        let host = hostile(NOWHERE, "");
        std::fs::remove_file(host.path("cpi.json")).unwrap();
        std::os::unix::fs::symlink(path, host.path("cpi.json")).unwrap();
        let (kind, message) = whole(&host, host.call("has_vm", &json!(["ok"]))).error();
        assert_eq!(kind, "Bosh::Clouds::CpiError");
        assert!(message.contains("configuration '"), "{path}: {message}");
    }
    let host = hostile(NOWHERE, "").with_settings("colour = 1\n");
    let (_, message) = whole(&host, host.call("has_vm", &json!(["ok"]))).error();
    assert!(message.contains("host.toml") && message.contains("unknown field `colour`"), "{message}");
}
