use std::collections::BTreeSet;

use cpi_plugin_sdk::{Failure, log};
use futures_concurrency::prelude::*;
use serde::Deserialize;

use super::gallery::{Gallery, release};
use super::heavy::blob::blob;
use super::light::is_light;
use super::{image_names, light};
use crate::arm::{Arm, Kind, Resource};
use crate::storage::{Account, Table, accounts};

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Removes a stemcell: its images, its place in the gallery, its blobs, and what the table says of it. What is gone is a
/// success.
pub(crate) async fn delete(arm: &Arm, stemcell: &str) -> Result<(), Failure> {
    if is_light(stemcell) {
        return light::delete(arm, stemcell).await;
    }
    let gallery = Gallery::of(&arm.settings);
    if arm.settings.managed_disks || gallery.is_some() {
        images(arm, stemcell).await?;
    }
    if let Some(gallery) = gallery {
        release::release(arm, &gallery, stemcell).await?;
    }
    // Without an account there are no blobs.
    let Some(account) = accounts::existing(arm).await? else { return Ok(()) };
    let table = Table::of(arm, &account);
    let rows = match &table {
        Some(table) => table.rows(stemcell).await?,
        None => Vec::new(),
    };
    let copies: BTreeSet<_> = rows.iter().map(|row| row.account.clone()).collect();
    blobs(arm, stemcell, &account, &copies).await?;
    if let Some(table) = table {
        for row in &rows {
            table.delete(stemcell, &row.account).await?;
        }
    }
    Ok(())
}

/// The images that were made of it for types of disks and locations.
async fn images(arm: &Arm, stemcell: &str) -> Result<(), Failure> {
    let settings = &arm.settings;
    let all: Vec<Named> = arm.list(&Resource::all(settings, &settings.resource_group, Kind::Image), &[]).await?;
    let ours = all.iter().filter(|image| image_names::is_of(&image.name, stemcell));
    let ours: Vec<_> = ours.map(|image| arm.resource(&settings.resource_group, Kind::Image, &image.name)).collect();
    let deleted = ours.iter().map(|image| arm.delete(image)).collect::<Vec<_>>().join().await;
    Ok(deleted.into_iter().find_map(Result::err).map_or(Ok(()), Err)?)
}

/// The blob in the default account, and its copies: in the accounts of which the table says so, and, with managed disks and
/// unless the operator says that there are none, in whatever account has one.
async fn blobs(arm: &Arm, stemcell: &str, account: &Account, copies: &BTreeSet<String>) -> Result<(), Failure> {
    let searched = arm.settings.managed_disks && !arm.settings.cleans_default_account_only;
    let others = if searched || !copies.is_empty() { accounts::all(arm).await? } else { Vec::new() };
    let others: Vec<_> = others
        .into_iter()
        .filter(|other| other.name != account.name && other.has_page_blobs())
        .filter(|other| searched || copies.contains(&other.name))
        .collect();
    let remove = async |other: &Account| {
        let removed = match blob(arm, other, stemcell) {
            Ok(blob) => blob.delete().await.map_err(Failure::from),
            Err(failure) => Err(failure),
        };
        match removed {
            // Only what is ours has to open its doors to us.
            Err(failure) if !copies.contains(&other.name) && !other.has_stemcell_tags() => {
                log::warn("an account is passed over", &[("account", &other.name), ("why", &failure.describe())]);
                Ok(())
            }
            removed => removed.map(drop),
        }
    };
    blob(arm, account, stemcell)?.delete().await?;
    let removed = others.iter().map(remove).collect::<Vec<_>>().join().await;
    removed.into_iter().find_map(Result::err).map_or(Ok(()), Err)
}
