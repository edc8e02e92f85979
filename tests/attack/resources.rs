//! Taking what there is: time, memory, stack, handles.

use std::thread;
use std::time::Duration;

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Endpoint, Host, request};
use serde_json::json;

use crate::case;
use crate::scene::{NOWHERE, has_vm, hostile, peak, trick, whole};

const SECTION: &str = "resources";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A17", "a call that computes for ever", computing),
    case(SECTION, "A17b", "memory for an argument that never comes", stuck_allocation),
    case(SECTION, "A18", "memory without end", memory),
    case(SECTION, "A19", "recursion without end", recursion),
    case(SECTION, "A20", "a million fields in one message", wide_lists),
    case(SECTION, "A20b", "text that is no UTF-8", invalid_text),
    case(SECTION, "A21", "a million lines of log", log_flood),
    case(SECTION, "A21b", "a million handles", handles),
    case(SECTION, "A21c", "a hundred thousand requests at once", pending_requests),
    case(SECTION, "A21d", "large headers of requests that wait", pending_headers),
    case(SECTION, "A21e", "a million timers", timers),
    case(SECTION, "A21f", "writes that wait, a mebibyte each", pending_writes),
    case(SECTION, "A21g", "a body larger than the limit", large_body),
    case(SECTION, "A22", "waiting for ever", waiting),
    case(SECTION, "A22a", "a thousand waits for one lease", waiting_crowd),
    case(SECTION, "A22b", "waiting for a lease that another call holds", waiting_for_a_lease),
];

/// The most memory that any process may take in these tests, in MiB: the plugin's 64 twice over, and the program's own.
const FLAT: u64 = 400;

fn memory_of(host: &Host, vm: &str) -> (Answer, u64) {
    peak(host, "has_vm", &json!([vm]))
}

fn computing() {
    let answer = trick("loop");
    assert!(
        answer.error().1.contains("limit-cpu: computed for 300ms") && answer.error().1.contains("[limits] cpu"),
        "{answer:?}"
    );
    assert!(answer.stderr.contains("ERROR [req_id cpi-1] Failed has_vm"), "{answer:?}");
    assert!(answer.took < Duration::from_secs(15), "{answer:?}");
    // Waiting costs no computing.
    assert_eq!(trick("naps:50").result(), true);
}

fn stuck_allocation() {
    let answer = trick(&"x".repeat(77_777));
    assert!(answer.error().1.contains("limit-cpu: computed for 300ms"), "{answer:?}");
}

fn memory() {
    let (answer, mib) = memory_of(&hostile(NOWHERE, ""), "memory");
    let (_, message) = answer.error();
    assert!(message.contains("its limit is 64 MiB") && message.contains("[limits] memory"), "{message}");
    assert!(mib < FLAT, "{mib} MiB");
}

fn recursion() {
    let answer = trick("stack");
    let (_, message) = answer.error();
    assert!(message.contains("plugin 'hostile' failed") || message.contains("computed for"), "{answer:?}");
}

fn wide_lists() {
    let (answer, mib) = memory_of(&hostile(NOWHERE, ""), "log-wide:1000000");
    assert!(answer.error().1.contains("plugin 'hostile' "), "{answer:?}");
    assert!(mib < FLAT, "{mib} MiB");
}

fn invalid_text() {
    let answer = trick("invalid-text");
    assert!(answer.error().1.contains("utf-8"), "{answer:?}");
    assert!(!answer.stderr.contains("FORGED"), "{answer:?}");
}

fn log_flood() {
    let answer = trick("log-flood");
    assert!(answer.stderr.len() < 2 << 20, "{}", answer.stderr.len());
    assert!(answer.stderr.contains("wrote as much as [limits] log allows"), "{answer:?}");
}

fn handles() {
    let (answer, mib) = memory_of(&hostile(NOWHERE, ""), "lease-many:1000000");
    let (_, message) = answer.error();
    assert!(!message.contains("no limit"), "{message}");
    assert!(mib < FLAT, "{mib} MiB");
}

fn pending_requests() {
    let endpoint = Endpoint::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let (answer, mib) = memory_of(&hostile(&endpoint.url(), "http = { requests = 50 }\n"), "http-flood");
    assert!(endpoint.received().len() <= 50);
    let (_, message) = answer.error();
    assert!(message.contains("OverBudget") || message.contains("plugin 'hostile'"), "{answer:?}");
    assert!(mib < FLAT, "{mib} MiB");
}

fn pending_headers() {
    let endpoint = Endpoint::hanging();
    let host = hostile(&endpoint.url(), "wall = { default = \"5s\" }\n");
    let header = json!(["x-a", "x".repeat(60_000)]);
    let order =
        json!([{"url": format!("{}/open/x", endpoint.url()), "headers": [header], "times": 9_000, "together": true}]);
    let (answer, mib) = memory_of(&host, &format!("send:{order}"));
    let (_, message) = answer.error();
    assert!(message.contains("took longer than 5s") || message.contains("plugin 'hostile'"), "{answer:?}");
    assert!(mib < FLAT, "{mib} MiB");
}

fn timers() {
    let (answer, mib) = memory_of(&hostile(NOWHERE, "wall = { default = \"5s\" }\n"), "sleep-many:1000000");
    let (_, message) = answer.error();
    assert!(message.contains("limit-"), "{message}");
    assert!(mib < FLAT, "{mib} MiB");
}

fn pending_writes() {
    let (answer, mib) = memory_of(&hostile(NOWHERE, "wall = { default = \"5s\" }\n"), "state-pending:1000");
    answer.error();
    assert!(mib < FLAT, "{mib} MiB");
}

fn large_body() {
    let endpoint = Endpoint::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let host = hostile(&endpoint.url(), "memory = \"256MiB\"\n");
    let answer = has_vm(&host, "http-body");
    let (_, message) = answer.error();
    assert!(message.contains("body-too-large") || message.contains("limit-values"), "{answer:?}");
    assert_eq!(endpoint.connections(), 0);
}

fn waiting() {
    let answer = trick("sleep");
    assert!(answer.error().1.contains("has_vm took longer than 3s, which is the limit"), "{answer:?}");
    let answer = trick("sleep-zero");
    let (_, message) = answer.error();
    assert!(message.contains("has_vm took longer than") || message.contains("computed for"), "{answer:?}");
    let endpoint = Endpoint::hanging();
    let host = hostile(&endpoint.url(), "wall = { default = \"2s\" }\n");
    let answer = has_vm(&host, &format!("http:{}/open/x", endpoint.url()));
    assert!(answer.error().1.contains("has_vm took longer than 2s"), "{answer:?}");
    assert!(answer.took < Duration::from_secs(20), "{answer:?}");
}

fn waiting_crowd() {
    let host = hostile(NOWHERE, "wall = { default = \"4s\" }\n");
    let child = host.start(request("has_vm", &json!(["wait-many:1000"])).to_string().as_bytes());
    thread::sleep(Duration::from_secs(3));
    // Nanoseconds that the thread has computed which runs the plugin and waits for it.
    let computed = std::fs::read_to_string(format!("/proc/{}/schedstat", child.id())).unwrap();
    let computed: u64 = computed.split(' ').next().unwrap().parse().unwrap();
    let answer = Answer::of(child.wait_with_output().unwrap(), Duration::ZERO);
    assert!(answer.error().1.contains("has_vm took longer than 4s"), "{answer:?}");
    assert!(Duration::from_nanos(computed) < Duration::from_secs(1), "it computed for {computed} ns");
}

fn waiting_for_a_lease() {
    let host = hostile(NOWHERE, "wall = { default = \"2s\" }\n");
    let patient = hostile(NOWHERE, "");
    let settings = std::fs::read_to_string(patient.path("host.toml")).unwrap();
    let shared = settings.replace("state = \"state\"", &format!("state = '{}'", host.path("state").display()));
    std::fs::write(patient.path("host.toml"), shared).unwrap();
    let holder = patient.start(request("has_vm", &json!(["lease-hold:8000"])).to_string().as_bytes());
    thread::sleep(Duration::from_secs(1));
    let answer = has_vm(&host, "lease-wait");
    assert!(answer.error().1.contains("has_vm took longer than 2s"), "{answer:?}");
    let held = whole(&patient, Answer::of(holder.wait_with_output().unwrap(), Duration::ZERO));
    assert_eq!(held.result(), true);
    // Given back by whoever held it, and not kept by whoever gave up.
    let answer = has_vm(&host, "lease-wait");
    assert!(answer.error().1.contains("Ok("), "{answer:?}");
    let left: Vec<_> =
        crate::state::files(&host).into_iter().filter(|path| path.to_string_lossy().contains("/lease-")).collect();
    assert!(left.is_empty(), "{left:?}");
}
