use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use cpi_broker::{Journal, Level, Stderr};
use cpi_policy::HostConfig;
use cpi_runtime::About;

use super::Options;
use super::finding::Findings;
use crate::config::CloudConfig;
use crate::ready::Ready;
use crate::session::{self, Session, catalog, unusable};
use crate::{HostOptions, paths};

/// What the files on this machine come to.
pub(super) struct Configured {
    pub(super) session: Session,
    pub(super) journal: Arc<Journal>,
}

/// Reads everything that a call reads.
pub(super) fn look(options: &Options, findings: &mut Findings) -> Option<Configured> {
    let host = host_settings(&options.about.host, findings)?;
    let context = options.about.context();
    let context = findings.keep("context", context.map_err(|error| error.message().to_owned()))?;
    let cloud = CloudConfig::read(&options.about.config, context.plugin.as_deref());
    let cloud = findings.keep("configuration", cloud.map_err(|error| error.message().to_owned()))?;
    configuration(&options.about.config, &cloud, findings);

    let journal = Arc::new(Journal::new(Box::new(Stderr::default()), Level::Error, None));
    session::hide(&cloud, &journal);
    journal.hide(|mask| mask.add_named(&context.properties));
    let (about, ready) = installed(&cloud, &host, findings)?;
    let info = (about.stemcell_formats.join(", "), about.api_version);
    let session = Session::open(ready, &cloud, &context.properties, &host, &journal);
    let session = findings.keep("settings", session.map_err(|error| journal.masked(error.message())))?;
    findings.ok("info", format!("stemcell formats {}; API version up to {}", info.0, info.1));
    limits(&session, findings);
    agent(&cloud, findings);
    Some(Configured { session, journal })
}

fn host_settings(options: &HostOptions, findings: &mut Findings) -> Option<HostConfig> {
    let host = findings.keep("host", paths::host_config(options))?;
    findings.ok(
        "host",
        match paths::host_file(options) {
            Some(file) => format!("settings in '{}'", file.display()),
            None => "no settings of the host's own: the defaults hold".to_owned(),
        },
    );
    Some(host)
}

/// The configuration holds secrets: nobody else should read it, and nobody else may write it.
fn configuration(path: &Path, cloud: &CloudConfig, findings: &mut Findings) {
    let mode = std::fs::metadata(path).map_or(0, |facts| facts.mode() & 0o777);
    let shown = path.display();
    if mode & 0o022 != 0 {
        findings.problem("configuration", format!("others may write to '{shown}' (mode {mode:o}): chmod go-w"));
    } else if mode & 0o004 != 0 {
        findings.warning(
            "configuration",
            format!("everybody may read the secrets in '{shown}' (mode {mode:o}): chmod o-r"),
        );
    } else {
        findings.ok("configuration", format!("'{shown}' selects plugin '{}'", cloud.plugin));
    }
}

fn installed(cloud: &CloudConfig, host: &HostConfig, findings: &mut Findings) -> Option<(About, Ready)> {
    let catalog = findings.keep("plugin", catalog(host).map_err(|error| error.message().to_owned()))?;
    let opened = catalog.open(&cloud.plugin).map_err(|error| unusable(cloud, &error).message().to_owned());
    let installed = findings.keep("plugin", opened)?;
    let plugin = &installed.manifest.plugin;
    let shown = format!("{} {}, contract {}, verified", plugin.name, plugin.version, plugin.contract);
    let about = installed.about.clone();
    let ready = Ready::verified(cloud, &catalog, installed).map_err(|error| error.message().to_owned());
    let ready = findings.keep("plugin", ready)?;
    findings.ok("plugin", shown);
    Some((about, ready))
}

fn limits(session: &Session, findings: &mut Findings) {
    let differences = session.limits.differences();
    if differences.is_empty() {
        findings.ok("limits", "the defaults");
    }
    for (name, value, default) in differences {
        findings.ok("limits", format!("{name} is {value} instead of {default}"));
    }
}

/// Names only: the values are secrets, or lead to them.
fn agent(cloud: &CloudConfig, findings: &mut Findings) {
    let agent = cloud.section("agent");
    let names: Vec<_> = agent.keys().map(String::as_str).collect();
    if agent.contains_key("mbus") {
        findings.ok("agent", format!("new VMs get {}", names.join(", ")));
    } else {
        let text = "cloud.properties.agent has no mbus: agents of new VMs will not find their director";
        findings.warning("agent", text);
    }
}
