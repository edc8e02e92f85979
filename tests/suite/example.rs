//! The walk-through of `docs/plugins.md`: its plugin lives in the small cloud beside it, and what it quotes is there.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cpi_tests::{Answer, Host, Plugins, component, request};
use serde_json::{Value, json};

const TOKEN: &str = "example-token-4711";

/// `plugins/example/cloud.py`, ended when this is dropped.
struct Cloud {
    process: Child,
    url: String,
    plugins: Plugins,
}

impl Cloud {
    fn start() -> Self {
        let plugins = Plugins::empty();
        plugins.install_file(&component("example"), &[]).unwrap();
        let mut process = Command::new(root().join(".venv/bin/python"))
            .arg(root().join("plugins/example/cloud.py"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { process, url: url.trim().to_owned(), plugins }
    }

    fn host(&self) -> Host {
        let section = json!({"endpoint": self.url, "api_token": TOKEN});
        let agent = json!({"mbus": "nats://nats:canary-mbus@10.0.0.6:4222"});
        Host::new("example", &json!({"example": section, "agent": agent}))
            .with_settings(&format!("plugins = '{}'\n", self.plugins.path("").display()))
    }

    /// What the cloud itself says, whatever the plugin may ask for.
    fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        write!(stream, "GET /v1/{path} HTTP/1.0\r\nAuthorization: Bearer {TOKEN}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn create_vm(size: &str) -> Value {
    let network = json!({"type": "manual", "ip": "10.0.0.2", "netmask": "255.255.255.0", "gateway": "10.0.0.1"});
    let env = json!({"bosh": {"password": "canary-password"}});
    request("create_vm", &json!(["agent-1", "jammy-1", {"size": size}, {"private": network}, [], env]))
}

#[test]
fn a_vm_and_its_disk_live_in_the_small_cloud() {
    let cloud = Cloud::start();
    let host = cloud.host();
    let stemcell = host.call("create_stemcell", &json!(["/nowhere", {"image": "jammy-1"}])).result();
    assert_eq!(stemcell, "jammy-1");

    let tape = host.path("create-vm.jsonl");
    let answer = Host::exchange(host.command().arg("--record").arg(&tape), create_vm("small").to_string().as_bytes());
    let vm = answer.result()[0].clone();
    let told = cloud.get(&format!("servers/{}/user_data", vm.as_str().unwrap()));
    let told: Value = serde_json::from_slice(&STANDARD.decode(told.as_str().unwrap()).unwrap()).unwrap();
    assert_eq!((&told["agent_id"], &told["networks"]["private"]["ip"]), (&json!("agent-1"), &json!("10.0.0.2")));
    let recorded = fs::read_to_string(&tape).unwrap();
    assert!(!recorded.contains("canary") && !recorded.contains(TOKEN), "{recorded}");
    let component = component("example");
    for more in [vec![], vec!["--plugin", component.to_str().unwrap()]] {
        let settings = host.path("host.toml");
        let arguments = [vec![tape.to_str().unwrap(), "--host", settings.to_str().unwrap()], more].concat();
        let replayed = host.replay(&arguments);
        assert!(replayed.status == 0 && replayed.stdout.contains("no difference"), "{replayed:?}");
    }

    let disk = host.call("create_disk", &json!([1024, {}, vm])).result();
    assert_eq!(host.call("attach_disk", &json!([vm, disk])).result(), json!({"path": "/dev/vdb"}));
    assert_eq!(host.call("get_disks", &json!([vm])).result(), json!([disk]));
    host.call("detach_disk", &json!([vm, disk])).result();
    let fails = |method: &str, arguments: Value| host.call(method, &arguments).error().0;
    assert_eq!(fails("detach_disk", json!([vm, disk])), "Bosh::Clouds::DiskNotAttached");
    for (kind, gone, id) in [("vm", "Bosh::Clouds::VMNotFound", &vm), ("disk", "Bosh::Clouds::DiskNotFound", &disk)] {
        let (has, delete) = (format!("has_{kind}"), format!("delete_{kind}"));
        assert_eq!(host.call(&has, &json!([id])).result(), true);
        host.call(&delete, &json!([id])).result();
        assert_eq!(host.call(&has, &json!([id])).result(), false);
        assert_eq!(fails(&delete, json!([id])), gone);
    }
    assert!(host.run("orphans", &[]).stdout.contains("Nothing is left behind"));
}

#[test]
fn a_killed_call_leaves_nothing_that_is_not_found() {
    let cloud = Cloud::start();
    let host = cloud.host();
    let mut child = host.start(create_vm("stuck").to_string().as_bytes());
    let start = Instant::now();
    while cloud.get("servers") == json!([]) {
        assert!(start.elapsed() < Duration::from_mins(1), "no server is made");
        thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let found = host.run("orphans", &[]);
    assert!(found.stdout.contains("killed") && found.stdout.contains("there"), "{found:?}");
    let removed = host.run("orphans", &["--delete"]);
    assert!(removed.stdout.contains("removed"), "{removed:?}");
    assert_eq!(cloud.get("servers"), json!([]));
}

#[test]
fn a_refusal_is_told_in_the_clouds_words_and_is_no_answer_to_a_question() {
    let cloud = Cloud::start();
    let host = cloud.host().with_setting("example", "api_token", &json!("another-token-4712"));
    let (kind, message) = host.call("has_vm", &json!(["vm-1"])).error();
    assert_eq!(kind, "Bosh::Clouds::CloudError");
    assert_eq!(message, "GetServer: BadToken: this is not a token of ours");
    let doctor: Answer = host.run("doctor", &[]);
    assert!(doctor.status == 1 && doctor.stdout.contains("BadToken"), "{doctor:?}");
    // Nothing was made, so nothing is on record.
    host.call("create_disk", &json!([1024, {}])).error();
    assert!(host.run("orphans", &[]).stdout.contains("Nothing is left behind"));
}

/// Blocks of code that name a file of `plugins/example` are pieces of that file.
#[test]
fn what_the_document_quotes_is_there() {
    let document = fs::read_to_string(root().join("docs/plugins.md")).unwrap();
    let blocks = document.split("\n```").skip(1).step_by(2);
    let quotes = blocks.filter_map(|block| {
        let (head, text) = block.split_once('\n')?;
        Some((PathBuf::from(head.split_once(" plugins/").map(|(_, path)| format!("plugins/{path}"))?), text))
    });
    let mut count = 0;
    for (path, quote) in quotes {
        let file = fs::read_to_string(root().join(&path)).unwrap();
        assert!(file.contains(quote), "{} has no such lines:\n{quote}", path.display());
        count += 1;
    }
    assert!(count >= 5, "{count} quotes");
}

/// A key that no manifest has makes the reader say which there are: each of them is in the tables of the document.
#[test]
fn the_document_names_every_key_of_a_manifest() {
    let document = fs::read_to_string(root().join("docs/plugins.md")).unwrap();
    let section = document.split_once("\n## The manifest").unwrap().1.split_once("\n## ").unwrap().0;
    let code: String = section.split('`').skip(1).step_by(2).collect::<Vec<_>>().join(" ");
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    let named: BTreeSet<&str> = code.split(|letter| !is_part(letter)).collect();
    let plugin = "[plugin]\nname = \"x\"\nversion = \"1\"\ncontract = \"bosh:cpi@0.1\"\n";
    let scheme = |name: &str| format!("[credentials.c]\nscheme = \"{name}\"\n");
    let mut tables = vec![String::new(), "[retry]\n".to_owned(), "[agents]\n".to_owned(), "[limits]\n".to_owned()];
    tables.extend(["http", "retries"].map(|table| format!("[limits.{table}]\n")));
    tables.extend([
        "[[http]]\n".to_owned(),
        "[[endpoint]]\n".to_owned(),
        "[credentials.c]\nscheme = \"?\"\n".to_owned(),
    ]);
    tables.extend(["entra", "shared-key", "shared-key-lite", "sas", "basic", "bearer"].map(scheme));
    tables.push("[[http]]\nhosts = []\nmethods = []\npaths = []\nsign = { none = 1 }\n".to_owned());
    tables.push("[[http]]\nhosts = []\nmethods = []\npaths = []\nactions = { none = 1 }\n".to_owned());
    let mut keys = 0;
    for table in tables {
        let refusal = cpi_policy::Manifest::parse(&format!("{plugin}{table}none-such = 1\n")).unwrap_err().to_string();
        let known = refusal.split_once("expected ").unwrap_or_else(|| panic!("{table}: {refusal}")).1;
        for key in known.split('`').skip(1).step_by(2) {
            assert!(named.contains(key), "{key} of {table}");
            keys += 1;
        }
    }
    assert!(keys > 60, "{keys} keys");
}
