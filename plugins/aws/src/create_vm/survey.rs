use aws_sdk_ec2::types::{Filter, SecurityGroup};
use cpi_plugin_sdk::{Failure, agents, smithy};
use futures_concurrency::prelude::*;

use super::block_devices::{self, Mapping};
use super::candidates::Candidate;
use super::nic_groups::NicGroup;
use super::properties::VmProperties;
use super::request::Request;
use super::routes::{self, PlannedRoute};
use super::security_groups;
use super::zones::{self, Place, Subnet};
use crate::client::Ec2;
use crate::images;
use crate::instance_types::{Facts, lookup};
use crate::load_balancers::find::{self, Membership};

/// What the cloud looks like before anything is made. Everything that can be wrong is found here.
pub(super) struct Site {
    /// Where the VM can be, and what it can be, in the order of the wish.
    pub places: Vec<Place>,
    pub machines: Vec<Machine>,
    /// Ids, for each VPC.
    security_groups: Vec<(String, Vec<String>)>,
    /// Of the Elastic IP.
    pub allocation: Option<String>,
    pub routes: Vec<PlannedRoute>,
    pub load_balancers: Option<Membership>,
}

/// A type of instance with its disks.
pub(super) struct Machine {
    pub instance_type: String,
    pub mappings: Vec<Mapping>,
    pub disks: agents::Disks,
}

impl Site {
    /// Where and what a candidate is.
    pub(super) fn of(&self, candidate: Candidate) -> Result<(&Place, &Machine), Failure> {
        let found = self.places.get(candidate.place).zip(self.machines.get(candidate.machine));
        found.ok_or_else(|| Failure::rejected("there is no zone or no instance type to launch the VM with"))
    }

    /// The ids of the security groups of an interface in this VPC.
    pub(super) fn security_groups_in(&self, vpc: &str) -> Vec<String> {
        let found = self.security_groups.iter().find(|(known, _)| known == vpc);
        found.map(|(_, ids)| ids.clone()).unwrap_or_default()
    }
}

pub(super) async fn survey(ec2: &Ec2, request: &Request) -> Result<Site, Failure> {
    // Alone: nothing else needs to be asked when there is no such image.
    let ami = images::for_launch(ec2, &request.ami).await?;
    let reads = (
        facts(ec2, &request.vm),
        subnets(ec2, request),
        volume_zones(ec2, request),
        allocation(ec2, request),
        Box::pin(find::find(&ec2.settings, &request.vm)),
    );
    let (facts, subnets, volume_zones, allocation, load_balancers) = reads.join().await;
    let facts = facts?;
    let machine = |(name, facts): (&String, &Facts)| {
        let (mappings, disks) = block_devices::layout(&request.vm, name, &ami, facts)?;
        Ok(Machine { instance_type: name.clone(), mappings, disks })
    };
    let machines = request.vm.instance_types.iter().zip(&facts).map(machine).collect::<Result<_, Failure>>()?;
    let places = zones::places(&request.vm.availability_zones, &choices(&subnets?, request)?, &volume_zones?)?;
    let (allocation, load_balancers) = (allocation?, load_balancers?);

    let vpcs = vpcs(&places);
    if let Some(membership) = &load_balancers {
        // That of the first interface counts, wherever the others are.
        let first = places.iter().filter_map(|place| place.subnets.first());
        first.map(|subnet| subnet.vpc.as_str()).try_for_each(|vpc| membership.check_vpc(vpc))?;
    }
    let vpc_of_routes = vpcs.first().copied().unwrap_or_default();
    let (security_groups, routes) =
        (security_groups_of(ec2, request, &vpcs), routes::plan(ec2, request, vpc_of_routes)).join().await;
    let (security_groups, routes) = (security_groups?, routes?);
    Ok(Site { places, machines, security_groups, allocation, routes, load_balancers })
}

/// Of each type that the VM can have.
async fn facts(ec2: &Ec2, vm: &VmProperties) -> Result<Vec<Facts>, Failure> {
    let of = async |name: &String| {
        if !block_devices::needs_facts(vm, name) {
            return Ok(Facts::guess(name));
        }
        let failed = |error| Failure::from(error).within(&format!("DescribeInstanceTypes API error for '{name}'"));
        lookup::facts(ec2, name).await.map_err(failed)
    };
    let all: Vec<_> = vm.instance_types.iter().map(of).collect();
    all.join().await.into_iter().collect()
}

async fn subnets(ec2: &Ec2, request: &Request) -> Result<Vec<Subnet>, Failure> {
    let mut ids: Vec<String> = Vec::new();
    for id in request.groups.iter().flat_map(|group| &group.subnets) {
        if !ids.contains(id) {
            ids.push(id.clone());
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

/// The name of each group, and the subnets that it can be in.
fn choices<'a>(known: &[Subnet], request: &'a Request) -> Result<Vec<(&'a str, Vec<Subnet>)>, Failure> {
    let find = |id: &String| {
        let found = known.iter().find(|subnet| subnet.id == *id).cloned();
        found.ok_or_else(|| Failure::rejected(format!("Subnet '{id}' not found")))
    };
    let of_group = |group: &'a NicGroup| {
        Ok((group.name.as_str(), group.subnets.iter().map(find).collect::<Result<_, Failure>>()?))
    };
    request.groups.iter().map(of_group).collect()
}

/// Those of all places, that of the first interface in the first place first.
fn vpcs(places: &[Place]) -> Vec<&str> {
    let mut vpcs: Vec<&str> = Vec::new();
    for subnet in places.iter().flat_map(|place| &place.subnets) {
        if !vpcs.contains(&subnet.vpc.as_str()) {
            vpcs.push(&subnet.vpc);
        }
    }
    vpcs
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

/// Names stand for groups of the VPC that an interface is in.
async fn security_groups_of(
    ec2: &Ec2,
    request: &Request,
    vpcs: &[&str],
) -> Result<Vec<(String, Vec<String>)>, Failure> {
    let wanted = &request.security_groups;
    let in_vpc = async |vpc: &&str| {
        let names: Vec<_> = security_groups::names(wanted).map(str::to_owned).collect();
        let known = if names.is_empty() { Vec::new() } else { groups_named(ec2, vpc, names).await? };
        Ok(((*vpc).to_owned(), security_groups::resolve(wanted, &known)?))
    };
    let all: Vec<_> = vpcs.iter().map(in_vpc).collect();
    all.join().await.into_iter().collect()
}

/// Ids and names. A VPC can have thousands of groups, each with all of its rules in the answer.
async fn groups_named(ec2: &Ec2, vpc: &str, names: Vec<String>) -> Result<Vec<(String, String)>, Failure> {
    let request = ec2
        .describe_security_groups()
        .filters(Filter::builder().name("vpc-id").values(vpc).build())
        .filters(Filter::builder().name("group-name").set_values(Some(names)).build());
    let mut pages = request.into_paginator().send();
    let mut groups = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(smithy::error("DescribeSecurityGroups"))?;
        let pair = |group: &SecurityGroup| Some((group.group_id()?.to_owned(), group.group_name()?.to_owned()));
        groups.extend(page.security_groups().iter().filter_map(pair));
    }
    Ok(groups)
}
