//! Operators narrow what a plugin asks for, never widen it, and are told the line that allows what was denied.
#![allow(missing_docs, clippy::unwrap_used)]

use cpi_policy::{
    Denial, Digest, Grant, HostConfig, Manifest, Method, Outgoing, Permit, PluginRules, RuleError, Settings,
};
use serde_json::{Value, json};

const MANIFEST: &str = r#"
[plugin]
name = "aws"
version = "1.0.0"
contract = "bosh:cpi@0.1"
settings = ["region", "ec2_endpoint"]

[credentials.aws]
scheme = "sigv4"

[[http]]
hosts = ["https://ec2.{region}.amazonaws.com", "https://ec2.{region}.api.aws"]
endpoint = "ec2_endpoint"
methods = ["POST", "PUT"]
paths = ["/", "/v1/**"]
credential = "aws"
sign = { service = "ec2", region = "{region}" }
actions = { form = "Action", allow = ["RunInstances", "DescribeInstances", "DescribeVolumes"] }

[[http]]
hosts = ["https://open.example.com"]
methods = ["GET"]
paths = ["/*"]

[agents]
place = [{ action = "RunInstances", form = "UserData", encoding = "base64" }]
"#;

fn manifest() -> Manifest {
    Manifest::parse(MANIFEST).unwrap()
}

fn grant(section: &Value, host: &str) -> Result<Grant, RuleError> {
    let properties = json!({"aws": section});
    let settings = Settings::split(&manifest(), properties.as_object().unwrap(), &cpi_protocol::Object::new()).unwrap();
    Grant::new(&manifest(), &settings, &HostConfig::parse(host).unwrap())
}

fn region() -> Value {
    json!({"region": "eu-1"})
}

fn post(url: &str, action: &str) -> Outgoing {
    Outgoing {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
        body: format!("Action={action}").into_bytes(),
        credential: Some("aws".to_owned()),
        timeout_ms: None,
    }
}

fn send(section: &Value, host: &str, request: &Outgoing) -> Result<Permit, Denial> {
    grant(section, host).unwrap().check(request.clone())
}

/// The configuration with lines as they were printed, each in place of one with the same key.
fn with_lines(host: &str, denial: &Denial) -> String {
    let mut configuration: toml::Table = host.parse().unwrap();
    assert!(!denial.lines().is_empty(), "{denial}");
    for line in denial.lines() {
        let line = line.to_string();
        assert!(denial.to_string().contains(&line), "{denial}");
        merge(&mut configuration, line.replacen("] ", "]\n", 1).parse().unwrap());
    }
    configuration.to_string()
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key).and_then(toml::Value::as_table_mut), value) {
            (Some(below), toml::Value::Table(table)) => merge(below, table),
            (_, value) => _ = into.insert(key, value),
        }
    }
}

const EC2: &str = "https://ec2.eu-1.amazonaws.com/";

#[test]
fn each_list_narrows_and_an_empty_one_leaves_nothing() {
    let request = post(EC2, "DescribeInstances");
    for line in [
        "",
        "hosts = ['https://ec2.{region}.amazonaws.com']",
        "hosts = ['https://ec2.eu-1.amazonaws.com']",
        "methods = ['POST']",
        "paths = ['/']",
        "actions = ['Describe*']",
        "credentials = ['aws']",
        "allow-agents = false",
    ] {
        assert!(send(&region(), &format!("[plugin.aws]\n{line}"), &request).is_ok(), "{line}");
    }
    for line in [
        "hosts = []",
        "hosts = ['https://ec2.us-1.amazonaws.com']",
        "hosts = ['https://ec2.{region}.api.aws', '{ec2_endpoint}']",
        "methods = []",
        "methods = ['PUT']",
        "paths = []",
        "paths = ['/v1/x']",
        "actions = []",
        "actions = ['Run*']",
        "credentials = []",
    ] {
        let denial = send(&region(), &format!("[plugin.aws]\n{line}"), &request).unwrap_err();
        assert_eq!(denial.code(), "excluded-by-operator", "{line}: {denial}");
    }
    assert!(send(&region(), "[plugin.other]\nhosts = []", &request).is_ok(), "another plugin's table");
}

#[test]
fn the_printed_lines_permit_what_was_denied() {
    let moto = json!({"region": "eu-1", "ec2_endpoint": "http://127.0.0.1:5000"});
    let metadata = json!({"region": "eu-1", "ec2_endpoint": "http://169.254.169.254"});
    let large = Outgoing { body: [&b"Action=RunInstances&x="[..], &vec![b'x'; 40 << 20]].concat(), ..post(EC2, "") };
    let get =
        Outgoing { method: Method::Get, credential: None, body: Vec::new(), ..post("https://open.example.com/x", "") };
    for (section, host, request) in [
        (region(), "[plugin.aws]\nhosts = []", post(EC2, "RunInstances")),
        (region(), "[plugin.aws]\nhosts = ['https://ec2.us-1.api.aws']", post(EC2, "RunInstances")),
        (
            region(),
            "[plugin.aws]\nhosts = []\nmethods = []\npaths = []\nactions = ['Describe*']\ncredentials = []",
            post(EC2, "RunInstances"),
        ),
        (region(), "[plugin.aws]\npaths = ['/v1/a*']", post("https://ec2.eu-1.api.aws/v1/b/c", "RunInstances")),
        (
            moto.clone(),
            "[plugin.aws]\nhosts = ['https://ec2.{region}.api.aws']\n[limits]\ncpu = '1s'",
            post("http://127.0.0.1:5000/", "DescribeVolumes"),
        ),
        (metadata.clone(), "", post("http://169.254.169.254/", "RunInstances")),
        (metadata, "[egress]\nallow-private = ['10.0.0.0/8']", post("http://169.254.169.254/", "RunInstances")),
        (region(), "[limits]\nhttp = { request = '1MiB', in-flight = 2 }", large.clone()),
        (region(), "", large),
        (region(), "[plugin.aws]\nhosts = ['{ec2_endpoint}']", get),
    ] {
        let denial = send(&section, host, &request).unwrap_err();
        let allowed = with_lines(host, &denial);
        let outcome = send(&section, &allowed, &request);
        assert!(outcome.is_ok(), "{denial}\n{allowed}\n{outcome:?}");
    }
}

#[test]
fn an_address_found_by_its_name_has_its_line_as_well() {
    let permit = send(&region(), "", &post(EC2, "RunInstances")).unwrap();
    for address in ["10.1.2.3:443", "[fd00::1]:443", "[::ffff:10.0.0.1]:443"] {
        let address = address.parse().unwrap();
        assert!(!permit.addresses().allows(address));
        let allowed = with_lines("", &permit.addresses().refusal("ec2", address));
        assert!(
            send(&region(), &allowed, &post(EC2, "RunInstances")).unwrap().addresses().allows(address),
            "{allowed}"
        );
    }
}

#[test]
fn an_endpoint_that_would_help_is_named_with_its_key() {
    let request = post("https://vpce.example.com:8443/", "RunInstances");
    let denial = send(&region(), "", &request).unwrap_err().to_string();
    let (_, line) = denial.split_once("cloud.properties.aws of the provider's configuration: ").unwrap();
    let mut section = region();
    let more: Value = serde_json::from_str(&format!("{{{line}}}")).unwrap();
    section.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert!(send(&section, "", &request).is_ok(), "{denial}");
}

#[test]
fn what_only_an_author_can_change_is_called_so() {
    let put = Outgoing { method: Method::Delete, ..post(EC2, "RunInstances") };
    let unsigned = Outgoing { credential: None, ..post(EC2, "RunInstances") };
    let elsewhere = Outgoing { credential: None, ..post("https://evil.example/", "RunInstances") };
    for request in [post(EC2, "CreateUser"), post(&format!("{EC2}x"), "RunInstances"), put, unsigned, elsewhere] {
        let denial = send(&region(), "", &request).unwrap_err();
        assert!(denial.to_string().ends_with("nly the plugin's author can change that"), "{denial}");
        assert_eq!(denial.lines(), []);
    }
}

#[test]
fn agents_can_be_kept_from_a_plugin() {
    let host = "[plugin.aws]\nallow-agents = false";
    let denial = grant(&region(), host).unwrap().check_agents().unwrap_err();
    assert!(send(&region(), host, &post(EC2, "RunInstances")).unwrap().placement().is_none());
    let allowed = with_lines(host, &denial);
    grant(&region(), &allowed).unwrap().check_agents().unwrap();
    assert!(send(&region(), &allowed, &post(EC2, "RunInstances")).unwrap().placement().is_some());
}

#[test]
fn nothing_is_wider_than_the_manifest() {
    for (line, entry) in [
        ("hosts = ['https://evil.example']", "hosts: 'https://evil.example'"),
        ("hosts = ['{elb_endpoint}']", "hosts: '{elb_endpoint}'"),
        ("methods = ['DELETE']", "methods: 'DELETE'"),
        ("paths = ['/**']", "paths: '/**'"),
        ("actions = ['Create*']", "actions: 'Create*'"),
        ("credentials = ['azure']", "credentials: 'azure'"),
    ] {
        let error = grant(&region(), &format!("[plugin.aws]\n{line}")).unwrap_err().to_string();
        assert!(error.contains(entry) && error.contains("not within what the plugin asks for"), "{error}");
    }
}

#[test]
fn the_table_in_full_is_one_that_operators_can_write() {
    let digest = Digest::of_hex(&"0".repeat(64)).unwrap();
    let rules = PluginRules::default().in_full(&manifest(), digest);
    let text = format!("[plugin.aws]\n{}", toml::to_string(&rules).unwrap());
    let read = HostConfig::parse(&text).unwrap();
    assert_eq!(read.rules("aws"), rules);
    assert!(send(&region(), &text, &post(EC2, "RunInstances")).is_ok());
}
