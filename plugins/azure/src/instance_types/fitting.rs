use cpi_plugin_sdk::{Failure, Size};

use super::ranking::{self, Sku};
use crate::arm::{Arm, Resource};

/// Cloud properties, a JSON object, of VMs that are large enough.
pub(crate) async fn properties_for(arm: &Arm, size: &Size) -> Result<String, Failure> {
    let location = arm.settings.location.as_deref().ok_or_else(|| {
        Failure::rejected("Missing the property 'location' in the global configuration: set 'location' of 'azure'")
    })?;
    let filter = format!("location eq '{location}'");
    let listed = arm.list(&Resource::skus(&arm.settings), &[("$filter", &filter)]).await;
    let skus: Vec<Sku> = listed.map_err(|error| Failure::from(error).within(&ranking::unmet(size)))?;
    ranking::properties(&skus, location, size).map(|properties| properties.to_string())
}
