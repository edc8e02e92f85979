//! Old stemcells: their agents read a registry, which the host keeps for them beside what the plugin does.

use cpi_broker::{Level, Registry, Via, add_disk, remove_disk};
use cpi_policy::Agents;
use cpi_protocol::{Call, CpiError, ErrorType, Request};
use serde_json::Value;

use super::answer::Running;
use super::shape;
use crate::config::CloudConfig;

/// What a method that succeeded changes in the registry.
pub(super) enum Change {
    Made,
    Deleted { vm: String },
    Attached { vm: String, disk: String },
    Detached { vm: String, disk: String },
}

impl Change {
    pub(super) fn of(call: &Call) -> Option<Self> {
        Some(match call {
            Call::CreateVm(_) => Self::Made,
            Call::DeleteVm { vm } => Self::Deleted { vm: vm.clone() },
            Call::AttachDisk { vm, disk } => Self::Attached { vm: vm.clone(), disk: disk.clone() },
            Call::DetachDisk { vm, disk } => Self::Detached { vm: vm.clone(), disk: disk.clone() },
            _ => return None,
        })
    }
}

/// The registry of a call whose VM may read one, if there is one.
pub(super) fn of(
    request: &Request,
    call: &Call,
    cloud: &CloudConfig,
    agents: &Agents,
) -> Result<Option<Registry>, CpiError> {
    if Change::of(call).is_none() || shape::settings_from_cloud(request, agents) {
        return Ok(None);
    }
    Ok(Registry::of(&cloud.section("registry"))?)
}

/// Where the registry is, as agents are told. One that cannot be used is none: only old stemcells need it.
pub(super) fn endpoint(cloud: &CloudConfig, agents: &Agents) -> Option<String> {
    let registry = agents.registry.then(|| Registry::of(&cloud.section("registry")))?;
    Some(registry.ok()??.endpoint().to_owned())
}

/// Does in the registry what the plugin's result means, and gives that result back.
pub(super) async fn follow(
    registry: &Registry,
    change: Change,
    result: Result<Value, CpiError>,
    running: &Running,
) -> Result<Value, CpiError> {
    let entries = Entries {
        registry,
        via: Via {
            network: &running.session.network,
            timeout: running.session.limits.request_time,
            journal: &running.capabilities.journal,
        },
        certain: running.request.api_version < 2 || running.request.context.stemcell_api_version.is_some(),
    };
    match (change, result) {
        (Change::Made, Ok(vm)) => entries.made(vm, running).await,
        (Change::Attached { vm, disk }, Ok(hint)) => {
            entries.change(&vm, |settings| add_disk(settings, &disk, &hint)).await?;
            Ok(hint)
        }
        (Change::Detached { vm, disk }, Ok(nothing)) => {
            entries.change(&vm, |settings| remove_disk(settings, &disk)).await?;
            Ok(nothing)
        }
        (Change::Deleted { vm }, Ok(nothing)) => {
            entries.delete(&vm).await?;
            Ok(nothing)
        }
        // Of a VM that is gone its entry goes too, and the caller still hears that it was gone.
        (Change::Deleted { vm }, Err(gone)) if gone.kind() == ErrorType::VmNotFound => {
            entries.delete_quietly(&vm).await;
            Err(gone)
        }
        (_, Err(error)) => Err(error),
    }
}

/// The entries of VMs, as one call changes them.
struct Entries<'a> {
    registry: &'a Registry,
    via: Via<'a>,
    /// The caller said that the VM reads a registry; else it may as well not be there.
    certain: bool,
}

impl Entries<'_> {
    /// Writes the settings of a new VM. A VM that could never learn them is removed again.
    async fn made(&self, vm: Value, running: &Running) -> Result<Value, CpiError> {
        let Some(cid) = vm.as_str() else { return Ok(vm) };
        let written = match running.capabilities.agents.registered() {
            Some(settings) => self.registry.write(cid, settings, self.via).await.map_err(CpiError::from),
            None => Err(CpiError::host("the plugin made a VM without settings for its agent")),
        };
        let Err(failure) = written else { return Ok(vm) };
        self.via.journal.write(Level::Warn, format_args!("removing VM '{cid}', whose agent would get no settings"));
        let removed = running.delete_vm(cid.to_owned()).await;
        // It may have arrived although the answer did not.
        self.delete_quietly(cid).await;
        Err(match removed {
            Ok(_) => failure,
            Err(second) => failure.map_message(|first| {
                format!("{first}; VM '{cid}' was made for this call and could not be removed: {}", second.message())
            }),
        })
    }

    async fn change(&self, vm: &str, change: impl FnOnce(&mut cpi_protocol::Object)) -> Result<(), CpiError> {
        match self.registry.read(vm, self.via).await? {
            Some(mut settings) => {
                change(&mut settings);
                let settings = Value::Object(settings).to_string();
                Ok(self.registry.write(vm, settings, self.via).await?)
            }
            None if self.certain => Err(CpiError::new(
                ErrorType::CloudError,
                format!(
                    "Cannot read settings for '{vm}': the registry has none, so its agent would not see the change"
                ),
            )),
            None => Ok(()),
        }
    }

    async fn delete(&self, vm: &str) -> Result<(), CpiError> {
        Ok(self.registry.delete(vm, self.via).await?)
    }

    /// What goes wrong is in the log.
    async fn delete_quietly(&self, vm: &str) {
        _ = self.delete(vm).await;
    }
}
