//! What depends on the version of the API that the caller speaks.

use cpi_catalog::Installed;
use cpi_policy::Agents;
use cpi_protocol::{Call, CpiError, ErrorType, HIGHEST_API_VERSION, Method, Object, Request};
use cpi_runtime::About;
use serde_json::{Value, json};

use crate::config::CloudConfig;

/// Callers refuse to work with anything lower.
const LOWEST_API_VERSION: u64 = 2;

/// The first stemcell version whose agent takes its settings from the cloud instead of a registry.
const SETTINGS_FROM_CLOUD: u8 = 2;

/// The result of `info`: the same object for every version, for one that is too high as well. By it a caller learns which
/// one to speak.
pub(super) fn info(about: &About, cloud: &CloudConfig) -> Value {
    let highest = u64::from(about.api_version.min(HIGHEST_API_VERSION));
    let version = cloud.highest_api_version().map_or(highest, |wanted| wanted.clamp(LOWEST_API_VERSION, highest));
    json!({"stemcell_formats": about.stemcell_formats, "api_version": version})
}

/// Refuses a version that the plugin does not speak, and a VM whose agent could not learn its settings.
pub(super) fn before(
    request: &Request,
    call: &Call,
    installed: &Installed,
    cloud: &CloudConfig,
    registry: bool,
) -> Result<(), CpiError> {
    let Installed { about, manifest, .. } = installed;
    if request.api_version > about.api_version {
        return Err(CpiError::host(format!(
            "api_version {} is higher than {}, the highest that plugin '{}' speaks",
            request.api_version, about.api_version, cloud.plugin
        )));
    }
    if !matches!(call, Call::CreateVm(_)) || registry || settings_from_cloud(request, &manifest.agents) {
        return Ok(());
    }
    let versions = if request.api_version < 2 {
        "CPI v1".to_owned()
    } else {
        format!("CPI v2 and stemcell api version {}", request.context.stemcell_api_version.unwrap_or(1))
    };
    Err(CpiError::new(
        ErrorType::CloudError,
        format!(
            "Cannot create VM without registry with {versions}. Registry not configured. Upload a stemcell with \
             api_version {SETTINGS_FROM_CLOUD} or higher, or set cloud.properties.registry"
        ),
    ))
}

/// Whether the agent of this call's VM takes its settings from the cloud. If not, it reads a registry.
pub(super) fn settings_from_cloud(request: &Request, agents: &Agents) -> bool {
    !agents.registry
        || request.api_version >= 2 && request.context.stemcell_api_version.unwrap_or(1) >= SETTINGS_FROM_CLOUD
}

/// The result as the caller's version expects it; with the networks of a VM as they came, or as its agent knows them.
pub(super) fn result(request: &Request, result: Value, networks: Option<Object>) -> Value {
    match (request.method, networks) {
        (Method::CreateVm, Some(networks)) if request.api_version >= 2 => json!([result, networks]),
        (Method::AttachDisk, _) if request.api_version < 2 => Value::Null,
        _ => result,
    }
}
