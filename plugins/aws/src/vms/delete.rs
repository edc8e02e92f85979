use cpi_plugin_sdk::Failure;
use futures_concurrency::prelude::*;

use crate::client::Ec2;
use crate::errors;
use crate::instances;
use crate::load_balancers::address_targets::AddressTarget;
use crate::load_balancers::deregister::deregister;
use crate::tagging;

/// Ends an instance. Its interfaces go with it, its persistent disks stay.
pub(crate) async fn delete(ec2: &Ec2, vm: &str) -> Result<(), Failure> {
    let ended =
        if ec2.settings.fast_path_delete { order(ec2, vm).await? } else { instances::terminate(ec2, vm).await? };
    let targets = ended.ok_or_else(|| errors::vm_not_found(vm))?;
    deregister(&ec2.settings, &targets).await
}

/// Without waiting.
async fn order(ec2: &Ec2, vm: &str) -> Result<Option<Vec<AddressTarget>>, Failure> {
    if !instances::order_termination(ec2, vm).await? {
        return Ok(None);
    }
    let ((), instance) = (tagging::mark_deleted(ec2, vm), instances::describe(ec2, vm)).join().await;
    Ok(Some(instance?.as_ref().map(instances::address_targets).unwrap_or_default()))
}
