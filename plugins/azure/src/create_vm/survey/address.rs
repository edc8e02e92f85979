use cpi_plugin_sdk::Failure;
use serde::Deserialize;

use crate::arm::{Arm, Kind, Resource, nullable};
use crate::create_vm::networks::Vip;

#[derive(Deserialize)]
struct PublicAddress {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    ip_address: Option<String>,
}

/// The id of the address of a VIP, and whether it is one of IPv6.
pub(super) async fn find(arm: &Arm, vip: Option<&Vip>) -> Result<Option<(String, bool)>, Failure> {
    let Some(Vip { ip, resource_group, .. }) = vip else { return Ok(None) };
    let all = Resource::all(&arm.settings, resource_group, Kind::PublicIpAddress);
    let addresses: Vec<PublicAddress> = arm.list(&all, &[]).await?;
    let found = addresses.into_iter().find(|known| known.properties.ip_address.as_ref() == Some(ip));
    let found = found.ok_or_else(|| {
        Failure::rejected(format!("Cannot find the public IP address '{ip}' in the resource group '{resource_group}'"))
    })?;
    Ok(Some((found.id, ip.contains(':'))))
}
