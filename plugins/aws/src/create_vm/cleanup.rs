use std::cell::RefCell;

use cpi_plugin_sdk::{ApiError, Failure, Intent, log, smithy};
use futures_concurrency::prelude::*;

use super::routes;
use crate::client::Ec2;
use crate::errors;
use crate::instances;
use crate::load_balancers::deregister::deregister;
use crate::patience::Patience;
use crate::wait;

/// What a call has made so far.
#[derive(Debug, Default)]
pub(super) struct Made {
    interfaces: RefCell<Vec<(String, Intent)>>,
    instance: RefCell<Option<(String, Intent)>>,
    /// Table, destination.
    routes: RefCell<Vec<(String, String, Intent)>>,
    address: RefCell<Option<Intent>>,
}

impl Made {
    pub(super) fn interface(&self, id: &str, intent: Intent) {
        intent.created(id);
        self.interfaces.borrow_mut().push((id.to_owned(), intent));
    }

    pub(super) fn interface_gone(&self, id: &str) {
        self.interfaces.borrow().iter().filter(|(made, _)| made == id).for_each(|(_, intent)| intent.removed());
        self.interfaces.borrow_mut().retain(|(made, _)| made != id);
    }

    /// Returns the id.
    pub(super) fn instance(&self, id: &str, intent: Intent) -> String {
        intent.created(id);
        *self.instance.borrow_mut() = Some((id.to_owned(), intent));
        id.to_owned()
    }

    pub(super) fn route(&self, table: &str, destination: &str, intent: Intent) {
        intent.created(&format!("{table} {destination}"));
        self.routes.borrow_mut().push((table.to_owned(), destination.to_owned(), intent));
    }

    pub(super) fn address(&self, intent: Intent) {
        *self.address.borrow_mut() = Some(intent);
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

/// Removes the interfaces in a place where the VM was not launched, before it is tried in the next one.
pub(super) async fn leave_place(ec2: &Ec2, made: &Made) -> Result<(), Failure> {
    let left = remove_interfaces(ec2, made, true).await;
    left.into_iter().next().map_or(Ok(()), |(_, error)| Err(error.into()))
}

/// What is left behind, and why.
async fn remove(ec2: &Ec2, made: Made) -> Vec<String> {
    let mut left = Vec::new();
    for (table, destination, intent) in made.routes.take() {
        match routes::delete(ec2, &table, &destination).await {
            Ok(()) => intent.removed(),
            Err(second) => left.push(format!("the route to '{destination}' in '{table}' is left behind: {second}")),
        }
    }
    let launched = made.instance.take();
    let known = launched.is_some();
    if let Some((vm, intent)) = launched {
        // It was launched a moment ago: that there is none may mean that EC2 does not know it everywhere yet.
        match wait::until(Patience::CONSISTENT, async || instances::terminate(ec2, &vm).await).await {
            Ok(targets) => {
                let deregistered = deregister(&ec2.settings, &targets.unwrap_or_default()).await;
                left.extend(deregistered.err().map(|second| second.describe()));
            }
            Err(second) => {
                // It holds on to its interfaces.
                let ids: Vec<_> = made.interfaces.take().into_iter().map(|(id, _)| id).collect();
                let (with, second) = (ids.join(", "), second.describe());
                left.push(format!("instance '{vm}' is left behind with its network interfaces {with}: {second}"));
                return left;
            }
        }
        intent.removed();
        // An address lets go of what is gone.
        made.address.take().iter().for_each(Intent::removed);
    }
    let interfaces = remove_interfaces(ec2, &made, known).await.into_iter();
    left.extend(interfaces.map(|(id, second)| format!("network interface '{id}' is left behind: {second}")));
    left
}

/// Those that cannot be removed, and why. Interfaces that are not known everywhere yet may only seem to be gone.
async fn remove_interfaces(ec2: &Ec2, made: &Made, known: bool) -> Vec<(String, ApiError)> {
    let interfaces = made.interfaces.take();
    let delete = async |id: &str| {
        if known {
            return delete_interface(ec2, id).await;
        }
        match wait::until_known(async || order_deletion(ec2, id).await).await {
            Err(error) if errors::interface_gone(&error) => Ok(()),
            other => other,
        }
    };
    let deletions: Vec<_> = interfaces.iter().map(|(id, _)| delete(id)).collect();
    let outcomes = deletions.join().await;
    let mut left = Vec::new();
    for ((id, intent), outcome) in interfaces.into_iter().zip(outcomes) {
        match outcome {
            Ok(()) => intent.removed(),
            Err(error) => {
                left.push((id.clone(), error));
                made.interfaces.borrow_mut().push((id, intent));
            }
        }
    }
    left
}

/// Removes an interface, which the instance may still be letting go; one that is gone is a success.
pub(crate) async fn delete_interface(ec2: &Ec2, id: &str) -> Result<(), ApiError> {
    match order_deletion(ec2, id).await {
        Err(error) if errors::interface_gone(&error) => Ok(()),
        other => other,
    }
}

async fn order_deletion(ec2: &Ec2, id: &str) -> Result<(), ApiError> {
    let held = |error: &ApiError| error.is(&["InvalidNetworkInterface.InUse", "InvalidParameterValue"]);
    wait::retry(Patience::INTERFACE_RELEASED, held, async || {
        let request = ec2.delete_network_interface().network_interface_id(id);
        request.send().await.map(drop).map_err(smithy::error("DeleteNetworkInterface"))
    })
    .await
}
