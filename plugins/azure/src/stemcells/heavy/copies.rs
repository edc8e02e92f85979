use std::time::{Duration, UNIX_EPOCH};

use cpi_plugin_sdk::{Failure, clock, log};

use super::blob::blob;
use super::copy::original;
use crate::arm::Arm;
use crate::stemcells::metadata::Metadata;
use crate::storage::{Account, Blob, Row, Table};

const PENDING: &str = "pending";
const SUCCESS: &str = "success";
/// Between two looks at how far somebody else's copy is.
const LOOK: Duration = Duration::from_secs(3);
/// After so many seconds whoever made a copy is gone.
const LONGEST: u64 = 20 * 60;

/// The blob of a stemcell in this very account, and what it says of itself. Disks without managed ones can only be made of
/// blobs beside them.
///
/// Calls that want the same copy, on whatever machine, leave it to one of them: a row of the table `stemcells` in the default
/// account says whether it is `pending` or a `success`.
pub(crate) async fn in_account(arm: &Arm, stemcell: &str, account: &Account) -> Result<(Blob, Metadata), Failure> {
    let (default, original, metadata) = original(arm, stemcell).await?;
    if default.name == account.name {
        return Ok((original, metadata));
    }
    let table = Table::of(arm, &default).ok_or_else(|| {
        Failure::rejected(format!("The default storage account '{}' has no tables: use one that has", default.name))
    })?;
    let copy = blob(arm, account, stemcell)?;
    let work = Work { table, stemcell, copy };
    match work.row().await? {
        None if work.claim().await? => work.make(&original).await?,
        // Somebody else was faster, now or long ago.
        _ => work.wait().await?,
    }
    Ok((work.copy, metadata))
}

struct Work<'a> {
    table: Table,
    stemcell: &'a str,
    copy: Blob,
}

impl Work<'_> {
    async fn row(&self) -> Result<Option<Row>, Failure> {
        let rows = self.table.rows(self.stemcell).await?;
        Ok(rows.into_iter().find(|row| row.account == self.copy.account.name))
    }

    async fn claim(&self) -> Result<bool, Failure> {
        Ok(self.table.insert(self.stemcell, &self.copy.account.name, PENDING).await?)
    }

    async fn make(&self, original: &Blob) -> Result<(), Failure> {
        let made = async {
            self.copy.copy_from(original).await?;
            if self.table.update(self.stemcell, &self.copy.account.name, SUCCESS).await? {
                return Ok(());
            }
            Err(self.failed("its row in the table 'stemcells' has vanished"))
        };
        match made.await {
            Ok(()) => Ok(()),
            Err(failure) => {
                self.give_up().await;
                Err(failure)
            }
        }
    }

    async fn wait(&self) -> Result<(), Failure> {
        loop {
            let row = self.row().await?.ok_or_else(|| self.failed("who made the copy gave it up; try again"))?;
            match row.status.as_str() {
                SUCCESS => return Ok(()),
                PENDING if row.age(now()).is_some_and(|age| age > LONGEST) => {
                    self.give_up().await;
                    return Err(self.failed(
                        "the copy of another call is not finished after 20 minutes, and is removed; try again",
                    ));
                }
                PENDING => clock::sleep(LOOK).await,
                other => return Err(self.failed(&format!("The status of the stemcell is unknown: '{other}'"))),
            }
        }
    }

    async fn give_up(&self) {
        let removed =
            [self.copy.delete().await.map(drop), self.table.delete(self.stemcell, &self.copy.account.name).await];
        for error in removed.into_iter().filter_map(Result::err) {
            log::warn("something is left of a copy", &[("blob", &self.copy.url), ("error", &error.to_string())]);
        }
    }

    fn failed(&self, why: &str) -> Failure {
        let (stemcell, account) = (self.stemcell, &self.copy.account.name);
        Failure::rejected(format!("The stemcell '{stemcell}' is not in the storage account '{account}': {why}"))
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    clock::now().duration_since(UNIX_EPOCH).map(|time| time.as_secs()).unwrap_or_default()
}
