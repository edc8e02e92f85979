use aws_sdk_elasticloadbalancing::types::Instance;
use aws_sdk_elasticloadbalancingv2::types::TargetDescription;
use cpi_plugin_sdk::{ApiError, Failure, smithy};

use super::address_targets::AddressTarget;
use super::find::Membership;
use super::target_group::{Kind, TargetGroup};
use crate::patience::Patience;
use crate::wait;

/// The addresses by which a VM can be known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses<'a> {
    pub ipv4: Option<&'a str>,
    pub ipv6: Option<&'a str>,
}

impl Membership {
    /// What has to be remembered of a VM with these addresses, see [`address_targets`](super::address_targets).
    pub(crate) fn address_targets(&self, addresses: Addresses<'_>) -> Result<Vec<AddressTarget>, Failure> {
        let groups = self.target_groups.iter().filter(|group| group.kind != Kind::Instance);
        let target = |group: &TargetGroup| {
            Ok(AddressTarget { group_arn: group.arn.clone(), ip: target(group, "", addresses)?.to_owned() })
        };
        groups.map(target).collect()
    }

    /// Registers a VM that runs: with the target groups first and then with the classic load balancers, one after the
    /// other as they are listed.
    pub(crate) async fn register(&self, vm: &str, addresses: Addresses<'_>) -> Result<(), Failure> {
        for group in &self.target_groups {
            let id = target(group, vm, addresses)?;
            let registered = self.register_target(&group.arn, id).await;
            registered.map_err(|error| Failure::from(error).within(&format!("target group '{}'", group.name)))?;
        }
        for name in &self.classic {
            let registered = self.register_instance(name, vm).await;
            registered.map_err(|error| Failure::from(error).within(&format!("load balancer '{name}'")))?;
        }
        Ok(())
    }

    async fn register_target(&self, arn: &str, id: &str) -> Result<(), ApiError> {
        wait::retry(Patience::CONSISTENT, not_running_yet, async || {
            let target = TargetDescription::builder().id(id).build();
            let answer = self.api.targets.register_targets().target_group_arn(arn).targets(target).send().await;
            answer.map(drop).map_err(smithy::error("RegisterTargets"))
        })
        .await
    }

    async fn register_instance(&self, name: &str, vm: &str) -> Result<(), ApiError> {
        wait::retry(Patience::CONSISTENT, not_running_yet, async || {
            let instance = Instance::builder().instance_id(vm).build();
            let request = self.api.classic.register_instances_with_load_balancer();
            let answer = request.load_balancer_name(name).instances(instance).send().await;
            answer.map(drop).map_err(smithy::error("RegisterInstancesWithLoadBalancer"))
        })
        .await
    }
}

/// What a group knows the VM by: its first interface's address, or its instance.
fn target<'a>(group: &TargetGroup, vm: &'a str, addresses: Addresses<'a>) -> Result<&'a str, Failure> {
    let (address, family) = match group.kind {
        Kind::Instance => return Ok(vm),
        Kind::Ipv4 => (addresses.ipv4, "IPv4"),
        Kind::Ipv6 => (addresses.ipv6, "IPv6"),
    };
    let missing = || {
        let name = &group.name;
        Failure::rejected(format!(
            "target group '{name}' takes {family} addresses, and the VM's first network has none"
        ))
    };
    address.ok_or_else(missing)
}

/// Load balancers learn a moment after EC2 itself that an instance runs.
fn not_running_yet(error: &ApiError) -> bool {
    match error {
        ApiError::Service { code, message, .. } => {
            code == "InvalidInstance" || code == "InvalidTarget" && message.contains("not in a running state")
        }
        _ => false,
    }
}
