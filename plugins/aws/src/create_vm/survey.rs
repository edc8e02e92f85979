use aws_sdk_ec2::types::{Filter, SecurityGroup};
use cpi_plugin_sdk::{Failure, agents, smithy};
use futures_concurrency::prelude::*;

use super::block_devices::{self, Mapping};
use super::request::Request;
use super::routes::{self, PlannedRoute};
use super::security_groups;
use super::zones::{self, Subnet};
use crate::client::Ec2;
use crate::images;
use crate::instance_types::{Facts, lookup};
use crate::load_balancers::find::{self, Membership};

/// What the cloud looks like before anything is made. Everything that can be wrong is found here.
pub(super) struct Site {
    pub mappings: Vec<Mapping>,
    pub disks: agents::Disks,
    /// Ids, for each interface.
    pub security_groups: Vec<Vec<String>>,
    /// Of the Elastic IP.
    pub allocation: Option<String>,
    pub routes: Vec<PlannedRoute>,
    pub load_balancers: Option<Membership>,
}

pub(super) async fn survey(ec2: &Ec2, request: &Request) -> Result<Site, Failure> {
    let reads = (
        images::for_launch(ec2, &request.ami),
        facts(ec2, request),
        subnets(ec2, request),
        volume_zones(ec2, request),
        allocation(ec2, request),
        Box::pin(find::find(&ec2.settings, &request.vm)),
    );
    let (ami, facts, subnets, volume_zones, allocation, load_balancers) = reads.join().await;
    let (mappings, disks) = block_devices::layout(&request.vm, &ami?, &facts?)?;
    let subnets = of_groups(&subnets?, request)?;
    let zone = zones::of_subnets(&subnets.iter().collect::<Vec<_>>())?;
    zones::common(&zone, &request.vm.availability_zone, &volume_zones?)?;
    let (allocation, load_balancers) = (allocation?, load_balancers?);
    if let (Some(membership), Some(subnet)) = (&load_balancers, subnets.first()) {
        membership.check_vpc(&subnet.vpc)?;
    }

    let (groups, routes) =
        (security_groups_of(ec2, request, &subnets), routes::plan(ec2, request, &subnets)).join().await;
    Ok(Site { mappings, disks, security_groups: groups?, allocation, routes: routes?, load_balancers })
}

async fn facts(ec2: &Ec2, request: &Request) -> Result<Facts, Failure> {
    let name = &request.vm.instance_type;
    if block_devices::needs_facts(&request.vm) { lookup::facts(ec2, name).await } else { Ok(Facts::guess(name)) }
}

async fn subnets(ec2: &Ec2, request: &Request) -> Result<Vec<Subnet>, Failure> {
    let mut ids: Vec<String> = Vec::new();
    for group in &request.groups {
        if !ids.contains(&group.subnet) {
            ids.push(group.subnet.clone());
        }
    }
    let filter = Filter::builder().name("subnet-id").set_values(Some(ids)).build();
    let answer = ec2.describe_subnets().filters(filter).send().await.map_err(smithy::error("DescribeSubnets"))?;
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let known = answer.subnets().iter().map(|subnet| Subnet {
        id: text(subnet.subnet_id()),
        zone: text(subnet.availability_zone()),
        vpc: text(subnet.vpc_id()),
    });
    Ok(known.collect())
}

/// The subnet of each group.
fn of_groups(known: &[Subnet], request: &Request) -> Result<Vec<Subnet>, Failure> {
    let find = |id: &str| known.iter().find(|subnet| subnet.id == id).cloned();
    let missing = |id: &str| Failure::rejected(format!("Subnet '{id}' not found"));
    request.groups.iter().map(|group| find(&group.subnet).ok_or_else(|| missing(&group.subnet))).collect()
}

async fn volume_zones(ec2: &Ec2, request: &Request) -> Result<Vec<String>, Failure> {
    if request.near_disks.is_empty() {
        return Ok(Vec::new());
    }
    let answer = ec2.describe_volumes().set_volume_ids(Some(request.near_disks.clone())).send().await;
    let answer = answer.map_err(smithy::error("DescribeVolumes"))?;
    Ok(answer.volumes().iter().filter_map(|volume| volume.availability_zone().map(str::to_owned)).collect())
}

async fn allocation(ec2: &Ec2, request: &Request) -> Result<Option<String>, Failure> {
    let Some(vip) = &request.vip else { return Ok(None) };
    let missing = || Failure::rejected(format!("Elastic IP with VPC scope not found with address '{}'", vip.ip));
    let filter = Filter::builder().name("domain").values("vpc").build();
    match ec2.describe_addresses().public_ips(&vip.ip).filters(filter).send().await {
        Ok(answer) => {
            let id = answer.addresses().first().and_then(|address| address.allocation_id());
            id.map(|id| Some(id.to_owned())).ok_or_else(missing)
        }
        Err(error) => {
            let error = smithy::error("DescribeAddresses")(error);
            Err(if error.is(&["InvalidAddress.NotFound"]) { missing() } else { error.into() })
        }
    }
}

/// Names stand for groups of the VPC that the interface is in.
async fn security_groups_of(ec2: &Ec2, request: &Request, subnets: &[Subnet]) -> Result<Vec<Vec<String>>, Failure> {
    if !security_groups::any_name(&request.security_groups) {
        return Ok(vec![request.security_groups.clone(); subnets.len()]);
    }
    let mut by_vpc: Vec<(&str, Vec<String>)> = Vec::new();
    let mut all = Vec::new();
    for subnet in subnets {
        let known = by_vpc.iter().find(|(vpc, _)| *vpc == subnet.vpc).map(|(_, ids)| ids.clone());
        let ids = if let Some(ids) = known {
            ids
        } else {
            let ids = security_groups::resolve(&request.security_groups, &groups_of_vpc(ec2, &subnet.vpc).await?)?;
            by_vpc.push((&subnet.vpc, ids.clone()));
            ids
        };
        all.push(ids);
    }
    Ok(all)
}

async fn groups_of_vpc(ec2: &Ec2, vpc: &str) -> Result<Vec<(String, String)>, Failure> {
    let filter = Filter::builder().name("vpc-id").values(vpc).build();
    let mut pages = ec2.describe_security_groups().filters(filter).into_paginator().send();
    let mut groups = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(smithy::error("DescribeSecurityGroups"))?;
        let pair = |group: &SecurityGroup| Some((group.group_id()?.to_owned(), group.group_name()?.to_owned()));
        groups.extend(page.security_groups().iter().filter_map(pair));
    }
    Ok(groups)
}
