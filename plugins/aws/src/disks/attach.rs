use aws_sdk_ec2::types::{Instance, InstanceStateName, Volume, VolumeAttachmentState};
use cpi_plugin_sdk::{ApiError, Failure, log, smithy};
use futures_concurrency::prelude::*;
use serde_json::json;

use super::device_names;
use crate::client::Ec2;
use crate::errors;
use crate::instance_types::{Facts, lookup};
use crate::instances;
use crate::patience::Patience;
use crate::volumes;
use crate::wait;

/// How an attempt to attach ended.
enum Attempt {
    /// Under way or done, as this device.
    Attached(String),
    /// Not now: the volume is being detached elsewhere, the VM is not ready, or the name is taken.
    NotYet(ApiError),
}

/// Attaches a volume and returns where the agent finds it.
pub(crate) async fn attach(ec2: &Ec2, vm: &str, disk: &str) -> Result<String, Failure> {
    let instance = instances::find(ec2, vm).await?;
    if instances::state(&instance) == Some(&InstanceStateName::ShuttingDown) {
        return Err(errors::vm_not_found(vm));
    }
    let place = async |device: &str| {
        let (attached, facts) = (volumes::wait_attached(ec2, disk, vm, device), facts(ec2, &instance)).join().await;
        attached?;
        Ok(json!(device_names::agent_path(disk, device, facts.ebs_nvme)).to_string())
    };
    if let Some(device) = instances::device_of(&instance, disk) {
        return place(device).await;
    }
    let mut used: Vec<_> = instances::volumes(&instance).map(|(device, _)| device.to_owned()).collect();
    let mut last = None;
    let attached = wait::until(Patience::ATTACHABLE, async || {
        let device = device_names::first_free(&used);
        let device = device.ok_or_else(|| Failure::rejected("Instance has too many disks attached"))?;
        match attempt(ec2, vm, disk, &device).await? {
            Attempt::Attached(device) => return Ok(Some(device)),
            Attempt::NotYet(error) => {
                if errors::device_taken(&error) {
                    used.push(device);
                }
                last = Some(error);
            }
        }
        Ok::<_, Failure>(None)
    });
    match (attached.await?, last) {
        (Some(device), _) => place(&device).await,
        (None, Some(error)) => Err(Failure::rejected(format!("Failed to attach disk: {error}"))),
        (None, None) => Err(Failure::rejected("Failed to attach disk")),
    }
}

/// A disk that is attached stays so: where EC2 cannot be asked, the name of the type has to do.
async fn facts(ec2: &Ec2, instance: &Instance) -> Facts {
    let name = instance.instance_type().map_or("unspecified", |name| name.as_str());
    lookup::facts(ec2, name).await.unwrap_or_else(|error| {
        let guess = Facts::guess(name);
        let ebs_nvme = guess.ebs_nvme.to_string();
        let fields = [("type", name), ("nvme", &ebs_nvme), ("error", &error.to_string())];
        log::warn("EC2 does not tell what the instance type can do; its name does", &fields);
        guess
    })
}

async fn attempt(ec2: &Ec2, vm: &str, disk: &str, device: &str) -> Result<Attempt, Failure> {
    let request = ec2.attach_volume().volume_id(disk).instance_id(vm).device(device);
    let order = async || {
        request.clone().send().await.map_err(smithy::error("AttachVolume"))?;
        Ok(device.to_owned())
    };
    let look = async || Ok(volumes::describe(ec2, disk).await?.as_ref().and_then(|volume| device_on(volume, vm)));
    let error = match wait::carried_out(order, look).await {
        Ok(device) => return Ok(Attempt::Attached(device)),
        Err(error) => error,
    };
    if errors::vm_gone(&error) {
        return Err(errors::vm_not_found(vm));
    }
    if error.is(&["VolumeInUse"]) {
        return in_use(ec2, vm, disk, error).await;
    }
    if error.is(&["IncorrectState"]) || errors::device_taken(&error) {
        return Ok(Attempt::NotYet(error));
    }
    Err(errors::of_disk(error, disk))
}

/// A volume that another request has just attached here is where it should be; one that is being let go will be free.
async fn in_use(ec2: &Ec2, vm: &str, disk: &str, error: ApiError) -> Result<Attempt, Failure> {
    let volume = volumes::find(ec2, disk).await?;
    if let Some(device) = device_on(&volume, vm) {
        return Ok(Attempt::Attached(device));
    }
    match volumes::holder(&volume) {
        Some(other) if other != vm => {
            Err(Failure::rejected(format!("Failed to attach disk: volume '{disk}' is attached to '{other}': {error}")))
        }
        _ => Ok(Attempt::NotYet(error)),
    }
}

/// As what a volume is on an instance, or will be in a moment.
fn device_on(volume: &Volume, vm: &str) -> Option<String> {
    let here = volumes::attachment(volume, vm)?;
    here.device().filter(|_| !volumes::is(here, &VolumeAttachmentState::Detaching)).map(str::to_owned)
}
