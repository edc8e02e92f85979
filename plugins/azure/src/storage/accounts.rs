use cpi_plugin_sdk::{ApiError, Failure, log, random};
use serde::Deserialize;
use serde_json::json;

use super::account::{Account, body};
use super::table::Table;
use crate::arm::{Arm, Kind, Resource};

/// So many names are tried; one of 24 random digits is never taken.
const MOST_NAMES: usize = 5;

#[derive(Deserialize)]
struct Group {
    location: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Availability {
    name_available: bool,
    /// Why not.
    message: Option<String>,
}

/// The account of this name, in the default resource group.
pub(crate) async fn find(arm: &Arm, name: &str) -> Result<Option<Account>, ApiError> {
    arm.read(&resource(arm, name)).await
}

/// The account of this name, which must be there.
pub(crate) async fn get(arm: &Arm, name: &str) -> Result<Account, Failure> {
    find(arm, name).await?.ok_or_else(|| {
        let group = &arm.settings.resource_group;
        Failure::rejected(format!("The storage account '{name}' does not exist in the resource group '{group}'"))
    })
}

/// The account of this name, made in a location where it is missing: of this type, which only then is needed, and kind.
pub(crate) async fn find_or_make(
    arm: &Arm,
    name: &str,
    sku: Option<&str>,
    kind: &str,
    location: &str,
) -> Result<Account, Failure> {
    let resource = resource(arm, name);
    let _lease = arm.lease(&resource.id).await?;
    if let Some(found) = find(arm, name).await? {
        return Ok(found);
    }
    let Availability { name_available, message } = availability(arm, name).await?;
    if !name_available {
        let why = message.unwrap_or_else(|| "the name is taken".to_owned());
        return Err(Failure::rejected(format!(
            "The storage account '{name}' cannot be made: {why}. Name another one in storage_account_name",
            why = why.trim_end_matches('.')
        )));
    }
    let missing = || {
        Failure::rejected(format!(
            "missing storage_account_type: the storage account '{name}' does not exist, and is made of that type"
        ))
    };
    let body = json!({"location": location, "sku": {"name": sku.ok_or_else(missing)?}, "kind": kind, "tags": {}});
    log::info("making a storage account", &[("name", name), ("location", location)]);
    arm.put(&resource, &body).await?;
    get(arm, name).await
}

/// All accounts of the default resource group.
pub(crate) async fn all(arm: &Arm) -> Result<Vec<Account>, ApiError> {
    let settings = &arm.settings;
    arm.list(&Resource::all(settings, &settings.resource_group, Kind::StorageAccount), &[]).await
}

/// The account that stemcells are uploaded to: the one that is configured; else the one of the default resource group and
/// its location that has the tags of such accounts, or the table of an older CPI; else a new one.
pub(crate) async fn default(arm: &Arm) -> Result<Account, Failure> {
    match look(arm).await? {
        Look::Found(account) => Ok(account),
        Look::NoneIn(location) => in_location(arm, &location).await,
    }
}

/// The same, if there is one.
pub(crate) async fn existing(arm: &Arm) -> Result<Option<Account>, Failure> {
    Ok(match look(arm).await? {
        Look::Found(account) => Some(account),
        Look::NoneIn(_) => None,
    })
}

enum Look {
    Found(Account),
    NoneIn(String),
}

async fn look(arm: &Arm) -> Result<Look, Failure> {
    let settings = &arm.settings;
    if let Some(name) = &settings.storage_account {
        let found = find(arm, name).await?.ok_or_else(|| {
            let group = &settings.resource_group;
            Failure::rejected(format!(
                "The default storage account '{name}' is specified in Global configuration, but it does not exist in the \
                 resource group '{group}'"
            ))
        })?;
        if settings.managed_disks {
            tag(arm, &found).await?;
        }
        return Ok(Look::Found(found));
    }
    let name = &settings.resource_group;
    let group: Option<Group> = arm.read(&Resource::group(settings, name)).await?;
    let missing = || Failure::rejected(format!("Cannot find the resource group '{name}'"));
    let location = group.ok_or_else(missing)?.location;
    let accounts = all(arm).await?;
    if let Some(tagged) = tagged(&accounts, &location) {
        return Ok(Look::Found(tagged.clone()));
    }
    let mut elsewhere = None;
    for account in accounts.iter().filter(|account| account.can_hold_stemcells()) {
        let Some(table) = Table::of(arm, account) else { continue };
        match table.is_there().await {
            Ok(true) if account.is_in(&location) => {
                tag(arm, account).await?;
                return Ok(Look::Found(account.clone()));
            }
            Ok(true) => elsewhere = elsewhere.or(Some(account)),
            Ok(false) => {}
            // It may be somebody else's, behind a network rule, or not readable for this client.
            Err(error) => {
                log::warn("an account is passed over", &[("account", &account.name), ("error", &error.to_string())]);
            }
        }
    }
    match elsewhere {
        Some(account) => Err(Failure::rejected(format!(
            "The existing default storage account '{}' has the location '{}', which is different from the location of the \
             resource group, '{location}': set storage_account_name, or move its stemcells to an account there",
            account.name, account.location
        ))),
        None => Ok(Look::NoneIn(location)),
    }
}

/// The account for stemcells of a location: one with their tags, or a new one.
pub(crate) async fn in_location(arm: &Arm, location: &str) -> Result<Account, Failure> {
    let _lease = arm.lease(&format!("storage account for stemcells in {location}")).await?;
    if let Some(found) = tagged(&all(arm).await?, location) {
        return Ok(found.clone());
    }
    let name = free_name(arm).await?;
    log::info("making a storage account", &[("name", &name), ("location", location)]);
    arm.put(&resource(arm, &name), &body(location, arm.settings.stack)).await?;
    get(arm, &name).await
}

fn tagged<'a>(accounts: &'a [Account], location: &str) -> Option<&'a Account> {
    accounts
        .iter()
        .find(|account| account.is_in(location) && account.has_stemcell_tags() && account.can_hold_stemcells())
}

async fn tag(arm: &Arm, account: &Account) -> Result<(), ApiError> {
    if account.has_stemcell_tags() {
        return Ok(());
    }
    arm.patch(&resource(arm, &account.name), &account.tagging(), None).await
}

async fn availability(arm: &Arm, name: &str) -> Result<Availability, ApiError> {
    let asked = json!({"name": name, "type": Kind::StorageAccount.name()});
    arm.ask(&Resource::storage(&arm.settings), "checkNameAvailability", &asked).await
}

/// Names of accounts are those of the whole world.
async fn free_name(arm: &Arm) -> Result<String, Failure> {
    for _ in 0..MOST_NAMES {
        let name: String = random::uuid()?.replace('-', "").chars().take(24).collect();
        if availability(arm, &name).await?.name_available {
            return Ok(name);
        }
    }
    Err(Failure::rejected("no free name for a storage account was found: set storage_account_name"))
}

fn resource(arm: &Arm, name: &str) -> Resource {
    arm.resource(&arm.settings.resource_group, Kind::StorageAccount, name)
}
