use aws_sdk_ec2::types::{Filter, Route as Ec2Route, RouteTable};
use cpi_plugin_sdk::{ApiError, Failure, Intent, smithy};
use serde_json::json;

use super::cleanup::Made;
use super::properties::Route;
use super::request::Request;
use crate::client::Ec2;
use crate::errors;
use crate::wait;

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
pub(super) async fn plan(ec2: &Ec2, request: &Request, vpc: &str) -> Result<Vec<PlannedRoute>, Failure> {
    let wanted = &request.vm.advertised_routes;
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let filter = Filter::builder().name("vpc-id").values(vpc).build();
    let mut tables = Vec::new();
    let mut pages = ec2.describe_route_tables().filters(filter).into_paginator().send();
    while let Some(page) = pages.next().await {
        tables.extend(page.map_err(smithy::error("DescribeRouteTables"))?.route_tables.unwrap_or_default());
    }
    let planned = |route: &Route| {
        let table = tables.iter().find(|table| table.route_table_id() == Some(&route.table));
        let missing = || {
            Failure::rejected(format!("Route table '{}' of 'advertised_routes' not found in VPC '{vpc}'", route.table))
        };
        Ok(PlannedRoute { route: route.clone(), exists: has(table.ok_or_else(missing)?, &route.destination) })
    };
    wanted.iter().map(planned).collect()
}

/// Points one route at the VM. `vm` and `interface` are what EC2 may show as its end.
pub(super) async fn advertise(
    ec2: &Ec2,
    planned: &PlannedRoute,
    target: Target<'_>,
    ends: [&str; 2],
    made: &Made,
) -> Result<(), Failure> {
    let route = &planned.route;
    let mut exists = planned.exists;
    // Somebody may have changed the table since it was read, but not each time.
    let mut changes = 0..2;
    loop {
        let done =
            if exists { replace(ec2, route, target).await } else { create(ec2, route, target, ends, made).await? };
        match done {
            Err(error) if error.is(&["RouteAlreadyExists"]) && changes.next().is_some() => exists = true,
            Err(error) if errors::no_such_route(&error) && changes.next().is_some() => exists = false,
            other => return Ok(other?),
        }
    }
}

/// Whether there is a route to one of these instances or interfaces.
pub(crate) async fn leads_to(ec2: &Ec2, table: &str, destination: &str, ends: &[String]) -> Result<bool, ApiError> {
    let answer = ec2.describe_route_tables().route_table_ids(table).send().await;
    let answer = match answer.map_err(smithy::error("DescribeRouteTables")) {
        Err(error) if errors::route_gone(&error) => return Ok(false),
        other => other?,
    };
    let is_end = |id: Option<&str>| id.is_some_and(|id| ends.iter().any(|end| end == id));
    let leads = |route: &Ec2Route| {
        is_for(route, destination) && (is_end(route.instance_id()) || is_end(route.network_interface_id()))
    };
    Ok(answer.route_tables().iter().flat_map(RouteTable::routes).any(leads))
}

/// Removes a route; one that is gone is a success.
pub(crate) async fn delete(ec2: &Ec2, table: &str, destination: &str) -> Result<(), ApiError> {
    let (v4, v6) = by_family(destination);
    let request =
        ec2.delete_route().route_table_id(table).set_destination_cidr_block(v4).set_destination_ipv6_cidr_block(v6);
    match request.send().await.map_err(smithy::error("DeleteRoute")) {
        Err(error) if errors::route_gone(&error) => Ok(()),
        other => other.map(drop),
    }
}

/// The outer failure is one of the plugin's own. A route that is only replaced is nothing that was made.
async fn create(
    ec2: &Ec2,
    route: &Route,
    target: Target<'_>,
    ends: [&str; 2],
    made: &Made,
) -> Result<Result<(), ApiError>, Failure> {
    let (table, destination) = (&route.table, &route.destination);
    let note = json!({"table": table, "destination": destination, "targets": ends});
    let intent = Intent::begin("route", &format!("{table} {destination}"), &note).await?;
    let ends = ends.map(str::to_owned);
    // Where the answer is lost, the table tells.
    let look = async || Ok(leads_to(ec2, table, destination, &ends).await?.then_some(()));
    let ordered = wait::carried_out(async || order(ec2, route, target).await, look).await;
    match &ordered {
        Ok(()) => made.route(table, destination, intent),
        Err(error) if !error.may_have_arrived() => intent.removed(),
        Err(_) => {}
    }
    Ok(ordered)
}

async fn order(ec2: &Ec2, route: &Route, target: Target<'_>) -> Result<(), ApiError> {
    let (v4, v6) = by_family(&route.destination);
    let (instance, interface) = ids(target);
    let request = ec2
        .create_route()
        .route_table_id(&route.table)
        .set_destination_cidr_block(v4)
        .set_destination_ipv6_cidr_block(v6)
        .set_instance_id(instance)
        .set_network_interface_id(interface);
    wait::until_known(async || request.clone().send().await.map(drop).map_err(smithy::error("CreateRoute"))).await
}

async fn replace(ec2: &Ec2, route: &Route, target: Target<'_>) -> Result<(), ApiError> {
    let (v4, v6) = by_family(&route.destination);
    let (instance, interface) = ids(target);
    let request = ec2
        .replace_route()
        .route_table_id(&route.table)
        .set_destination_cidr_block(v4)
        .set_destination_ipv6_cidr_block(v6)
        .set_instance_id(instance)
        .set_network_interface_id(interface);
    wait::until_known(async || request.clone().send().await.map(drop).map_err(smithy::error("ReplaceRoute"))).await
}

fn has(table: &RouteTable, destination: &str) -> bool {
    table.routes().iter().any(|route| is_for(route, destination))
}

fn is_for(route: &Ec2Route, destination: &str) -> bool {
    route.destination_cidr_block() == Some(destination) || route.destination_ipv6_cidr_block() == Some(destination)
}

fn by_family(destination: &str) -> (Option<String>, Option<String>) {
    let text = Some(destination.to_owned());
    if destination.contains(':') { (None, text) } else { (text, None) }
}

fn ids(target: Target<'_>) -> (Option<String>, Option<String>) {
    match target {
        Target::Instance(id) => (Some(id.to_owned()), None),
        Target::Interface(id) => (None, Some(id.to_owned())),
    }
}
