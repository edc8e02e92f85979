use std::cell::RefCell;

use cpi_plugin_sdk::{ApiError, Failure, log, smithy};
use futures_concurrency::prelude::*;

use crate::client::Ec2;
use crate::errors;
use crate::instances;
use crate::patience::Patience;
use crate::wait;

/// What a call has made so far.
#[derive(Debug, Default)]
pub(super) struct Made {
    interfaces: RefCell<Vec<String>>,
    instance: RefCell<Option<String>>,
}

impl Made {
    pub(super) fn interface(&self, id: &str) {
        self.interfaces.borrow_mut().push(id.to_owned());
    }

    pub(super) fn interface_gone(&self, id: &str) {
        self.interfaces.borrow_mut().retain(|made| made != id);
    }

    pub(super) fn instance(&self, id: &str) {
        *self.instance.borrow_mut() = Some(id.to_owned());
    }
}

/// Removes everything and returns the failure that made it necessary, with what could not be removed at its end.
pub(super) async fn undo(ec2: &Ec2, made: Made, failure: Failure) -> Failure {
    log::info("removing what was made", &[("reason", &failure.describe())]);
    let left = remove(ec2, made).await;
    if left.is_empty() {
        return failure;
    }
    let left = left.join("; ");
    log::error("not everything was removed", &[("left", &left)]);
    // Another attempt would find the address taken.
    match failure.and(&left) {
        Failure::VmNotCreated(failure) => Failure::vm_not_created(failure.message, false),
        other => other,
    }
}

/// What is left behind, and why.
async fn remove(ec2: &Ec2, made: Made) -> Vec<String> {
    let interfaces = made.interfaces.into_inner();
    if let Some(vm) = made.instance.into_inner()
        && let Err(second) = instances::terminate(ec2, &vm).await
    {
        // It holds on to its interfaces.
        let (with, second) = (interfaces.join(", "), second.describe());
        return vec![format!("instance '{vm}' is left behind with its network interfaces {with}: {second}")];
    }
    let deletions: Vec<_> = interfaces.iter().map(|id| delete_interface(ec2, id)).collect();
    let results = interfaces.iter().zip(deletions.join().await);
    let left = |(id, deleted): (&String, Result<(), ApiError>)| {
        deleted.err().map(|second| format!("network interface '{id}' is left behind: {second}"))
    };
    results.filter_map(left).collect()
}

/// Removes an interface, which the instance may still be letting go; one that is gone is a success.
pub(super) async fn delete_interface(ec2: &Ec2, id: &str) -> Result<(), ApiError> {
    let held = |error: &ApiError| error.is(&["InvalidNetworkInterface.InUse", "InvalidParameterValue"]);
    let deleted = wait::retry(Patience::INTERFACE_RELEASED, held, async || {
        let request = ec2.delete_network_interface().network_interface_id(id);
        request.send().await.map(drop).map_err(smithy::error("DeleteNetworkInterface"))
    });
    match deleted.await {
        Err(error) if errors::interface_gone(&error) => Ok(()),
        other => other,
    }
}
