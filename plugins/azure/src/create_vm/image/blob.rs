use cpi_plugin_sdk::Failure;

use super::{Image, Source, light};
use crate::arm::Arm;
use crate::stemcells::heavy;
use crate::stemcells::light::is_light;
use crate::storage::accounts;

/// What a VM without managed disks is made of: the marketplace's image, or the stemcell's blob in the VM's own account.
pub(crate) async fn find(arm: &Arm, stemcell: &str, account: &str, location: &str) -> Result<Image, Failure> {
    if is_light(stemcell) {
        return light::find(arm, stemcell, location).await;
    }
    let account = accounts::get(arm, account).await?;
    let (blob, metadata) = heavy::copies::in_account(arm, stemcell, &account).await?;
    Image::of(Source::Blob(blob.url), &metadata)
}
