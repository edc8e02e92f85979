use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::{Host, component, dist};

/// A folder of installed plugins that a test has for itself.
pub struct Plugins {
    folder: TempDir,
}

impl Plugins {
    /// With nothing in it.
    pub fn empty() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        fs::create_dir(folder.path().join("plugins")).expect("a folder");
        Self { folder }
    }

    /// With the simulated cloud.
    pub fn with_sim() -> Self {
        let plugins = Self::empty();
        plugins.install_file(&component("sim"), &[]).expect("an installation");
        plugins
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("plugins").join(name)
    }

    /// Installs a component, with more arguments: what the program prints, or why it refuses.
    pub fn install(&self, bytes: &[u8], arguments: &[&str]) -> Result<String, String> {
        let file = self.folder.path().join("component.wasm");
        fs::write(&file, bytes).expect("a file");
        self.install_file(&file, arguments)
    }

    /// Installs the component in a file.
    pub fn install_file(&self, file: &Path, arguments: &[&str]) -> Result<String, String> {
        let output = self.command("install").args(arguments).arg("--into").arg(self.path("")).arg(file).output();
        said(output.expect("the program starts"))
    }

    /// What `plugin inspect` says.
    pub fn inspect(&self, what: &str, settings: &str) -> Result<String, String> {
        let host = self.host(settings);
        let output = self.command("inspect").arg(what).arg("--host").arg(host.path("host.toml")).output();
        said(output.expect("the program starts"))
    }

    /// A subcommand of `plugin`.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(dist().join("cpi-host"));
        command.args(["plugin", name]);
        command
    }

    /// The program with the simulated cloud as installed here, and more settings of the host.
    pub fn host(&self, settings: &str) -> Host {
        Host::sim().with_settings(&format!("plugins = '{}'\n{settings}", self.path("").display()))
    }

    /// Folders of generations of the simulated cloud.
    pub fn generations(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("sim")).expect("a folder").flatten().map(|entry| entry.path());
        entries.filter(|path| path.is_dir()).collect()
    }

    /// The compiled code of the simulated cloud that is used.
    pub fn compiled(&self) -> PathBuf {
        let current = fs::read_to_string(self.path("sim/current.json")).expect("a record");
        let current: serde_json::Value = serde_json::from_str(&current).expect("JSON");
        let generation = current["record"]["generation"].as_str().expect("a name");
        self.path("sim").join(generation).join("component.cwasm")
    }
}

/// A component with one more custom section: another digest, and nothing else.
#[must_use]
pub fn another(mut component: Vec<u8>, tag: u8) -> Vec<u8> {
    component.extend([0, 3, 1, b'x', tag]);
    component
}

fn said(output: Output) -> Result<String, String> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    if output.status.success() {
        return Ok(text(output.stdout));
    }
    assert_eq!(output.stdout, b"", "refusals are said on stderr");
    Err(text(output.stderr))
}
