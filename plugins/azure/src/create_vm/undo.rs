use cpi_plugin_sdk::{ApiError, Failure, Intent, log};

use super::request::Request;
use crate::arm::{Arm, Kind};
use crate::errors;
use crate::vms::belongings::{self, Belongings};
use crate::vms::{blobs, delete, find};

/// What a call has made so far.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub intents: Vec<Intent>,
    /// A VM was ordered, and may be there.
    pub vm: bool,
    /// The last one did not come up.
    pub broken_vm: bool,
}

/// Why there is no VM, and what is to be done with what was made for it.
#[derive(Debug)]
pub(super) enum Broken {
    Undo(Failure),
    /// For operators to look at.
    Keep(Failure),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Self::Undo(failure)
    }
}

impl From<ApiError> for Broken {
    fn from(error: ApiError) -> Self {
        Self::Undo(error.into())
    }
}

/// Azure may not be done with a part when the next one goes.
const TRIES: usize = 3;
/// Operators search for these words.
const FAILS: &str = "This VM fails in provisioning after multiple retries";

/// Removes everything and returns the failure that made it necessary, with what could not be removed at its end.
pub(super) async fn undo(arm: &Arm, request: &Request, made: &Made, broken: Broken) -> Failure {
    let failure = match broken {
        Broken::Keep(failure) => return kept(request, &failure),
        Broken::Undo(failure) => errors::no_vm(failure),
    };
    if made.intents.is_empty() && !made.vm {
        return failure;
    }
    log::info("removing what was made", &[("reason", &failure.describe())]);
    match insist(async || remove(arm, request, made).await).await {
        Ok(()) => {
            made.intents.iter().for_each(Intent::removed);
            failure
        }
        Err(second) => {
            let left = format!("not everything was removed: {}. Look for {}", second.describe(), parts(request));
            let left = if made.broken_vm { format!("{FAILS}, and {left}") } else { format!("and {left}") };
            // Another attempt would find the addresses taken.
            Failure::vm_not_created(failure.and(&left).message(), false)
        }
    }
}

/// Removes something at the third try at the latest.
pub(super) async fn insist(remove: impl AsyncFn() -> Result<(), Failure>) -> Result<(), Failure> {
    let mut removed = Ok(());
    for _ in 0..TRIES {
        removed = remove().await;
        match &removed {
            Ok(()) => break,
            Err(failure) => log::warn("not everything was removed", &[("error", &failure.describe())]),
        }
    }
    removed
}

fn kept(request: &Request, failure: &Failure) -> Failure {
    Failure::vm_not_created(failure.describe(), false)
        .and(&format!("{FAILS}. You need to delete {} yourself, since keep_failed_vms is set", parts(request)))
}

/// What a VM consists of, for who has to look for it.
fn parts(request: &Request) -> String {
    let (vm, group) = (&request.id.name, &request.id.resource_group);
    let disks = match &request.id.storage_account {
        Some(account) => {
            format!("the blobs 'bosh-os-{vm}*.vhd' in the container 'bosh' of the storage account '{account}'")
        }
        None => format!("its disks 'bosh-disk-os-{vm}*'"),
    };
    format!(
        "the VM '{vm}' in the resource group '{group}', its network interfaces '{vm}-N', {disks} and its public IP address \
         '{vm}'"
    )
}

/// The VM, if there may be one, and all that goes with it.
async fn remove(arm: &Arm, request: &Request, made: &Made) -> Result<(), Failure> {
    if made.vm {
        arm.delete(&find::resource(arm, &request.id)).await?;
    }
    let interfaces = (0..request.networks.interfaces.len()).map(|index| {
        let name = belongings::interface_name(&request.id, index);
        arm.resource(&request.vm.resource_group, Kind::NetworkInterface, &name)
    });
    let set = request.availability_set.as_deref().filter(|_| made.vm);
    if made.vm {
        blobs::remove(arm, &request.id).await?;
    }
    let mut all = Belongings::left(&arm.settings, &request.id, interfaces.collect(), set);
    if !made.vm || request.vhds.is_some() {
        all.disks.clear();
    }
    delete::remove(arm, &request.id, &all).await
}
