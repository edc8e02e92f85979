use cpi_plugin_sdk::Failure;
use futures_concurrency::prelude::*;
use serde::de::IgnoredAny;

use crate::arm::{Arm, Kind};
use crate::create_vm::interfaces::References;
use crate::create_vm::request::Request;
use crate::create_vm::security_groups::{self, Wanted};

/// References of all interfaces, with their security groups in them. Each group is looked for once.
pub(super) async fn find(arm: &Arm, request: &Request) -> Result<Vec<References>, Failure> {
    let mut wanted: Vec<(Kind, Wanted)> = Vec::new();
    let mut of_interfaces = Vec::new();
    for interface in &request.networks.interfaces {
        let network = security_groups::network(&request.vm, interface, &arm.settings)?;
        let applications = security_groups::application(&request.vm, interface, &arm.settings);
        let network = network.map(|group| position(&mut wanted, Kind::NetworkSecurityGroup, group));
        let applications = applications.into_iter();
        let applications: Vec<_> =
            applications.map(|group| position(&mut wanted, Kind::ApplicationSecurityGroup, group)).collect();
        of_interfaces.push((network, applications));
    }
    let looks: Vec<_> = wanted.iter().map(|(kind, wanted)| look(arm, *kind, wanted)).collect();
    let found: Vec<String> = looks.join().await.into_iter().collect::<Result<_, _>>()?;
    let id = |position: usize| found.get(position).cloned();
    let references = of_interfaces.into_iter().map(|(network, applications)| References {
        security_group: network.and_then(id),
        application_security_groups: applications.into_iter().filter_map(id).collect(),
        ..References::default()
    });
    Ok(references.collect())
}

fn position(all: &mut Vec<(Kind, Wanted)>, kind: Kind, group: Wanted) -> usize {
    let one = (kind, group);
    all.iter().position(|known| *known == one).unwrap_or_else(|| {
        all.push(one);
        all.len() - 1
    })
}

/// The id of a group, in the first of the resource groups that has it.
async fn look(arm: &Arm, kind: Kind, wanted: &Wanted) -> Result<String, Failure> {
    for resource_group in &wanted.resource_groups {
        let resource = arm.resource(resource_group, kind, &wanted.name);
        if arm.read::<IgnoredAny>(&resource).await?.is_some() {
            return Ok(resource.id);
        }
    }
    let what = match kind {
        Kind::ApplicationSecurityGroup => "application security group",
        _ => "network security group",
    };
    let (name, groups) = (&wanted.name, wanted.resource_groups.join("' or '"));
    Err(Failure::rejected(format!("Cannot find the {what} '{name}' in the resource group '{groups}'")))
}
