use std::env;
use std::path::{Path, PathBuf};

use cpi_broker::ImageRules;
use cpi_policy::HostConfig;

use crate::HostOptions;

/// The host's own settings: the file named, or the one beside the program, or none.
///
/// Relative folders in it count from where the file is.
pub(crate) fn host_config(options: &HostOptions) -> Result<HostConfig, String> {
    let Some(path) = host_file(options) else { return Ok(HostConfig::default()) };
    let failed = |problem: &dyn std::fmt::Display| format!("host configuration '{}': {problem}", path.display());
    let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
    let mut config = HostConfig::parse(&text).map_err(|error| failed(&error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for relative in [&mut config.plugins, &mut config.state].into_iter().flatten().chain(&mut config.images.roots) {
        *relative = folder.join(&relative);
    }
    Ok(config)
}

/// The file with the host's own settings: the one named, or the one beside the program when there is one.
pub(crate) fn host_file(options: &HostOptions) -> Option<PathBuf> {
    let beside = || program_folder().map(|folder| folder.join("host.toml")).filter(|file| file.exists());
    options.file.clone().or_else(beside)
}

/// The folder of installed plugins: as configured, or `plugins` beside the program.
pub(crate) fn plugins(config: &HostConfig) -> Result<PathBuf, String> {
    config.plugins.clone().or_else(|| program_folder().map(|folder| folder.join("plugins"))).ok_or_else(|| {
        "the folder of this program cannot be determined: set `plugins` in the host configuration".to_owned()
    })
}

/// Which images of stemcells may be read: the folders below which they must be as the kernel names them.
pub(crate) fn image_rules(config: &HostConfig) -> ImageRules {
    // One that is not there has no image in it either.
    let roots = config.images.roots.iter().map(|root| root.canonicalize().unwrap_or_else(|_| root.clone())).collect();
    ImageRules { roots, largest: config.images.largest.as_u64() }
}

/// The folder for what plugins keep: as configured, or the user's folder for such things, or a temporary one of the
/// user's. Whose it really is, is looked at when it is used.
pub(crate) fn state(config: &HostConfig) -> PathBuf {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    config
        .state
        .clone()
        .or_else(|| variable("XDG_STATE_HOME").map(|folder| folder.join("cpi-host")))
        .or_else(|| variable("HOME").map(|folder| folder.join(".local/state/cpi-host")))
        .unwrap_or_else(temporary_state)
}

/// Where the state is when neither the operator nor the user's environment says where.
pub(crate) fn temporary_state() -> PathBuf {
    env::temp_dir().join(format!("cpi-host-state-{}", rustix::process::geteuid().as_raw()))
}

fn program_folder() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.parent()?.to_owned())
}
