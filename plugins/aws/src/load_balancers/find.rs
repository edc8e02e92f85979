use aws_sdk_elasticloadbalancingv2::types::{TargetGroup as Described, TargetGroupIpAddressTypeEnum, TargetTypeEnum};
use cpi_plugin_sdk::{Failure, log, smithy};
use futures_concurrency::prelude::*;

use super::client::LoadBalancing;
use super::target_group::{Kind, TargetGroup};
use crate::create_vm::properties::VmProperties;
use crate::settings::Settings;

/// The load balancers that a VM will be registered with, in the order of the request.
pub(crate) struct Membership {
    pub(super) api: LoadBalancing,
    pub(super) target_groups: Vec<TargetGroup>,
    pub(super) classic: Vec<String>,
}

/// Looks them up, before anything is made. None when the VM has no load balancer.
pub(crate) async fn find(settings: &Settings, vm: &VmProperties) -> Result<Option<Membership>, Failure> {
    if vm.elbs.is_empty() && vm.lb_target_groups.is_empty() {
        return Ok(None);
    }
    let api = LoadBalancing::of(settings)?;
    let groups: Vec<_> = vm.lb_target_groups.iter().map(|name| target_group(&api, name)).collect();
    let (target_groups, classic) = (groups.join(), check_classic(&api, &vm.elbs)).join().await;
    let target_groups = target_groups.into_iter().collect::<Result<_, _>>()?;
    classic?;
    Ok(Some(Membership { api, target_groups, classic: vm.elbs.clone() }))
}

impl Membership {
    pub(crate) fn check_vpc(&self, vpc: &str) -> Result<(), Failure> {
        self.target_groups.iter().try_for_each(|group| group.check_vpc(vpc))
    }
}

async fn target_group(api: &LoadBalancing, name: &str) -> Result<TargetGroup, Failure> {
    // Operators know the message with these words.
    let missing = || Failure::rejected(format!("Cloud not find ALB target group `{name}'"));
    let answer = api.targets.describe_target_groups().names(name).send().await;
    let answer = answer.map_err(smithy::error("DescribeTargetGroups"));
    let found = match answer {
        Err(error) if error.is(&["TargetGroupNotFound"]) => return Err(missing()),
        other => other?.target_groups.unwrap_or_default().into_iter().next().ok_or_else(missing)?,
    };
    let kind = kind(name, &found)?;
    Ok(TargetGroup { name: name.to_owned(), arn: found.target_group_arn.ok_or_else(missing)?, vpc: found.vpc_id, kind })
}

fn kind(name: &str, group: &Described) -> Result<Kind, Failure> {
    let target = group.target_type().map_or("instance", TargetTypeEnum::as_str);
    Kind::of(name, target, group.ip_address_type().map(TargetGroupIpAddressTypeEnum::as_str))
}

/// Whoever may register instances need not be allowed to look.
async fn check_classic(api: &LoadBalancing, names: &[String]) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let answer = api.classic.describe_load_balancers().set_load_balancer_names(Some(names.to_vec())).send().await;
    match answer.map_err(smithy::error("DescribeLoadBalancers")) {
        Ok(_) => Ok(()),
        Err(error) if error.is(&["AccessDenied", "UnauthorizedOperation"]) => {
            log::warn("load balancers could not be looked up beforehand", &[("error", &error.to_string())]);
            Ok(())
        }
        Err(error) => Err(Failure::from(error).within(&format!("'elbs' has {}", names.join(", ")))),
    }
}
