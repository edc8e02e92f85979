use cpi_plugin_sdk::{Failure, Plan, agents, random};

use super::agent;
use super::cleanup::{self, Made};
use super::finish;
use super::interfaces;
use super::launch;
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
    seal(&name, &request, &site, &some_macs)?;

    let made = Made::default();
    match build(ec2, &name, &request, &site, &made).await {
        Ok(vm) => Ok(vm),
        Err(failure) => Err(cleanup::undo(ec2, made, failure).await),
    }
}

async fn build(ec2: &Ec2, name: &str, request: &Request, site: &Site, made: &Made) -> Result<String, Failure> {
    let interfaces = interfaces::create_all(ec2, request, site, made).await?;
    let macs: Vec<_> = interfaces.iter().map(|interface| interface.mac.clone()).collect();
    let token = seal(name, request, site, &macs)?;
    let vm = launch::launch(ec2, request, site, &interfaces, &token, made).await?;
    let instance = instances::wait_running(ec2, &vm).await?;
    finish::finish(ec2, request, site, &interfaces, &instance, made).await?;
    Ok(vm)
}

/// A token that stands for the agent's settings.
fn seal(name: &str, request: &Request, site: &Site, macs: &[String]) -> Result<String, Failure> {
    let settings = agent::settings(name, &request.networks, &request.groups, macs, site.disks.clone());
    let sealed = agents::seal(&settings).map_err(Failure::rejected)?;
    agent::check_size(sealed.size)?;
    Ok(sealed.token)
}
