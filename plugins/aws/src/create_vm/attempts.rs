use cpi_plugin_sdk::{Failure, log};

use super::agent;
use super::candidates;
use super::cleanup::{self, Made};
use super::interfaces::{self, Interface};
use super::launch::{self, Order};
use super::refusals::{self, Refusal};
use super::request::Request;
use super::survey::Site;
use crate::client::Ec2;

/// Launches the first candidate that EC2 has room for, and returns its id and its interfaces.
pub(super) async fn launch(
    ec2: &Ec2,
    name: &str,
    request: &Request,
    site: &Site,
    made: &Made,
) -> Result<(String, Vec<Interface>), Failure> {
    let vm = &request.vm;
    let spot = vm.spot_bid_price.is_some();
    let all = candidates::in_order(spot, vm.spot_ondemand_fallback, site.places.len(), site.machines.len());
    let mut refusals = Vec::new();
    let mut built: Option<Vec<Interface>> = None;
    let (mut at, mut here) = (Some(0), 0);
    while let Some((index, candidate)) = at.and_then(|at| Some((at, *all.get(at)?))) {
        let (place, machine) = site.of(candidate)?;
        if candidate.place != here {
            if let Err(error) = cleanup::leave_place(ec2, made).await {
                // It is tried once more, and told, when everything is undone.
                log::error(
                    "not all interfaces were removed, so no other zone is tried",
                    &[("error", &error.to_string())],
                );
                break;
            }
            (here, built) = (candidate.place, None);
        }
        let interfaces = match built.take() {
            Some(interfaces) => Ok(interfaces),
            None => interfaces::create_all(ec2, request, site, place, made).await,
        };
        let cause = match interfaces {
            Ok(interfaces) => {
                let macs: Vec<_> = interfaces.iter().map(|interface| interface.mac.clone()).collect();
                let user_data = agent::seal(name, request, &macs, machine)?;
                let order = Order { request, site, place, machine, interfaces: &interfaces, user_data: &user_data };
                match launch::run(ec2, &order, candidate.spot, made).await {
                    Ok(vm) => return Ok((vm, interfaces)),
                    Err(cause) => {
                        built = Some(interfaces);
                        cause
                    }
                }
            }
            Err(cause) => cause,
        };
        at = candidates::after(&all, index, cause.reach());
        let (instance_type, zone) = (machine.instance_type.clone(), place.zone.clone());
        let refusal = Refusal { spot: candidate.spot, instance_type, zone, cause };
        if at.is_some() {
            log::info("not launched, so the next candidate", &[("refused", &refusal.describe())]);
        }
        refusals.push(refusal);
    }
    Err(refusals::failure(refusals))
}
