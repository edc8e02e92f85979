use cpi_plugin_sdk::{Failure, Leftover, Thing as Kind, smithy};

use super::find::find;
use super::note::Thing;
use crate::client::Ec2;
use crate::create_vm::{cleanup, routes};
use crate::load_balancers::deregister::deregister;
use crate::{disks, errors, instances, snapshots, stemcells};

/// Removes what is there of it, and returns when it is gone.
pub(crate) async fn remove(ec2: &Ec2, leftover: &Leftover) -> Result<(), Failure> {
    let thing = Thing::of(leftover)?;
    for id in find(ec2, leftover).await? {
        remove_one(ec2, &thing, &id).await?;
    }
    Ok(())
}

async fn remove_one(ec2: &Ec2, thing: &Thing, id: &str) -> Result<(), Failure> {
    match thing {
        Thing::Vm { .. } => {
            let targets = instances::terminate(ec2, id).await?;
            deregister(&ec2.settings, &targets.unwrap_or_default()).await
        }
        Thing::NetworkInterface => Ok(cleanup::delete_interface(ec2, id).await?),
        Thing::Disk(_) => match disks::delete::delete(ec2, id).await {
            Err(Failure::NotFound(missing)) if missing.what == Kind::Disk => Ok(()),
            other => other,
        },
        Thing::Snapshot(_) | Thing::Upload => snapshots::delete::delete(ec2, id).await,
        Thing::Stemcell(_) | Thing::Image => stemcells::delete::delete_owned(ec2, id).await,
        Thing::Address { .. } => disassociate(ec2, id).await,
        Thing::Route { table, destination, .. } => Ok(routes::delete(ec2, table, destination).await?),
    }
}

async fn disassociate(ec2: &Ec2, association: &str) -> Result<(), Failure> {
    let answer = ec2.disassociate_address().association_id(association).send().await;
    match answer.map_err(smithy::error("DisassociateAddress")) {
        Err(error) if errors::address_gone(&error) => Ok(()),
        other => Ok(other.map(drop)?),
    }
}
