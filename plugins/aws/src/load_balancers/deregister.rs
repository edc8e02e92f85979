use aws_sdk_elasticloadbalancingv2::types::TargetDescription;
use cpi_plugin_sdk::{Failure, smithy};

use super::address_targets::AddressTarget;
use super::client::LoadBalancing;
use crate::settings::Settings;

/// Takes the addresses of a VM that ends out of their target groups; otherwise the next VM with such an address would
/// get its traffic.
pub(crate) async fn deregister(settings: &Settings, targets: &[AddressTarget]) -> Result<(), Failure> {
    if targets.is_empty() {
        return Ok(());
    }
    let api = LoadBalancing::of(settings)?;
    for target in targets {
        deregister_one(&api, target).await?;
    }
    Ok(())
}

async fn deregister_one(api: &LoadBalancing, target: &AddressTarget) -> Result<(), Failure> {
    let AddressTarget { group_arn, ip } = target;
    let description = TargetDescription::builder().id(ip).build();
    let answer = api.targets.deregister_targets().target_group_arn(group_arn).targets(description).send().await;
    match answer.map_err(smithy::error("DeregisterTargets")) {
        // Neither group nor target: there is nothing left to do.
        Err(error) if error.is(&["TargetGroupNotFound", "InvalidTarget"]) => Ok(()),
        other => other
            .map(drop)
            .map_err(|error| Failure::from(error).within(&format!("address '{ip}' stays in '{group_arn}'"))),
    }
}
