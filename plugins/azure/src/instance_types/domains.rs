use cpi_plugin_sdk::Failure;

use super::ranking::Sku;
use crate::arm::{Arm, Resource};

/// How many fault domains an availability set for managed disks can have in a location.
pub(crate) async fn most_fault_domains(arm: &Arm, location: &str) -> Result<u64, Failure> {
    let filter = format!("location eq '{location}'");
    let skus: Vec<Sku> = arm.list(&Resource::skus(&arm.settings), &[("$filter", &filter)]).await?;
    let mut sets = skus.iter().filter(|sku| sku.is("availabilitySets", "Aligned", location));
    let most = sets.find_map(|sku| sku.capability("MaximumPlatformFaultDomainCount")?.parse().ok());
    most.ok_or_else(|| {
        Failure::rejected(format!(
            "Azure does not say how many fault domains (MaximumPlatformFaultDomainCount) availability sets for managed disks \
             have in '{location}'"
        ))
    })
}
