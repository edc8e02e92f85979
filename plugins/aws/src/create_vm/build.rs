use cpi_plugin_sdk::{Failure, Plan, random};

use super::agent;
use super::attempts;
use super::cleanup::{self, Made};
use super::finish;
use super::request::Request;
use super::survey::{self, Site};
use crate::client::Ec2;
use crate::instances;

/// As long as any, to learn how long the agent's settings will be.
const SOME_MAC: &str = "00:00:00:00:00:00";

/// Makes a VM. On any failure everything that was made is removed.
pub(crate) async fn create(ec2: &Ec2, plan: Plan) -> Result<String, Failure> {
    let request = Request::check(plan, &ec2.settings)?;
    let site = survey::survey(ec2, &request).await?;
    let name = format!("vm-{}", random::uuid()?);
    let some_macs = vec![SOME_MAC.to_owned(); request.groups.len()];
    for machine in &site.machines {
        agent::seal(&name, &request, &some_macs, machine)?;
    }

    let made = Made::default();
    match build(ec2, &name, &request, &site, &made).await {
        Ok(vm) => Ok(vm),
        Err(failure) => Err(cleanup::undo(ec2, made, failure).await),
    }
}

async fn build(ec2: &Ec2, name: &str, request: &Request, site: &Site, made: &Made) -> Result<String, Failure> {
    let (vm, interfaces) = attempts::launch(ec2, name, request, site, made).await?;
    let instance = instances::wait_running(ec2, &vm).await?;
    finish::finish(ec2, request, site, &interfaces, &instance, made).await?;
    Ok(vm)
}
