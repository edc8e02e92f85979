use cpi_plugin_sdk::{Failure, Leftover};

use crate::arm::Arm;
use crate::storage::{Blob, accounts};

/// The containers in which something is made.
const CONTAINERS: [&str; 2] = ["bosh", "stemcell"];

/// What the records of blobs have as their key.
pub(crate) fn key_of(blob: &Blob) -> String {
    format!("{}/{}/{}", blob.account.name, blob.container, blob.name)
}

/// Whether a record is about a blob.
pub(super) fn is_blob(leftover: &Leftover) -> bool {
    [super::BLOB, super::UPLOAD].contains(&leftover.intent.kind.as_str())
}

/// The blob of a record, if it is there.
pub(super) async fn find(arm: &Arm, leftover: &Leftover) -> Result<Option<Blob>, Failure> {
    let key = &leftover.intent.key;
    let wrong = || Failure::rejected(format!("'{key}' is no blob: account/container/name"));
    let (account, rest) = key.split_once('/').ok_or_else(wrong)?;
    let (container, name) = rest.split_once('/').ok_or_else(wrong)?;
    let container = CONTAINERS.into_iter().find(|known| *known == container).ok_or_else(wrong)?;
    let Some(account) = accounts::find(arm, account).await? else { return Ok(None) };
    let blob = Blob::new(arm, &account, container, name.to_owned())?;
    Ok(blob.find().await?.map(|_| blob))
}
