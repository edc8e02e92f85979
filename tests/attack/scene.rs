//! What every attack needs: a host with secrets in it, a plugin that does what it is told, and a look at what is left.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use cpi_tests::{Answer, Host, request, test_plugins, wait_with_peak};
use serde_json::{Value, json};

pub(crate) const SECRET_KEY: &str = "canary/secret+access-key";
pub(crate) const SESSION_TOKEN: &str = "canary-Session-Token";
pub(crate) const BUS_PASSWORD: &str = "canary-message-bus-password";
pub(crate) const ENV_PASSWORD: &str = "canary-env-password";
pub(crate) const STRAY: &str = "canary-under-an-unusual-key";

/// Texts that no plugin, operator or reader of a log may ever see.
pub(crate) const SECRETS: [&str; 5] = [SECRET_KEY, SESSION_TOKEN, BUS_PASSWORD, ENV_PASSWORD, STRAY];

/// Nobody listens there.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9";

/// The misbehaving plugin with this endpoint, secrets in its configuration, and limits (lines of TOML) in addition to
/// those that suit a test.
pub(crate) fn hostile(endpoint: &str, more: &str) -> Host {
    let section = json!({
        "endpoint": endpoint, "access_key_id": "AKIACANARY0000000001", "secret_access_key": SECRET_KEY,
        "session_token": SESSION_TOKEN, "surprise": STRAY,
    });
    let agent = json!({"mbus": format!("nats://nats:{BUS_PASSWORD}@10.0.0.6:4222")});
    let host = Host::new("hostile", &json!({"hostile": section, "agent": agent}));
    host.with_settings(&format!("plugins = '{}'\n{}", test_plugins().display(), limits(more)))
}

/// The table of limits: what is given, and what suits a test where nothing is given.
pub(crate) fn limits(more: &str) -> String {
    let mut lines = format!("[limits]\n{more}");
    for (key, value) in [("cpu", "\"5s\""), ("wall", "{ default = \"20s\" }"), ("memory", "\"64MiB\"")] {
        if !more.lines().any(|line| line.starts_with(&format!("{key} "))) {
            _ = writeln!(lines, "{key} = {value}");
        }
    }
    lines
}

/// Lets the misbehaving plugin do one trick under limits that end it soon.
pub(crate) fn trick(name: &str) -> Answer {
    has_vm(&hostile(NOWHERE, "cpu = \"300ms\"\nwall = { default = \"3s\" }\n"), name)
}

/// One call of `has_vm`, whose answer is whole.
pub(crate) fn has_vm(host: &Host, vm: &str) -> Answer {
    whole(host, host.call("has_vm", &json!([vm])))
}

/// Has the plugin send requests, and gives what became of each: `{"answer": {…}}` or `{"problem": "…"}`.
pub(crate) fn send(host: &Host, orders: &Value) -> (Answer, Vec<Value>) {
    let answer = has_vm(host, &format!("send:{orders}"));
    let (_, message) = answer.error();
    let outcomes = serde_json::from_str(&message).unwrap_or_else(|_| panic!("not a list of outcomes: {answer:?}"));
    (answer, outcomes)
}

/// Asserts that every request was denied with this code, and that the log has a line for each of them.
pub(crate) fn denied(host: &Host, orders: &Value, codes: &[&str]) {
    let (answer, outcomes) = send(host, orders);
    for (order, outcome) in orders.as_array().unwrap().iter().zip(&outcomes) {
        let problem = outcome["problem"].as_str().unwrap_or_default();
        assert!(
            problem.starts_with("Problem::Denied(") && codes.iter().any(|code| problem.contains(code)),
            "{order}: {outcome}"
        );
    }
    let lines = answer.stderr.lines().filter(|line| line.contains(" WARN ") && line.contains("denied "));
    assert_eq!(lines.count(), outcomes.len(), "{answer:?}");
}

/// Asserts what holds after every attack: one valid response, one line of log a line, and no secret anywhere.
pub(crate) fn whole(host: &Host, answer: Answer) -> Answer {
    answer.response();
    for line in answer.stderr.lines() {
        let (time, rest) = line.split_at_checked(24).unwrap_or_else(|| panic!("not a line of the log: {line:?}"));
        assert!(
            time.starts_with("20") && time.ends_with('Z') && rest.starts_with(' '),
            "not a line of the log: {line:?}"
        );
        assert!(!line.chars().any(is_odd), "{line:?}");
    }
    let (_, message) = ("", answer.response()["error"]["message"].as_str().unwrap_or_default().to_owned());
    assert!(!message.chars().any(is_odd), "{message:?}");
    no_secret_in(&answer.stdout);
    no_secret_in(&answer.stderr);
    no_secret_below(&host.path("state"));
    answer
}

/// What moves a cursor, ends a line, or turns the writing round.
fn is_odd(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn no_secret_in(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {}", text.chars().take(4000).collect::<String>());
    }
}

/// Looks through all files below a folder, which need not exist.
fn no_secret_below(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            no_secret_below(&path);
        } else if let Ok(bytes) = std::fs::read(&path) {
            no_secret_in(&String::from_utf8_lossy(&bytes));
        }
    }
}

/// A call, and the most memory that its process had, in MiB.
pub(crate) fn peak(host: &Host, method: &str, arguments: &Value) -> (Answer, u64) {
    let start = Instant::now();
    let child = host.start(request(method, arguments).to_string().as_bytes());
    let (output, mib) = wait_with_peak(child);
    (whole(host, Answer::of(output, start.elapsed())), mib)
}
