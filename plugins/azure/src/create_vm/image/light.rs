use cpi_plugin_sdk::Failure;

use super::Image;

/// Whether a stemcell is only a reference to an image of the marketplace.
pub(super) fn is_light(stemcell: &str) -> bool {
    stemcell.starts_with("bosh-light-stemcell-")
}

pub(super) fn find(stemcell: &str) -> Result<Image, Failure> {
    Err(Failure::not_supported(format!(
        "stemcell '{stemcell}' is a light one, which this CPI cannot use yet: upload the heavy one"
    )))
}
