use cpi_plugin_sdk::Failure;
use futures_concurrency::prelude::*;

use crate::arm::{Arm, Kind};
use crate::create_vm::interfaces::References;
use crate::create_vm::pools::{Balancer, Pool};

/// Those that a VM joins, and what it joins of them.
pub(super) struct Balancers<'a> {
    balancers: Vec<(Balancer, &'a Pool)>,
    gateways: Vec<(Balancer, &'a Pool)>,
}

pub(super) async fn find<'a>(arm: &Arm, balancers: &'a [Pool], gateways: &'a [Pool]) -> Result<Balancers<'a>, Failure> {
    let (balancers, gateways) = (
        read(arm, balancers, Kind::LoadBalancer, "load balancer"),
        read(arm, gateways, Kind::ApplicationGateway, "application gateway"),
    )
        .join()
        .await;
    Ok(Balancers { balancers: balancers?, gateways: gateways? })
}

async fn read<'a>(arm: &Arm, wanted: &'a [Pool], kind: Kind, what: &str) -> Result<Vec<(Balancer, &'a Pool)>, Failure> {
    let find = async |pool: &'a Pool| {
        let Pool { name, resource_group: group, .. } = pool;
        let found: Option<Balancer> = arm.read(&arm.resource(group, kind, name)).await?;
        let missing = || Failure::rejected(format!("Cannot find the {what} '{name}' in the resource group '{group}'"));
        Ok::<_, Failure>((found.ok_or_else(missing)?, pool))
    };
    wanted.iter().map(find).collect::<Vec<_>>().join().await.into_iter().collect()
}

impl Balancers<'_> {
    /// Has an interface join all of them.
    pub(super) fn join(&self, interface: &mut References) -> Result<(), Failure> {
        for (balancer, wanted) in &self.balancers {
            interface.pools.extend(balancer.pool(wanted.backend.as_deref(), &wanted.name)?);
            if let Some(pool) = &wanted.backend_v6 {
                interface.pools_v6.extend(balancer.pool(Some(pool), &wanted.name)?);
            }
            for rule in balancer.nat_rules() {
                if !interface.nat_rules.contains(&rule) {
                    interface.nat_rules.push(rule);
                }
            }
        }
        for (gateway, wanted) in &self.gateways {
            interface.gateway_pools.extend(gateway.pool(wanted.backend.as_deref(), &wanted.name)?);
        }
        Ok(())
    }
}
