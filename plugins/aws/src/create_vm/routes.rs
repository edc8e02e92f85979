use aws_sdk_ec2::types::{Filter, RouteTable};
use cpi_plugin_sdk::{ApiError, Failure, smithy};

use super::properties::Route;
use super::request::Request;
use super::zones::Subnet;
use crate::client::Ec2;

/// A route that will lead to the VM.
#[derive(Clone, Debug)]
pub(super) struct PlannedRoute {
    route: Route,
    /// There is a route for the destination, which is replaced.
    exists: bool,
}

/// What a route leads to. EC2 takes an instance only when it has one interface.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    Instance(&'a str),
    Interface(&'a str),
}

/// Finds the tables before anything is made.
pub(super) async fn plan(ec2: &Ec2, request: &Request, subnets: &[Subnet]) -> Result<Vec<PlannedRoute>, Failure> {
    let (wanted, Some(subnet)) = (&request.vm.advertised_routes, subnets.first()) else { return Ok(Vec::new()) };
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let filter = Filter::builder().name("vpc-id").values(&subnet.vpc).build();
    let mut tables = Vec::new();
    let mut pages = ec2.describe_route_tables().filters(filter).into_paginator().send();
    while let Some(page) = pages.next().await {
        tables.extend(page.map_err(smithy::error("DescribeRouteTables"))?.route_tables.unwrap_or_default());
    }
    let planned = |route: &Route| {
        let table = tables.iter().find(|table| table.route_table_id() == Some(&route.table));
        let missing = || {
            Failure::rejected(format!(
                "Route table '{}' of 'advertised_routes' not found in VPC '{}'",
                route.table, subnet.vpc
            ))
        };
        Ok(PlannedRoute { route: route.clone(), exists: has(table.ok_or_else(missing)?, &route.destination) })
    };
    wanted.iter().map(planned).collect()
}

/// Points one route at the VM.
pub(super) async fn advertise(ec2: &Ec2, planned: &PlannedRoute, target: Target<'_>) -> Result<(), ApiError> {
    let route = &planned.route;
    let first = if planned.exists { replace(ec2, route, target).await } else { create(ec2, route, target).await };
    // Somebody may have changed the table since it was read.
    match first {
        Err(error) if error.is(&["RouteAlreadyExists"]) => replace(ec2, route, target).await,
        Err(error) if error.is(&["InvalidRoute.NotFound"]) => create(ec2, route, target).await,
        other => other,
    }
}

async fn create(ec2: &Ec2, route: &Route, target: Target<'_>) -> Result<(), ApiError> {
    let (v4, v6) = destination(route);
    let (instance, interface) = ids(target);
    let request = ec2
        .create_route()
        .route_table_id(&route.table)
        .set_destination_cidr_block(v4)
        .set_destination_ipv6_cidr_block(v6)
        .set_instance_id(instance)
        .set_network_interface_id(interface);
    request.send().await.map(drop).map_err(smithy::error("CreateRoute"))
}

async fn replace(ec2: &Ec2, route: &Route, target: Target<'_>) -> Result<(), ApiError> {
    let (v4, v6) = destination(route);
    let (instance, interface) = ids(target);
    let request = ec2
        .replace_route()
        .route_table_id(&route.table)
        .set_destination_cidr_block(v4)
        .set_destination_ipv6_cidr_block(v6)
        .set_instance_id(instance)
        .set_network_interface_id(interface);
    request.send().await.map(drop).map_err(smithy::error("ReplaceRoute"))
}

fn has(table: &RouteTable, destination: &str) -> bool {
    table.routes().iter().any(|route| {
        route.destination_cidr_block() == Some(destination) || route.destination_ipv6_cidr_block() == Some(destination)
    })
}

fn destination(route: &Route) -> (Option<String>, Option<String>) {
    let text = Some(route.destination.clone());
    if route.destination.contains(':') { (None, text) } else { (text, None) }
}

fn ids(target: Target<'_>) -> (Option<String>, Option<String>) {
    match target {
        Target::Instance(id) => (Some(id.to_owned()), None),
        Target::Interface(id) => (None, Some(id.to_owned())),
    }
}
