use cpi_plugin_sdk::{Failure, agents};
use serde_json::json;

use super::request::Request;
use crate::disks::data_disks::hint;

/// Azure's limit for custom data before it is encoded.
const CUSTOM_DATA_LIMIT: u32 = 65_535;

/// What the agent must know. `computer` is the name of a machine with Windows.
pub(crate) fn settings(request: &Request, computer: Option<&str>) -> agents::Settings {
    let id = request.id.to_string();
    let facts = |name: &String| agents::InterfaceFacts { network: name.clone(), mac: None, use_dhcp: true };
    let mut extra = json!({"server": {"name": computer.unwrap_or(&id)}});
    if let Some(extra) = extra.as_object_mut() {
        if !request.networks.dns.is_empty() {
            extra.insert("dns".to_owned(), json!({"nameserver": request.networks.dns}));
        }
        computer.map(|_| extra.insert("instance-id".to_owned(), json!(id)));
    }
    agents::Settings {
        vm_name: request.id.name.clone(),
        interfaces: request.networks.names().map(facts).collect(),
        disks: agents::Disks {
            system: Some("/dev/sda".to_owned()),
            ephemeral: (!request.vm.ephemeral_disk.on_root_disk).then(|| hint(0).to_string()),
            raw_ephemeral: Vec::new(),
        },
        extra: extra.to_string(),
    }
}

/// Refuses a document that Azure would not take.
pub(crate) fn check_size(size: u32) -> Result<(), Failure> {
    if size <= CUSTOM_DATA_LIMIT {
        return Ok(());
    }
    Err(Failure::rejected(format!(
        "the agent's settings are {size} bytes, and Azure takes at most {CUSTOM_DATA_LIMIT} bytes of custom data: use fewer \
         networks or shorter certificates in 'env'"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_named() {
        assert!(check_size(65_535).is_ok());
        assert!(check_size(65_536).unwrap_err().message().contains("65536 bytes, and Azure takes at most 65535"));
    }
}
