use aws_sdk_ec2::types::{AttachmentStatus, Instance, InstanceStateName};
use cpi_plugin_sdk::{ApiError, Failure, smithy};

use crate::client::Ec2;
use crate::errors;
use crate::load_balancers::address_targets::{self, AddressTarget};
use crate::patience::Patience;
use crate::wait;

/// An instance; `None` when there is none of this id.
pub(crate) async fn describe(ec2: &Ec2, vm: &str) -> Result<Option<Instance>, ApiError> {
    match ec2.describe_instances().instance_ids(vm).send().await.map_err(smithy::error("DescribeInstances")) {
        Ok(answer) => {
            let reservations = answer.reservations.unwrap_or_default().into_iter();
            Ok(reservations.flat_map(|reservation| reservation.instances.unwrap_or_default()).next())
        }
        Err(error) if errors::vm_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// An instance that has to be there. One that was terminated is still described for an hour.
pub(crate) async fn find(ec2: &Ec2, vm: &str) -> Result<Instance, Failure> {
    let instance = describe(ec2, vm).await?.filter(|instance| !is_terminated(instance));
    instance.ok_or_else(|| errors::vm_not_found(vm))
}

/// The same for one that may have been made a moment ago.
pub(crate) async fn find_new(ec2: &Ec2, vm: &str) -> Result<Instance, Failure> {
    let found = wait::until(Patience::SECOND_LOOK, async || describe(ec2, vm).await).await?;
    found.filter(|instance| !is_terminated(instance)).ok_or_else(|| errors::vm_not_found(vm))
}

pub(crate) fn state(instance: &Instance) -> Option<&InstanceStateName> {
    instance.state().and_then(|state| state.name())
}

/// The device name of a volume that the instance has or is about to have.
pub(crate) fn device_of<'a>(instance: &'a Instance, disk: &str) -> Option<&'a str> {
    let mapping = instance.block_device_mappings().iter().find(|mapping| {
        mapping
            .ebs()
            .is_some_and(|ebs| ebs.volume_id() == Some(disk) && ebs.status() != Some(&AttachmentStatus::Detaching))
    });
    mapping.and_then(|mapping| mapping.device_name())
}

/// Device names and volumes of an instance, root and ephemeral disks too.
pub(crate) fn volumes(instance: &Instance) -> impl Iterator<Item = (&str, &str)> {
    instance
        .block_device_mappings()
        .iter()
        .filter_map(|mapping| Some((mapping.device_name()?, mapping.ebs()?.volume_id()?)))
}

/// Waits until a new instance runs.
pub(crate) async fn wait_running(ec2: &Ec2, vm: &str) -> Result<Instance, Failure> {
    let mut seen = false;
    let running = wait::until(Patience::RUNNING, async || {
        let Some(instance) = describe(ec2, vm).await? else { return Ok(None) };
        seen = true;
        match state(&instance) {
            Some(InstanceStateName::Running) => Ok(Some(instance)),
            None | Some(InstanceStateName::Pending) => Ok(None),
            Some(state) => Err(died(vm, state, &instance)),
        }
    });
    let running: Option<Instance> = running.await?;
    running.ok_or_else(|| {
        let target = if seen { "be running" } else { "exist" };
        Failure::vm_not_created(format!("Timed out waiting for instance '{vm}' to {target}"), true)
    })
}

/// Ends an instance, and waits until it is gone. `None`: there was none. What its addresses are targets of is the caller's
/// to [`deregister`](crate::load_balancers::deregister).
pub(crate) async fn terminate(ec2: &Ec2, vm: &str) -> Result<Option<Vec<AddressTarget>>, Failure> {
    if !order_termination(ec2, vm).await? {
        return Ok(None);
    }
    let mut targets = Vec::new();
    let gone = wait::until(Patience::TERMINATED, async || {
        let Some(instance) = describe(ec2, vm).await? else { return Ok(Some(())) };
        let gone = is_terminated(&instance);
        targets = address_targets(&instance);
        Ok::<_, Failure>(gone.then_some(()))
    });
    let gone = gone.await?;
    gone.ok_or_else(|| Failure::rejected(format!("Timed out waiting for instance '{vm}' to be terminated")))?;
    Ok(Some(targets))
}

/// What the addresses of an instance are targets of.
pub(crate) fn address_targets(instance: &Instance) -> Vec<AddressTarget> {
    address_targets::from_tags(instance.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value()?))))
}

/// Ends an instance. `Ok(false)`: there is none.
pub(crate) async fn order_termination(ec2: &Ec2, vm: &str) -> Result<bool, ApiError> {
    let request = ec2.terminate_instances().instance_ids(vm);
    let order = async || request.clone().send().await.map_err(smithy::error("TerminateInstances"));
    match wait::until_answered(order).await {
        Ok(_) => Ok(true),
        Err(error) if errors::vm_gone(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

pub(crate) fn is_terminated(instance: &Instance) -> bool {
    state(instance) == Some(&InstanceStateName::Terminated)
}

fn died(vm: &str, state: &InstanceStateName, instance: &Instance) -> Failure {
    let reason =
        instance.state_reason().map(|reason| (reason.code().unwrap_or_default(), reason.message().unwrap_or_default()));
    errors::died(vm, state.as_str(), reason, instance.state_transition_reason())
}
