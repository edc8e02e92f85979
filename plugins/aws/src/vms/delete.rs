use cpi_plugin_sdk::Failure;
use futures_concurrency::prelude::*;

use crate::client::Ec2;
use crate::errors;
use crate::instances;
use crate::load_balancers::deregister::deregister;
use crate::tagging;

/// Ends an instance. Its interfaces go with it, its persistent disks stay.
pub(crate) async fn delete(ec2: &Ec2, vm: &str) -> Result<(), Failure> {
    let found = if ec2.settings.fast_path_delete {
        let found = instances::order_termination(ec2, vm).await?;
        if found {
            let (marked, instance) = (tagging::mark_deleted(ec2, vm), instances::describe(ec2, vm)).join().await;
            marked?;
            if let Some(instance) = instance? {
                deregister(&ec2.settings, &instance).await?;
            }
        }
        found
    } else {
        instances::terminate(ec2, vm).await?
    };
    if found { Ok(()) } else { Err(errors::vm_not_found(vm)) }
}
