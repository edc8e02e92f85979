use cpi_plugin_sdk::{ApiError, Failure, log};

use super::agent;
use super::candidates::{self, Candidate};
use super::cleanup::{self, Made};
use super::interfaces::{self, Interface};
use super::launch::{self, Order};
use super::refusals::{self, Refusal};
use super::request::Request;
use super::survey::{Machine, Site};
use super::zones::Place;
use crate::client::Ec2;
use crate::errors;

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
    let mut built: Option<(usize, Vec<Interface>)> = None;
    let mut at = Some(0);
    while let Some((index, candidate)) = at.and_then(|at| Some((at, *all.get(at)?))) {
        let (place, machine) = site.of(candidate)?;
        let interfaces = match built.take() {
            Some((there, interfaces)) if there == candidate.place => interfaces,
            elsewhere => {
                if elsewhere.is_some() {
                    cleanup::leave_place(ec2, made).await?;
                }
                interfaces::create_all(ec2, request, site, place, made).await?
            }
        };
        let macs: Vec<_> = interfaces.iter().map(|interface| interface.mac.clone()).collect();
        let user_data = agent::seal(name, request, &macs, machine)?;
        let order = Order { request, site, place, machine, interfaces: &interfaces, user_data: &user_data };
        match launch::run(ec2, &order, candidate.spot, made).await? {
            Ok(vm) => return Ok((vm, interfaces)),
            Err(error @ ApiError::Service { .. }) => {
                at = candidates::after(&all, index, errors::no_room(&error));
                let refusal = refused(candidate, place, machine, error);
                if at.is_some() {
                    log::info("not launched, so the next candidate", &[("refused", &refusal.describe())]);
                }
                refusals.push(refusal);
            }
            Err(error) => return Err(error.into()),
        }
        built = Some((candidate.place, interfaces));
    }
    Err(refusals::failure(refusals))
}

fn refused(candidate: Candidate, place: &Place, machine: &Machine, error: ApiError) -> Refusal {
    let (instance_type, zone) = (machine.instance_type.clone(), place.zone.clone());
    Refusal { spot: candidate.spot, instance_type, zone, error }
}
