//! A cloud that is busy is asked again, one that refuses is not.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cpi_tests::{Answer, Endpoint, Host};
use serde_json::json;

const BUSY: &str = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error></Errors></Response>";
const REFUSED: &str =
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>";
const NO_VM: &str = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>";

fn has_vm(endpoint: &Endpoint, retries: u32) -> Answer {
    aws(endpoint, retries).call("has_vm", &json!(["i-0123456789abcdef0"]))
}

fn aws(endpoint: &Endpoint, retries: u32) -> Host {
    let aws = json!({
        "access_key_id": "AKIATESTKEY00000001", "secret_access_key": "test-secret-access-key", "region": "us-east-1",
        "ec2_endpoint": endpoint.url(), "default_security_groups": ["sg-12345678"], "max_retries": retries,
    });
    Host::new("aws", &json!({"aws": aws}))
}

#[test]
fn throttling_is_waited_out_and_told() {
    let endpoint = Endpoint::in_turn(&[(503, BUSY), (503, BUSY), (200, NO_VM)]);
    let answer = has_vm(&endpoint, 8);
    assert_eq!(answer.result(), false);
    assert_eq!(endpoint.received().len(), 3);
    assert!(answer.stderr.contains("RequestLimitExceeded: trying again in 0."), "{answer:?}");
    assert!(answer.stderr.contains("2 of 8 times"), "{answer:?}");
    assert!(answer.stderr.contains("POST DescribeInstances succeeded after 3 tries and "), "{answer:?}");
}

#[test]
fn each_try_is_signed_anew_and_says_the_same() {
    let endpoint = Endpoint::in_turn(&[(503, BUSY), (200, NO_VM)]);
    has_vm(&endpoint, 1).result();
    let bodies: Vec<_> =
        endpoint.received().iter().map(|request| request.split("\r\n\r\n").nth(1).unwrap().to_owned()).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies.first(), bodies.last());
}

#[test]
fn the_operators_limit_holds() {
    let endpoint = Endpoint::in_turn(&[(503, BUSY)]);
    let (kind, message) = has_vm(&endpoint, 2).error();
    assert_eq!(kind, "Bosh::Clouds::CloudError");
    assert!(message.contains("RequestLimitExceeded"), "{message}");
    assert_eq!(endpoint.received().len(), 3);
    let endpoint = Endpoint::in_turn(&[(503, BUSY)]);
    has_vm(&endpoint, 0).error();
    assert_eq!(endpoint.received().len(), 1);
}

#[test]
fn a_refusal_is_final() {
    let endpoint = Endpoint::in_turn(&[(403, REFUSED)]);
    let (_, message) = has_vm(&endpoint, 8).error();
    assert!(message.contains("UnauthorizedOperation"), "{message}");
    assert_eq!(endpoint.received().len(), 1);
}

#[test]
fn the_service_says_when_to_come_back() {
    let first = AtomicBool::new(true);
    let endpoint = Endpoint::serve(move |stream| {
        let answer = if first.swap(false, Ordering::Relaxed) {
            format!("503 Busy\r\nRetry-After: 1\r\nContent-Length: {}\r\n\r\n{BUSY}", BUSY.len())
        } else {
            format!("200 OK\r\nContent-Length: {}\r\n\r\n{NO_VM}", NO_VM.len())
        };
        _ = stream.write_all(format!("HTTP/1.1 {answer}").as_bytes());
    });
    let answer = has_vm(&endpoint, 8);
    assert_eq!(answer.result(), false);
    assert!(answer.took >= Duration::from_secs(1), "{answer:?}");
}

/// The host never sends the order again by itself: whenever the plugin does, it has looked whether it was carried out.
pub(crate) fn assert_looked_between(requests: &[String]) {
    let words = ["Action=CreateSnapshot", "Action=DescribeSnapshots"];
    let told = requests.iter().filter_map(|request| words.into_iter().find(|word| request.contains(word)));
    let told: Vec<_> = told.collect();
    assert_eq!(told.first(), Some(&words[0]), "{told:?}");
    assert!(!told.windows(2).any(|pair| pair == [words[0], words[0]]), "{told:?}");
}

#[test]
fn what_may_have_been_done_is_not_done_twice() {
    const FAULT: &str =
        "<Response><Errors><Error><Code>InternalError</Code><Message>oops</Message></Error></Errors></Response>";
    const VOLUME: &str = "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-0123456789abcdef0</volumeId>\
        <status>available</status></item></volumeSet></DescribeVolumesResponse>";
    let endpoint = Endpoint::in_turn(&[(200, VOLUME), (500, FAULT)]);
    let (_, message) = aws(&endpoint, 2).call("snapshot_disk", &json!(["vol-0123456789abcdef0", {}])).error();
    assert!(message.contains("InternalError"), "{message}");
    assert_looked_between(&endpoint.received());
    let endpoint = Endpoint::in_turn(&[(500, FAULT), (200, NO_VM)]);
    assert_eq!(has_vm(&endpoint, 2).result(), false);
}

#[test]
fn a_connection_that_breaks_is_made_again_for_reading() {
    let first = AtomicBool::new(true);
    let endpoint = Endpoint::serve(move |stream| {
        if !first.swap(false, Ordering::Relaxed) {
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{NO_VM}", NO_VM.len());
            _ = stream.write_all(answer.as_bytes());
        }
    });
    assert_eq!(has_vm(&endpoint, 8).result(), false);
    assert_eq!(endpoint.received().len(), 2);
}

#[test]
fn a_call_tries_and_waits_within_its_budget() {
    for (limits, words) in [
        ("retries = { tries = 1 }", "tries, 1, or waiting, 30m, are used up"),
        ("retries = { waiting = \"600ms\" }", "or waiting, 600ms, are used up"),
        ("retries = { deadline = \"300ms\" }", "deadline, 300ms, is over"),
    ] {
        let endpoint = Endpoint::in_turn(&[(503, BUSY)]);
        let host = aws(&endpoint, 100).with_settings(&format!("[limits]\n{limits}\n"));
        let answer = host.call("has_vm", &json!(["i-0123456789abcdef0"]));
        assert!(answer.error().1.contains("RequestLimitExceeded"), "{answer:?}");
        assert!(answer.stderr.contains(words), "{answer:?}");
        assert!(endpoint.received().len() <= 3, "{answer:?}");
    }
}

/// So many processes at once, as a director starts them, and how many requests it took and how long.
fn all_at_once(processes: usize, shared: bool) -> (usize, Duration) {
    let endpoint = Endpoint::throttling(8.0, 4.0, NO_VM, BUSY);
    let one = aws(&endpoint, 100);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..processes {
            scope.spawn(|| {
                let own = (!shared).then(|| aws(&endpoint, 100));
                let host = own.as_ref().unwrap_or(&one);
                assert_eq!(host.call("has_vm", &json!(["i-0123456789abcdef0"])).result(), false);
            });
        }
    });
    (endpoint.received().len(), start.elapsed())
}

#[test]
#[expect(clippy::print_stdout, reason = "figures for who asks for them with --nocapture")]
fn processes_slow_down_together_when_one_is_throttled() {
    let (alone, alone_took) = all_at_once(24, false);
    let (together, together_took) = all_at_once(24, true);
    println!("alone: {alone} requests in {alone_took:?}, together: {together} requests in {together_took:?}");
    assert!(together < alone, "together {together} requests, alone {alone}");
    assert!(together_took < alone_took * 2, "together {together_took:?}, alone {alone_took:?}");
}
