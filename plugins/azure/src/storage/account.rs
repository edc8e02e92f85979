use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::arm::nullable;
use crate::settings::{Settings, same_location};

/// A storage account, as ARM describes it. See "Storage Accounts - Get Properties".
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Account {
    pub id: String,
    pub name: String,
    pub location: String,
    #[serde(default, deserialize_with = "nullable")]
    kind: String,
    #[serde(default, deserialize_with = "nullable")]
    sku: Sku,
    #[serde(default, deserialize_with = "nullable")]
    pub tags: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "nullable")]
    properties: Properties,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Sku {
    #[serde(default)]
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default, deserialize_with = "nullable")]
    primary_endpoints: Endpoints,
    /// Absent means that it takes them.
    allow_shared_key_access: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Endpoints {
    blob: Option<String>,
    table: Option<String>,
}

/// The tags of accounts that hold stemcells.
const STEMCELL_TAGS: [(&str, &str); 2] = [("user-agent", "bosh"), ("type", "stemcell")];
/// Kinds that have page blobs and tables.
const KINDS: [&str; 2] = ["Storage", "StorageV2"];

impl Account {
    /// Where its blobs are, without a slash at the end: as the operator says, or else as ARM says.
    pub(crate) fn blobs(&self, settings: &Settings) -> Option<String> {
        self.endpoint(settings.storage_endpoint.as_deref(), self.properties.primary_endpoints.blob.as_deref())
    }

    /// Where its tables are; not every account has any.
    pub(crate) fn tables(&self, settings: &Settings) -> Option<String> {
        let given = settings.table_endpoint.as_deref().or(settings.storage_endpoint.as_deref());
        self.endpoint(given, self.properties.primary_endpoints.table.as_deref())
    }

    fn endpoint(&self, given: Option<&str>, known: Option<&str>) -> Option<String> {
        let url = given.map(|given| given.replace("{account}", &self.name)).or_else(|| known.map(str::to_owned))?;
        Some(url.trim_end_matches('/').to_owned())
    }

    /// Whether requests are signed with its key. The host has it; else they go with a token of Entra.
    pub(crate) fn takes_keys(&self) -> bool {
        self.properties.allow_shared_key_access.unwrap_or(true)
    }

    pub(crate) fn is_premium(&self) -> bool {
        self.sku.name.to_ascii_lowercase().starts_with("premium")
    }

    pub(crate) fn is_in(&self, location: &str) -> bool {
        same_location(&self.location, location)
    }

    /// Whether there can be disks and stemcells in it.
    pub(crate) fn has_page_blobs(&self) -> bool {
        KINDS.iter().any(|kind| self.kind.eq_ignore_ascii_case(kind))
    }

    /// Whether stemcells can be kept in it, and what is known of them.
    pub(crate) fn can_hold_stemcells(&self) -> bool {
        self.has_page_blobs() && !self.is_premium()
    }

    pub(crate) fn has_stemcell_tags(&self) -> bool {
        STEMCELL_TAGS.iter().all(|(key, value)| self.tags.get(*key).is_some_and(|has| has == value))
    }

    /// The change that gives it the tags of accounts with stemcells, and leaves it those that it has.
    pub(crate) fn tagging(&self) -> Value {
        let mut tags = self.tags.clone();
        tags.extend(stemcell_tags());
        json!({"tags": tags})
    }
}

/// The body of an account for stemcells.
pub(crate) fn body(location: &str, stack: bool) -> Value {
    let tags: BTreeMap<_, _> = stemcell_tags().collect();
    if stack {
        return json!({"location": location, "tags": tags, "kind": "Storage", "sku": {"name": "Standard_LRS"}});
    }
    json!({
        "location": location,
        "tags": tags,
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "properties": {
            "supportsHttpsTrafficOnly": true,
            "allowBlobPublicAccess": false,
            "minimumTlsVersion": "TLS1_2",
        },
    })
}

fn stemcell_tags() -> impl Iterator<Item = (String, String)> {
    STEMCELL_TAGS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn account(change: &Value) -> Account {
        let mut account = json!({
            "id": "/a", "name": "mine", "location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
            "tags": null,
            "properties": {"primaryEndpoints": {"blob": "https://mine.z1.blob.storage.azure.net/"}},
        });
        account.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(account).unwrap()
    }

    #[test]
    fn endpoints_are_those_of_azure_unless_the_operator_names_others() {
        let usual = testing::settings(&json!({}));
        let mine = account(&json!({}));
        assert_eq!(mine.blobs(&usual).as_deref(), Some("https://mine.z1.blob.storage.azure.net"));
        assert_eq!(mine.tables(&usual), None);
        let given = testing::settings(&json!({"endpoints": {"storage": "http://h/{account}"}}));
        assert_eq!(mine.blobs(&given).as_deref(), Some("http://h/mine"));
        assert_eq!(mine.tables(&given).as_deref(), Some("http://h/mine"));
        let both =
            testing::settings(&json!({"endpoints": {"storage": "http://h/{account}", "table": "http://t/{account}"}}));
        assert_eq!(mine.tables(&both).as_deref(), Some("http://t/mine"));
    }

    #[test]
    fn only_usual_accounts_hold_stemcells() {
        assert!(account(&json!({})).can_hold_stemcells());
        assert!(!account(&json!({"kind": "BlobStorage"})).can_hold_stemcells());
        assert!(!account(&json!({"sku": {"name": "Premium_LRS"}})).can_hold_stemcells());
        assert!(!account(&json!({"kind": null, "sku": null})).can_hold_stemcells());
    }

    #[test]
    fn tags_are_added_to_those_that_are_there() {
        let tagged = account(&json!({"tags": {"team": "a", "type": "x"}}));
        assert!(!tagged.has_stemcell_tags());
        assert_eq!(tagged.tagging(), json!({"tags": {"team": "a", "type": "stemcell", "user-agent": "bosh"}}));
        assert!(account(&tagged.tagging()).has_stemcell_tags());
    }

    #[test]
    fn an_account_takes_keys_unless_it_says_no() {
        assert!(account(&json!({})).takes_keys());
        assert!(!account(&json!({"properties": {"allowSharedKeyAccess": false}})).takes_keys());
    }
}
