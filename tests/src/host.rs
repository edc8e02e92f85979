use std::fmt;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The program with a configuration, its settings and its state in a folder of their own.
pub struct Host {
    program: PathBuf,
    folder: TempDir,
}

/// What a call came to.
pub struct Answer {
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
    /// Exit status; negative for a signal.
    pub status: i32,
    /// From start to exit.
    pub took: Duration,
}

impl Host {
    /// The program with the simulated cloud.
    pub fn sim() -> Self {
        Self::new("sim", &json!({}))
    }

    /// The program with the misbehaving plugin, whose endpoint this is.
    pub fn hostile(endpoint: &str) -> Self {
        Self::hostile_with(&json!({"endpoint": endpoint}))
    }

    /// The program with the misbehaving plugin and these settings.
    pub fn hostile_with(section: &Value) -> Self {
        let host = Self::new("hostile", &json!({"hostile": section}));
        host.with_settings(&format!("plugins = '{}'\n", test_plugins().display()))
    }

    /// The program with AWS at this endpoint.
    pub fn aws(endpoint: &str) -> Self {
        let aws = json!({
            "credentials_source": "static",
            "access_key_id": "AKIATESTKEY00000001",
            "secret_access_key": "test-secret-access-key-0123456789abcdef",
            "region": "us-east-1",
            "ec2_endpoint": endpoint,
            "elb_endpoint": endpoint,
            "ebs_endpoint": endpoint,
            "default_security_groups": ["sg-12345678"],
            "max_retries": 0,
        });
        Self::new("aws", &json!({"aws": aws, "agent": {"mbus": "nats://nats:mbus-password@10.0.0.6:4222"}}))
    }

    /// The program with a plugin and `cloud.properties`.
    pub fn new(plugin: &str, properties: &Value) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let host = Self { program: dist().join("cpi-host"), folder };
        host.with_config(&json!({"cloud": {"plugin": plugin, "properties": properties}}).to_string()).with_settings("")
    }

    /// Replaces the text of the configuration.
    #[must_use]
    pub fn with_config(self, text: &str) -> Self {
        std::fs::write(self.path("cpi.json"), text).expect("a configuration");
        self
    }

    /// Sets one setting of a provider's section.
    #[must_use]
    pub fn with_setting(self, section: &str, key: &str, value: &Value) -> Self {
        let file = self.path("cpi.json");
        let mut config: Value = serde_json::from_slice(&std::fs::read(&file).expect("a configuration")).expect("JSON");
        config["cloud"]["properties"][section][key] = value.clone();
        self.with_config(&config.to_string())
    }

    /// Replaces the host's own settings (TOML); the state stays in the temporary folder.
    #[must_use]
    pub fn with_settings(self, text: &str) -> Self {
        std::fs::write(self.path("host.toml"), format!("state = \"state\"\n{text}")).expect("settings");
        self
    }

    /// Adds to the host's own settings (TOML).
    #[must_use]
    pub fn with_more_settings(self, text: &str) -> Self {
        let file = self.path("host.toml");
        let before = std::fs::read_to_string(&file).expect("settings");
        std::fs::write(file, before + text).expect("settings");
        self
    }

    /// A file of this host's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Calls a method at API version 2, for a current stemcell.
    pub fn call(&self, method: &str, arguments: &Value) -> Answer {
        self.send(request(method, arguments).to_string().as_bytes())
    }

    /// Sends any text as a request.
    pub fn send(&self, input: &[u8]) -> Answer {
        let start = Instant::now();
        let child = self.start(input);
        Answer::of(child.wait_with_output().expect("the end of the program"), start.elapsed())
    }

    /// Starts a call, and gives it its whole request.
    pub fn start(&self, input: &[u8]) -> Child {
        let mut child = self.command().spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input).expect("the request is read");
        child
    }

    /// Runs another command of the program with this host's configuration; returns its exit status and its output.
    pub fn run(&self, command: &str, arguments: &[&str]) -> Answer {
        let start = Instant::now();
        let output = self.program(command).args(arguments).output().expect("the program starts");
        Answer::of(output, start.elapsed())
    }

    /// Runs a command that a test has changed, with its whole request.
    pub fn exchange(command: &mut Command, input: &[u8]) -> Answer {
        let start = Instant::now();
        let mut child = command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input).expect("the request is read");
        drop(stdin);
        Answer::of(child.wait_with_output().expect("the end of the program"), start.elapsed())
    }

    /// Replays a recording: its name and further arguments.
    pub fn replay(&self, arguments: &[&str]) -> Answer {
        let start = Instant::now();
        let output = Command::new(&self.program).arg("replay").args(arguments).output().expect("the program starts");
        Answer::of(output, start.elapsed())
    }

    /// The command of a call, with pipes and an environment as bare as a director's.
    pub fn command(&self) -> Command {
        self.program("call")
    }

    /// A subcommand with this host's configuration and settings, in the same surroundings.
    pub fn program(&self, subcommand: &str) -> Command {
        let mut command = self.bare(subcommand);
        command.arg("--config").arg(self.path("cpi.json")).arg("--host").arg(self.path("host.toml"));
        command
    }

    /// A subcommand without any configuration, in the same surroundings.
    pub fn bare(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(subcommand)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Answer {
    /// What a finished process left.
    pub fn of(output: Output, took: Duration) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
            status: output.status.code().or(output.status.signal().map(|signal| -signal)).unwrap_or(i32::MIN),
            took,
        }
    }

    /// The response, which must be one line with the members that directors check, and exit status 0.
    pub fn response(&self) -> Value {
        assert_eq!(self.status, 0, "{self:?}");
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        let response: Value = serde_json::from_str(&self.stdout).expect("stdout is JSON");
        let members: Vec<_> = response.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["result", "error", "log"], "{self:?}");
        assert!(response["log"].is_string(), "{self:?}");
        if let Some(error) = response["error"].as_object() {
            assert!(response["result"].is_null(), "{self:?}");
            assert!(error["type"].is_string() && error["message"].is_string(), "{self:?}");
            assert!(error["ok_to_retry"].is_boolean(), "{self:?}");
        }
        response
    }

    /// The result of a call that must have succeeded.
    pub fn result(&self) -> Value {
        let response = self.response();
        assert!(response["error"].is_null(), "{self:?}");
        response["result"].clone()
    }

    /// Type and message of the error of a call that must have failed.
    pub fn error(&self) -> (String, String) {
        let response = self.response();
        let text = |member: &str| response["error"][member].as_str().unwrap_or_default().to_owned();
        assert!(response["error"].is_object(), "{self:?}");
        (text("type"), text("message"))
    }
}

impl fmt::Debug for Answer {
    /// Shortened: some plugins talk a lot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| text.chars().take(2000).collect::<String>();
        let Self { stdout, stderr, status, took } = self;
        write!(f, "status {status} after {took:?}\nstdout: {}\nstderr: {}", short(stdout), short(stderr))
    }
}

/// A request at API version 2, for a current stemcell.
pub fn request(method: &str, arguments: &Value) -> Value {
    json!({
        "method": method,
        "arguments": arguments,
        "context": {"director_uuid": "director-1", "request_id": "cpi-1", "vm": {"stemcell": {"api_version": 3}}},
        "api_version": 2,
    })
}

/// The folder that `make build` makes.
pub fn dist() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("dist");
    assert!(folder.join("cpi-host").exists(), "there is no {}: run `make build` first", folder.display());
    folder
}

/// A component as it was built.
pub fn component(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .with_file_name("target")
        .join(format!("wasm32-wasip2/plugin/cpi_plugin_{name}.wasm"));
    assert!(file.exists(), "there is no {}: run `make build` first", file.display());
    file
}

/// The misbehaving plugin, installed once for all tests of a process: a folder for `plugins` of the host's settings.
pub fn test_plugins() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let install = || {
        let folder = TempDir::new().expect("a temporary folder");
        let status = Command::new(dist().join("cpi-host"))
            .args(["plugin", "install", "--into"])
            .arg(folder.path())
            .arg(component("hostile"))
            .stdout(Stdio::null())
            .status();
        assert!(status.expect("the program starts").success());
        folder
    };
    FOLDER.get_or_init(install).path()
}
