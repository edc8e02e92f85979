use cpi_plugin_sdk::{Call, Failure, settings};

use crate::properties::Properties;

/// The provider's settings: `cloud.properties.azure` under the request's context, without the credentials.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "operators switch these one by one")]
pub(crate) struct Settings {
    /// Where ARM is: scheme and host, without a slash at the end.
    pub endpoint: String,
    /// Azure Stack Hub, which has versions of its own of ARM's interfaces.
    pub stack: bool,
    pub subscription: String,
    /// The resource group of everything whose properties name none.
    pub resource_group: String,
    pub location: Option<String>,
    pub managed_disks: bool,
    /// A name, and the resource group it is in when that is said.
    pub security_group: Option<(String, Option<String>)>,
    pub identity: Properties,
    pub ssh_user: Option<String>,
    pub ssh_public_key: Option<String>,
    /// As it was written: only an address that is made has one.
    pub idle_timeout_minutes: Result<u64, Failure>,
    pub keep_failed_vms: bool,
    /// Azure stops a VM that it removes, without a word to what runs there.
    pub force_deletion: bool,
    /// Azure removes the disks that were made with a VM together with it.
    pub delete_disks_with_vm: bool,
    /// All that is made with a VM has the VM's tags.
    pub tag_all_resources: bool,
    pub boot_diagnostics: bool,
    /// The name or id of the gallery that has images of stemcells.
    pub gallery: Option<String>,
    /// How many copies of an image the gallery has in each location.
    pub gallery_replicas: u64,
    /// The account of stemcells and, without managed disks, of disks.
    pub storage_account: Option<String>,
    /// Where blobs are, with `{account}` in it; none for what Azure says of each account.
    pub storage_endpoint: Option<String>,
    /// The same for tables, where they are not at the same place.
    pub table_endpoint: Option<String>,
    /// How many requests carry pages of an image at the same time.
    pub upload_width: u8,
    /// Stemcells are looked for in the default account only when they are deleted.
    pub cleans_default_account_only: bool,
}

/// The clouds, and where their ARM is.
const CLOUDS: [(&str, &str); 4] = [
    ("AzureCloud", "https://management.azure.com"),
    ("AzureChinaCloud", "https://management.chinacloudapi.cn"),
    ("AzureUSGovernment", "https://management.usgovcloudapi.net"),
    ("AzureGermanCloud", "https://management.microsoftazure.de"),
];
const STACK: &str = "AzureStack";

impl Settings {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        if call.stemcell_api_version.is_some_and(|version| version < 2) {
            return Err(Failure::rejected("Stemcell must support api version 2 or higher"));
        }
        let all = Properties::new(settings::object(&call.settings, "the azure settings")?);
        check_tracking_guid(&all)?;
        let endpoints = all.object("endpoints")?;
        let environment = all.text("environment")?.unwrap_or_else(|| "AzureCloud".to_owned());
        Ok(Self {
            endpoint: endpoint(&environment, &all)?,
            stack: environment == STACK,
            subscription: required(&all, "subscription_id")?,
            resource_group: required(&all, "resource_group_name")?,
            location: filled(&all, "location")?,
            managed_disks: all.flag("use_managed_disks")?.unwrap_or(false),
            security_group: named(&all, "default_security_group")?,
            identity: all.object("default_managed_identity")?,
            ssh_user: filled(&all, "ssh_user")?,
            ssh_public_key: filled(&all, "ssh_public_key")?,
            idle_timeout_minutes: all.number("pip_idle_timeout_in_minutes").map(|minutes| minutes.unwrap_or(4)),
            keep_failed_vms: all.flag("keep_failed_vms")?.unwrap_or(false),
            force_deletion: all.flag("force_deletion")?.unwrap_or(false),
            delete_disks_with_vm: all.flag("delete_disks_with_vm")?.unwrap_or(false),
            tag_all_resources: all.flag("tag_all_resources")?.unwrap_or(false),
            boot_diagnostics: all.flag("enable_vm_boot_diagnostics")?.unwrap_or(false),
            gallery: filled(&all, "compute_gallery_name")?,
            gallery_replicas: all.number("compute_gallery_replicas")?.unwrap_or(3),
            storage_account: filled(&all, "storage_account_name")?,
            storage_endpoint: accounts(&endpoints, "storage")?,
            table_endpoint: accounts(&endpoints, "table")?,
            upload_width: upload_width(&all)?,
            cleans_default_account_only: all.flag("use_default_account_for_cleaning")?.unwrap_or(false),
        })
    }
}

fn endpoint(environment: &str, all: &Properties) -> Result<String, Failure> {
    let given = all.object("endpoints")?.text("management")?;
    let known = CLOUDS.iter().find(|(name, _)| *name == environment).map(|(_, endpoint)| (*endpoint).to_owned());
    if known.is_none() && environment != STACK {
        let names: Vec<_> = CLOUDS.iter().map(|(name, _)| *name).chain([STACK]).collect();
        let names = names.join(", ");
        return Err(Failure::invalid(format!("environment '{environment}' is not known: it can be {names}")));
    }
    if environment == STACK && !all.is_given("azure_stack") {
        return Err(Failure::rejected("azure_stack is missing: environment AzureStack needs it"));
    }
    given.or(known).ok_or_else(|| {
        Failure::invalid(
            "endpoints.management is missing: environment AzureStack needs the URL of its resource manager there, \
             such as https://management.local.azurestack.external",
        )
    })
}

/// An endpoint for all accounts: it says where their names go.
fn accounts(endpoints: &Properties, key: &str) -> Result<Option<String>, Failure> {
    match filled(endpoints, key)? {
        Some(url) if !url.contains("{account}") => Err(Failure::invalid(format!(
            "endpoints.{key} must have {{account}} in it, where the name of a storage account goes, such as \
             https://{{account}}.blob.local.azurestack.external"
        ))),
        url => Ok(url),
    }
}

fn upload_width(all: &Properties) -> Result<u8, Failure> {
    let width = all.number("parallel_upload_thread_num")?.unwrap_or(16);
    u8::try_from(width)
        .ok()
        .filter(|width| *width > 0)
        .ok_or_else(|| Failure::invalid(format!("parallel_upload_thread_num must be between 1 and 255, got: {width}")))
}

/// The host says it in every request, also in those of its own.
fn check_tracking_guid(all: &Properties) -> Result<(), Failure> {
    const CHARACTERS: usize = 36;
    match filled(all, "isv_tracking_guid")? {
        Some(guid) if guid.chars().count() != CHARACTERS => {
            Err(Failure::invalid(format!("isv_tracking_guid must have {CHARACTERS} characters, got: '{guid}'")))
        }
        _ => Ok(()),
    }
}

pub(crate) fn filled(all: &Properties, key: &str) -> Result<Option<String>, Failure> {
    Ok(all.text(key)?.filter(|text| !text.is_empty()))
}

fn required(all: &Properties, key: &str) -> Result<String, Failure> {
    filled(all, key)?.ok_or_else(|| Failure::invalid(format!("missing configuration parameters > azure:{key}")))
}

/// Something of Azure's by its name alone, or as `{name, resource_group_name}`.
pub(crate) fn named(from: &Properties, key: &str) -> Result<Option<(String, Option<String>)>, Failure> {
    if let Ok(name) = from.text(key) {
        return Ok(name.map(|name| (name, None)));
    }
    let object = from.object(key)?;
    Ok(object.text("name")?.zip(Some(object.text("resource_group_name")?)))
}

/// Whether two locations are one: `East US` is `eastus`.
pub(crate) fn same_location(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.replace(' ', "").to_ascii_lowercase();
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    fn refusal(extra: &Value) -> String {
        Settings::of(&testing::call(extra)).unwrap_err().message().to_owned()
    }

    #[test]
    fn what_concerns_storage_is_checked() {
        let usual = testing::settings(&json!({}));
        assert_eq!((usual.upload_width, usual.storage_endpoint), (16, None));
        for (extra, problem) in [
            (json!({"endpoints": {"storage": "https://a.b"}}), "endpoints.storage must have {account}"),
            (json!({"parallel_upload_thread_num": 0}), "between 1 and 255, got: 0"),
        ] {
            let error = Settings::of(&testing::call(&extra)).unwrap_err();
            assert!(error.message().contains(problem), "{error:?}");
        }
    }

    #[test]
    fn every_environment_has_its_endpoint() {
        for (name, endpoint) in CLOUDS {
            assert_eq!(testing::settings(&json!({"environment": name})).endpoint, endpoint);
        }
        let stack = json!({"environment": STACK, "azure_stack": {}, "endpoints": {"management": "https://m.stack"}});
        assert_eq!(testing::settings(&stack).endpoint, "https://m.stack");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refusal(&json!({"environment": "AzureMoon"})).contains("'AzureMoon' is not known: it can be Azure"));
        assert!(refusal(&json!({"environment": STACK})).starts_with("azure_stack is missing"));
        assert!(refusal(&json!({"environment": STACK, "azure_stack": null})).starts_with("azure_stack is missing"));
        assert!(refusal(&json!({"isv_tracking_guid": "abc"})).contains("36 characters, got: 'abc'"));
        assert!(refusal(&json!({"environment": STACK, "azure_stack": {}})).starts_with("endpoints.management"));
        assert_eq!(
            refusal(&json!({"subscription_id": null})),
            "missing configuration parameters > azure:subscription_id"
        );
        let old = Call { stemcell_api_version: Some(1), ..testing::call(&json!({})) };
        assert_eq!(Settings::of(&old).unwrap_err().message(), "Stemcell must support api version 2 or higher");
    }

    #[test]
    fn a_security_group_is_a_name_or_an_object() {
        let group = |value: Value| testing::settings(&json!({"default_security_group": value})).security_group;
        assert_eq!(group(json!("g")), Some(("g".to_owned(), None)));
        assert_eq!(
            group(json!({"name": "g", "resource_group_name": "r"})),
            Some(("g".to_owned(), Some("r".to_owned())))
        );
        assert_eq!(group(json!(null)), None);
    }
}
