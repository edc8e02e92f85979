//! Texts that stand for secrets, looked for wherever a plugin, an operator or a reader of a log could see them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Endpoint, Host, request};
use serde_json::{Value, json};

use crate::case;
use crate::scene::{
    BUS_PASSWORD, ENV_PASSWORD, NOWHERE, SECRET_KEY, SECRETS, SESSION_TOKEN, STRAY, hostile, trick, whole,
};

const SECTION: &str = "secrets and logs";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A27", "environment, files, arguments", surroundings),
    case(SECTION, "A29", "a plugin that tells all it was told", told),
    case(SECTION, "A29b", "a plugin that looks through its memory", scanned),
    case(SECTION, "A29c", "the memory of a plugin, seen from outside", memory),
    case(SECTION, "A29d", "logs and responses of every method", logs),
    case(SECTION, "A29e", "an endpoint with a password in it", endpoint_with_password),
    case(SECTION, "A29f", "an answer that repeats credentials", repeated),
    case(SECTION, "A30", "the agent's settings in another place", elsewhere),
    case(SECTION, "A30b", "a token that was guessed, or is of another call", guessed),
    case(SECTION, "A31", "credentials under unusual keys", unusual_keys),
];

/// What the plugin must know: the proof that a search looks in the right place.
const KNOWN: &str = "zone-that-the-plugin-knows";

fn surroundings() {
    let (_, message) = trick("env").error();
    assert!(message.contains("vars = []") && message.contains("args = []"), "{message}");
    assert!(!message.contains("root:") && !message.contains("Ok(File"), "{message}");
    assert!(!std::path::Path::new("/tmp/FORGED").exists());
}

fn create_vm(agent: &str) -> Value {
    let properties = json!({"instance_type": "m5.large", "availability_zone": KNOWN});
    let network = json!({"type": "manual", "ip": "10.0.1.20", "cloud_properties": {"subnet": "subnet-1"}});
    let env = json!({
        "bosh": {"mbus": {"cert": {"private_key": ENV_PASSWORD}}, "password": ENV_PASSWORD, "group": "g", "tags": {"a": "b"}},
        "persistent_disk_fs": "ext4", "other": [ENV_PASSWORD],
    });
    let mut call =
        request("create_vm", &json!([agent, "ami-0b05b0000000000a1 light", properties, {"private": network}, [], env]));
    call["context"]["access_token"] = json!(STRAY);
    call
}

fn told() {
    let host = hostile(NOWHERE, "");
    let answer = whole(&host, host.send(create_vm("anything").to_string().as_bytes()));
    let (_, message) = answer.error();
    assert!(message.contains("bosh-agent-settings-") && message.contains(KNOWN), "{message}");
    let answer = whole(&host, host.call("has_vm", &json!(["settings"])));
    assert!(answer.error().1.contains("endpoint"), "{answer:?}");
}

fn scanned() {
    let host = hostile(NOWHERE, "cpu = \"20s\"\n");
    for secret in SECRETS {
        let backwards: String = secret.chars().rev().collect();
        let answer = whole(&host, host.send(create_vm(&format!("memory-scan:{backwards}")).to_string().as_bytes()));
        assert!(answer.error().1.contains("\"0 in "), "{secret}: {answer:?}");
    }
    let backwards: String = KNOWN.chars().rev().collect();
    let answer = whole(&host, host.send(create_vm(&format!("memory-scan:{backwards}")).to_string().as_bytes()));
    assert!(!answer.error().1.contains("\"0 in "), "the search must find what the plugin knows: {answer:?}");
}

fn aws(endpoint: &str) -> Host {
    let section = json!({
        "access_key_id": "AKIACANARY0000000001", "secret_access_key": SECRET_KEY, "session_token": SESSION_TOKEN,
        "region": "us-east-1", "ec2_endpoint": endpoint, "max_retries": 0, "default_key_name": "bosh",
        "default_security_groups": ["sg-12345678"], "api_password": STRAY,
    });
    let agent = json!({"mbus": format!("nats://nats:{BUS_PASSWORD}@10.0.0.6:4222")});
    Host::new("aws", &json!({"aws": section, "agent": agent})).with_settings("[limits]\nhttp = { timeout = \"10s\" }\n")
}

fn memory() {
    let endpoint = Endpoint::hanging();
    let host = aws(&endpoint.url());
    let mut child = host.start(create_vm("agent-1").to_string().as_bytes());
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
    assert!(signed.contains(&format!("x-amz-security-token: {}", SESSION_TOKEN.to_ascii_lowercase())), "{signed}");
    assert!(contains(&memory, KNOWN), "the search must find what the plugin knows");
    for secret in SECRETS {
        assert!(!contains(&memory, secret), "{secret} is in the plugin's memory");
    }
}

fn logs() {
    let nonsense = Endpoint::answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n<refused>");
    for endpoint in [Endpoint::refusing(), nonsense.url()] {
        let host = aws(&endpoint);
        let mut calls = vec![create_vm("agent-1")];
        for (method, arguments) in [
            ("info", json!([])),
            ("has_vm", json!(["i-1"])),
            ("delete_vm", json!(["i-1"])),
            ("create_disk", json!([1024, {}, "i-1"])),
            ("create_stemcell", json!(["/nowhere", {"ami": {"us-east-1": "ami-1"}}])),
            ("set_vm_metadata", json!(["i-1", {"name": "x/1"}])),
            ("has_vm", json!([{"password": ENV_PASSWORD}])),
        ] {
            calls.push(request(method, &arguments));
        }
        for call in calls {
            let mut command = host.command();
            let mut child = command.arg("--verbose").spawn().unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), call.to_string().as_bytes()).unwrap();
            let answer = whole(&host, Answer::of(child.wait_with_output().unwrap(), Duration::ZERO));
            assert!(!answer.stderr.contains("AWS4-HMAC-SHA256"), "a signature is in the log: {answer:?}");
        }
    }
}

fn repeated() {
    let body = format!(
        "<Response><Errors><Error><Code>Echo</Code><Message>{SESSION_TOKEN} {SECRET_KEY}</Message></Error></Errors></Response>"
    );
    let endpoint = Endpoint::in_turn(&[(400, &body)]);
    let host = aws(&endpoint.url());
    let answer = whole(&host, host.call("has_vm", &json!(["i-1"])));
    assert!(answer.error().1.contains("DescribeInstances: Echo: VM 'i-1': * *"), "{answer:?}");
    assert!(answer.stderr.contains("the answer repeated a secret"), "{answer:?}");
}

fn endpoint_with_password() {
    let texts = ["https://user:canary-password@ec2.example.com", "https://ec2.example.com/?sig=canary-password"];
    for endpoint in texts {
        let host = aws(endpoint);
        let answer = whole(&host, host.call("has_vm", &json!(["i-1"])));
        let (kind, message) = answer.error();
        assert_eq!(kind, "Bosh::Clouds::CpiError");
        assert!(message.contains("aws.ec2_endpoint must"), "{message}");
        assert!(!format!("{}{}", answer.stdout, answer.stderr).contains("canary"), "{answer:?}");
    }
}

fn elsewhere() {
    let endpoint = Endpoint::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let host = hostile(&endpoint.url(), "");
    whole(&host, host.send(create_vm("place-elsewhere").to_string().as_bytes()));
    let received = endpoint.received();
    assert!(received.len() > 3 && received.concat().contains("bosh-agent-settings-"), "tokens went out: {received:?}");
    let replaced = |request: &str| [BUS_PASSWORD, ENV_PASSWORD, DOCUMENT].iter().any(|text| request.contains(text));
    assert!(!received.iter().any(|request| replaced(request)), "{received:?}");
    // And where it belongs, it is replaced: the proof that the search finds it.
    whole(&host, host.send(create_vm("place").to_string().as_bytes()));
    assert!(replaced(endpoint.received().last().unwrap()), "{:?}", endpoint.received().last());
}

/// How a settings document begins in base64: `{"vm":{"name":"hostile"},`.
const DOCUMENT: &str = "eyJ2bSI6eyJuYW1lIjoiaG9zdGlsZSJ9L";

fn guessed() {
    let endpoint = Endpoint::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let host = hostile(&endpoint.url(), "");
    let (_, message) = whole(&host, host.send(create_vm("anything").to_string().as_bytes())).error();
    let start = message.find("bosh-agent-settings-").unwrap();
    let of_another_call: String = message[start..].chars().take(20 + 32).collect();
    for token in
        [of_another_call.as_str(), "bosh-agent-settings-00000000000000000000000000000000", "bosh-agent-settings-"]
    {
        let form = json!([["content-type", "application/x-www-form-urlencoded"]]);
        let orders = json!([{
            "url": format!("{}/", endpoint.url()), "method": "POST", "credential": "aws", "headers": form,
            "body": format!("Action=RunInstances&UserData={token}"),
        }]);
        crate::scene::send(&host, &orders);
        assert!(endpoint.received().last().unwrap().ends_with(&format!("UserData={token}")), "{token}");
    }
    let answer = whole(&host, host.send(create_vm("seal-wrong").to_string().as_bytes()));
    let (_, message) = answer.error();
    assert!(message.contains("has no network 'unknown'") && message.contains("must be text"), "{message}");
    let made: usize = message.trim_end_matches(')').rsplit(' ').next().unwrap().parse().unwrap();
    assert!(made <= 256, "documents have a limit: {message}");
}

fn unusual_keys() {
    let host = hostile(NOWHERE, "");
    let mut call = request("has_vm", &json!(["settings"]));
    for key in ["secret", "SecretAccessKey", "aws_secret", "x", "config", "hostile", "properties", "endpoint\u{0}"] {
        call["context"][key] = json!({"deep": [STRAY]});
    }
    call["context"]["secret_access_key"] = json!(STRAY);
    let answer = whole(&host, host.send(call.to_string().as_bytes()));
    let (_, message) = answer.error();
    let settings = message.split_once("settings: ").unwrap().1;
    assert!(settings.starts_with("\"{\\\"endpoint\\\":\\\"http://127.0.0.1:9\\\"}\""), "{message}");
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
