//! What is there already and what is not, looked at before anything is made.

mod address;
mod balancers;
mod groups;
mod host;
mod place;
mod set;
mod sizes;

use cpi_plugin_sdk::Failure;
use futures_concurrency::prelude::*;
use serde::de::IgnoredAny;

use super::availability_set::State;
use super::image::{self, Image};
use super::interfaces::References;
use super::request::Request;
use crate::arm::{Arm, Resource, same_id};

pub(super) use place::location;
pub(super) use sizes::fitting;

/// What a VM is made with.
#[derive(Debug)]
pub(super) struct Site {
    pub location: String,
    /// The VM's resource group has to be made.
    pub lacks_group: bool,
    /// Of its availability set.
    pub set: State,
    /// One for each interface.
    pub references: Vec<References>,
    /// The image for the first size.
    pub image: Image,
}

pub(super) async fn survey(arm: &Arm, request: &Request, location: String) -> Result<Site, Failure> {
    let sku = request.first_disk_type();
    let (image, references, set, host, lacks_group) = (
        async {
            match (&request.vhds, &request.id.storage_account) {
                // It is made when everything else is there.
                (Some(_), Some(_)) => Ok(None),
                _ => image::find(arm, &request.stemcell, sku, &location).await,
            }
        },
        references(arm, request),
        set::state(arm, request, &location),
        host::check(arm, request, &location),
        lacks_group(arm, &request.vm.resource_group),
    )
        .join()
        .await;
    let (references, set, (), lacks_group) = (references?, set?, host?, lacks_group?);
    let image = match image? {
        Some(image) => image,
        // Only when everything else is there: it stays, for the next VMs.
        None => match &request.id.storage_account {
            Some(account) if request.vhds.is_some() => {
                image::blob::find(arm, &request.stemcell, account, &location).await?
            }
            _ => image::make(arm, &request.stemcell, sku, &location).await?,
        },
    };
    Ok(Site { location, lacks_group, set, references, image })
}

/// The default one is there, or nothing would be.
async fn lacks_group(arm: &Arm, group: &str) -> Result<bool, Failure> {
    if same_id(group, &arm.settings.resource_group) {
        return Ok(false);
    }
    let found: Option<IgnoredAny> = arm.read(&Resource::group(&arm.settings, group)).await?;
    Ok(found.is_none())
}

/// What each interface refers to. Balancers are for the primary one, a VIP for the one that it names.
async fn references(arm: &Arm, request: &Request) -> Result<Vec<References>, Failure> {
    let (networks, vm) = (&request.networks, &request.vm);
    let (all, address, balancers) = (
        groups::find(arm, request),
        address::find(arm, networks.vip.as_ref()),
        balancers::find(arm, &vm.load_balancers, &vm.application_gateways),
    )
        .join()
        .await;
    let (mut all, address, balancers) = (all?, address?, balancers?);
    let group = networks.vip.as_ref().and_then(|vip| vip.group.as_ref());
    let holder = networks.interfaces.iter().position(|known| group.is_some() && known.group.as_ref() == group);
    if let Some(holder) = all.get_mut(holder.unwrap_or(0)) {
        holder.public_address = address;
    }
    if let Some(primary) = all.first_mut() {
        balancers.join(primary)?;
    }
    Ok(all)
}
