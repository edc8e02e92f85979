use cpi_plugin_sdk::{Failure, random};

use super::vhds::{Vhds, WantedAccount, Which};
use crate::arm::Arm;
use crate::storage::{Account, Blob, accounts};

/// The container of disks in every account that has some.
pub(super) const CONTAINER: &str = "bosh";

/// The account in which a VM's disks will be; one that is named is made where it is missing.
pub(super) async fn choose(arm: &Arm, wanted: &WantedAccount, location: &str) -> Result<Account, Failure> {
    match &wanted.which {
        Which::Default => accounts::default(arm).await,
        Which::Named(name) => accounts::find_or_make(arm, name, wanted.sku.as_deref(), &wanted.kind, location).await,
        Which::Any(word, most) => any(arm, word, *most).await,
    }
}

/// The place of a VM's disks.
pub(super) fn vhds(arm: &Arm, account: &Account, vm: &str) -> Result<Vhds, Failure> {
    let place = Blob::new(arm, account, CONTAINER, String::new())?;
    Ok(Vhds { container: place.url.trim_end_matches('/').to_owned(), vm: vm.to_owned() })
}

/// One with room, by chance, so that VMs are spread.
async fn any(arm: &Arm, word: &str, most: u64) -> Result<Account, Failure> {
    let mut candidates: Vec<_> = accounts::all(arm).await?.into_iter().filter(|one| one.name.contains(word)).collect();
    let mut full = Vec::new();
    while !candidates.is_empty() {
        let dice = random::uuid()?.bytes().map(usize::from).sum::<usize>();
        let account = candidates.swap_remove(dice % candidates.len());
        let blobs = Blob::list(arm, &account, CONTAINER, "").await?;
        let disks = blobs.iter().filter(|name| name.ends_with("vhd")).count();
        if u64::try_from(disks).unwrap_or(u64::MAX) <= most {
            return Ok(account);
        }
        full.push(format!("{} has {disks} disks", account.name));
    }
    let found = if full.is_empty() { "there is none".to_owned() } else { full.join(", ") };
    Err(Failure::rejected(format!(
        "get_storage_account - Cannot find a storage account with '{word}' in its name in the resource group '{}' that has at \
         most {most} disks (storage_account_max_disk_number): {found}",
        arm.settings.resource_group
    )))
}
