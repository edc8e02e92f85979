use cpi_plugin_sdk::Failure;

use crate::arm::Arm;
use crate::storage::{Account, Blob};

/// The container of stemcells in every account that has some.
const CONTAINER: &str = "stemcell";

/// The place of a stemcell in an account.
pub(crate) fn blob(arm: &Arm, account: &Account, stemcell: &str) -> Result<Blob, Failure> {
    Blob::new(arm, account, CONTAINER, format!("{stemcell}.vhd"))
}
