use cpi_plugin_sdk::Failure;

use super::Image;
use super::managed_name::managed_name;
use crate::arm::{Arm, Kind, Tagged};

/// The image of a heavy stemcell for a type of disk in a location.
pub(super) async fn find(arm: &Arm, stemcell: &str, sku: &str, location: &str) -> Result<Image, Failure> {
    let (name, group) = (managed_name(stemcell, sku, location)?, &arm.settings.resource_group);
    let resource = arm.resource(group, Kind::Image, &name);
    let found: Option<Tagged> = arm.read(&resource).await?;
    let missing = || {
        let text = format!(
            "Given stemcell '{stemcell}' does not exist: there is no image '{name}' in the resource group '{group}', \
             and this CPI cannot make images yet. The Ruby CPI makes it with the first VM of that type of disk in that \
             location"
        );
        Failure::vm_not_created(text, false)
    };
    let tags = found.ok_or_else(missing)?.tags;
    Image::new(resource.id, &tags)
}
