//! Canaries: texts that stand for secrets, looked for wherever a plugin, an operator or a log reader could see them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use cpi_tests::{Endpoint, Host, request};
use serde_json::{Value, json};

const SECRET_KEY: &str = "canary-secret-access-key";
const SESSION_TOKEN: &str = "canary-session-token";
const BUS_PASSWORD: &str = "canary-message-bus-password";
const PRIVATE_KEY: &str = "canary-private-key";
const STRAY: &str = "canary-under-an-unusual-key";
const SECRETS: [&str; 5] = [SECRET_KEY, SESSION_TOKEN, BUS_PASSWORD, PRIVATE_KEY, STRAY];

/// What the plugin must know: the proof that the search looks in the right place.
const KNOWN: &str = "zone-that-the-plugin-knows";

fn host(endpoint: &str) -> Host {
    Host::new(
        "aws",
        &json!({
            "aws": {
                "access_key_id": "AKIACANARY0000000001", "secret_access_key": SECRET_KEY, "session_token": SESSION_TOKEN,
                "region": "us-east-1", "ec2_endpoint": endpoint, "max_retries": 0, "default_key_name": "bosh",
                "default_security_groups": ["sg-12345678"], "api_password": STRAY,
            },
            "agent": {"mbus": format!("nats://nats:{BUS_PASSWORD}@10.0.0.6:4222")},
        }),
    )
    .with_settings("[limits]\nhttp = { timeout = \"10s\" }\n")
}

fn create_vm() -> Value {
    let mut call = request(
        "create_vm",
        &json!([
            "agent-1",
            "ami-0b05b0000000000a1 light",
            {"instance_type": "m5.large", "availability_zone": KNOWN},
            {"private": {"type": "manual", "ip": "10.0.1.20", "cloud_properties": {"subnet": "subnet-1"}}},
            [],
            {"bosh": {"mbus": {"cert": {"private_key": PRIVATE_KEY}}, "password": PRIVATE_KEY}},
        ]),
    );
    call["context"]["access_token"] = json!(STRAY);
    call
}

#[test]
fn no_secret_is_in_the_memory_of_a_plugin() {
    let endpoint = Endpoint::hanging();
    let host = host(&endpoint.url());
    let mut child = host.start(create_vm().to_string().as_bytes());
    let start = Instant::now();
    while endpoint.received().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(10), "the plugin sent nothing");
        thread::sleep(Duration::from_millis(10));
    }
    let signed = endpoint.received().concat().to_ascii_lowercase();
    let memory = linear_memory(&child);
    child.kill().unwrap();
    child.wait().unwrap();

    assert!(signed.contains("authorization: aws4-hmac-sha256 credential=akiacanary0000000001/"), "{signed}");
    assert!(signed.contains(&format!("x-amz-security-token: {SESSION_TOKEN}")), "{signed}");
    assert!(contains(&memory, KNOWN), "the search must find what the plugin knows");
    for secret in SECRETS {
        assert!(!contains(&memory, secret), "{secret} is in the plugin's memory");
    }
}

#[test]
fn no_secret_is_in_logs_and_responses() {
    let nonsense = Endpoint::answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n<refused>");
    for endpoint in [Endpoint::refusing(), nonsense.url()] {
        let host = host(&endpoint);
        let mut calls = vec![create_vm()];
        for (method, arguments) in [
            ("info", json!([])),
            ("has_vm", json!(["i-1"])),
            ("delete_vm", json!(["i-1"])),
            ("create_disk", json!([1024, {}, "i-1"])),
            ("create_stemcell", json!(["/nowhere", {"ami": {"us-east-1": "ami-1"}}])),
            ("set_vm_metadata", json!(["i-1", {"name": "x/1"}])),
            ("has_vm", json!([{"password": PRIVATE_KEY}])),
        ] {
            calls.push(request(method, &arguments));
        }
        for call in calls {
            let mut command = host.command();
            let mut child = command.arg("--verbose").spawn().unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), call.to_string().as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            for secret in SECRETS {
                assert!(!text.contains(secret), "{}: {secret}: {text}", call["method"]);
            }
            assert!(!text.contains("AWS4-HMAC-SHA256"), "a signature is in the log: {text}");
        }
    }
}

#[test]
fn an_endpoint_that_repeats_a_secret_does_not_tell_the_plugin() {
    let body = format!(
        "<Response><Errors><Error><Code>Echo</Code><Message>{SESSION_TOKEN} {SECRET_KEY}</Message></Error></Errors></Response>"
    );
    let endpoint = Endpoint::in_turn(&[(400, &body)]);
    let answer = host(&endpoint.url()).call("has_vm", &json!(["i-1"]));
    assert!(answer.error().1.contains("DescribeInstances: Echo: * *"), "{answer:?}");
    assert!(answer.stderr.contains("the answer repeated a secret"), "{answer:?}");
}

#[test]
fn an_endpoint_with_a_password_is_refused_without_its_text() {
    for endpoint in ["https://user:canary-password@ec2.example.com", "https://ec2.example.com/?sig=canary-password"] {
        let answer = host(endpoint).call("has_vm", &json!(["i-1"]));
        let (kind, message) = answer.error();
        assert_eq!(kind, "Bosh::Clouds::CpiError");
        assert!(message.contains("aws.ec2_endpoint must"), "{message}");
        assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("canary"), "{answer:?}");
    }
}

/// The linear memories of the components that a process runs.
///
/// A linear memory is what may be written in front of a reservation that may not be touched and is larger than
/// anything else in the process.
fn linear_memory(child: &Child) -> Vec<u8> {
    const RESERVATION: u64 = 1 << 30;
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
    let regions: Vec<(u64, u64, bool)> = maps
        .lines()
        .map(|line| {
            let (range, rest) = line.split_once(' ').unwrap();
            let (start, end) = range.split_once('-').unwrap();
            let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
            (number(start), number(end), rest.starts_with("---p"))
        })
        .collect();
    let mut file = File::open(format!("/proc/{}/mem", child.id())).unwrap();
    let mut memory = Vec::new();
    for (index, (start, end, closed)) in regions.iter().enumerate() {
        if !closed || end - start < RESERVATION {
            continue;
        }
        let mut next = *start;
        for (start, end, _) in regions[..index].iter().rev().take_while(|(_, _, closed)| !closed) {
            if *end != next {
                break;
            }
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            file.seek(SeekFrom::Start(*start)).unwrap();
            file.read_exact(&mut bytes).unwrap();
            memory.extend(bytes);
            next = *start;
        }
    }
    memory
}

fn contains(memory: &[u8], text: &str) -> bool {
    memory.windows(text.len()).any(|window| window == text.as_bytes())
}
