//! Files that the job of the Ruby CPI renders beside its configuration.

use std::path::{Path, PathBuf};

use cpi_policy::HostSettings;

/// Certificates to trust in a private cloud, as PEM: the setting, or the job's file.
pub fn stack_certificates(settings: &HostSettings) -> Option<String> {
    settings.text("environment").filter(|environment| *environment == "AzureStack")?;
    let given = settings.text("azure_stack.ca_cert").map(str::to_owned);
    given.or_else(|| read(&path("azure_stack_ca_cert.pem")))
}

pub(super) fn path(name: &str) -> PathBuf {
    let jobs = std::env::var_os("BOSH_JOBS_DIR").map_or(PathBuf::from("/var/vcap/jobs"), PathBuf::from);
    jobs.join("azure_cpi/config").join(name)
}

/// What stands in a file, if anything does.
pub(super) fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok().filter(|text| !text.trim().is_empty())
}
