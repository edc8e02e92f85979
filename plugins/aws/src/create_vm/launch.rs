use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, HttpTokensState, IamInstanceProfileSpecification, InstanceInterruptionBehavior,
    InstanceMarketOptionsRequest, InstanceMetadataEndpointState, InstanceMetadataOptionsRequest,
    InstanceMetadataProtocolState, InstanceMetadataTagsState, InstanceNetworkInterfaceSpecification, InstanceType,
    MarketType, Placement, ResourceType, SpotInstanceType, SpotMarketOptions, TagSpecification, Tenancy, VolumeType,
};
use cpi_plugin_sdk::{ApiError, Failure, Intent, random, smithy};
use serde_json::json;

use super::block_devices::{Ebs, Mapping, Source};
use super::cleanup::Made;
use super::interfaces::{self, Interface};
use super::properties::{MetadataOptions, VmProperties};
use super::refusals::Cause;
use super::request::Request;
use super::survey::{Machine, Site};
use super::zones::Place;
use crate::client::Ec2;
use crate::disks::create::number;
use crate::errors;
use crate::leftovers::find;
use crate::load_balancers::address_targets;
use crate::patience::Patience;
use crate::tagging;
use crate::wait;

/// What to launch, where and with what.
pub(super) struct Order<'a> {
    pub request: &'a Request,
    pub site: &'a Site,
    pub place: &'a Place,
    pub machine: &'a Machine,
    pub interfaces: &'a [Interface],
    /// The token that stands for the agent's settings.
    pub user_data: &'a str,
}

/// Launches an instance and returns its id.
pub(super) async fn run(ec2: &Ec2, order: &Order<'_>, on_spot_market: bool, made: &Made) -> Result<String, Cause> {
    let price = order.request.vm.spot_bid_price.as_deref().filter(|_| on_spot_market);
    let request = request(ec2, order)?.set_instance_market_options(price.map(spot));
    let interfaces: Vec<_> = order.interfaces.iter().map(|interface| interface.id.as_str()).collect();
    let token = random::uuid()?;
    let intent = Intent::begin("vm", &token, &json!({"network_interfaces": interfaces})).await?;
    let request = request.client_token(&token);
    // The interfaces were made a moment ago.
    let launched = wait::retry(Patience::CONSISTENT, errors::interface_gone, async || {
        request.clone().send().await.map_err(smithy::error("RunInstances"))
    });
    let error = match launched.await {
        Ok(answer) => match answer.instances().first().and_then(|instance| instance.instance_id()) {
            Some(id) => return Ok(made.instance(id, intent)),
            None => {
                ApiError::Client { operation: "RunInstances".into(), message: "the answer names no instance".into() }
            }
        },
        Err(error) => error,
    };
    if !error.may_have_arrived() {
        intent.removed();
        return Err(Cause::Launch(error));
    }
    match holder(ec2, &interfaces).await {
        Ok(found) => found.map(|id| made.instance(&id, intent)).ok_or(Cause::Launch(error)),
        Err(second) => {
            let unknown = format!("whether there is an instance could not be found out: {}", second.describe());
            Err(Cause::Other(Failure::from(error).and(&unknown)))
        }
    }
}

/// The instance of a launch whose answer was lost: EC2 may have made it all the same, and then it has the interfaces.
async fn holder(ec2: &Ec2, interfaces: &[&str]) -> Result<Option<String>, Failure> {
    let interfaces: Vec<_> = interfaces.iter().map(|id| (*id).to_owned()).collect();
    wait::until(Patience::CONSISTENT, async || Ok(find::holders(ec2, interfaces.clone()).await?.into_iter().next()))
        .await
}

fn request(ec2: &Ec2, order: &Order<'_>) -> Result<RunInstancesFluentBuilder, Failure> {
    let Order { request, place, machine, interfaces, user_data, .. } = *order;
    let vm = &request.vm;
    let attach = |(index, interface): (usize, &Interface)| {
        let index = i32::try_from(index).unwrap_or(i32::MAX);
        InstanceNetworkInterfaceSpecification::builder().device_index(index).network_interface_id(&interface.id).build()
    };
    Ok(ec2
        .run_instances()
        .image_id(&request.ami)
        .instance_type(InstanceType::from(machine.instance_type.as_str()))
        .min_count(1)
        .max_count(1)
        .user_data(user_data)
        .placement(placement(vm, &place.zone))
        .set_ebs_optimized(vm.ebs_optimized)
        .set_key_name(vm.key_name.clone())
        .set_iam_instance_profile(vm.iam_instance_profile.as_deref().map(profile))
        .set_metadata_options(vm.metadata_options.as_ref().map(metadata_options).transpose()?)
        .set_block_device_mappings(Some(machine.mappings.iter().map(mapping).collect::<Result<_, _>>()?))
        .set_network_interfaces(Some(interfaces.iter().enumerate().map(attach).collect()))
        .set_tag_specifications(Some(tag_specifications(order)?)))
}

/// The instance remembers in addition where its addresses will be registered.
fn tag_specifications(order: &Order<'_>) -> Result<Vec<TagSpecification>, Failure> {
    let Order { request, site, interfaces, .. } = *order;
    let mut of_instance = request.tags.clone();
    if let Some(membership) = &site.load_balancers {
        of_instance.extend(address_targets::to_tags(&membership.address_targets(interfaces::addresses(interfaces))?));
    }
    let instance = tagging::specifications(&[ResourceType::Instance], &of_instance);
    let volumes = tagging::specifications(&[ResourceType::Volume], &request.tags);
    Ok([instance, volumes].into_iter().flatten().flatten().collect())
}

fn profile(name: &str) -> IamInstanceProfileSpecification {
    let specification = IamInstanceProfileSpecification::builder();
    if name.starts_with("arn:") { specification.arn(name).build() } else { specification.name(name).build() }
}

fn placement(vm: &VmProperties, zone: &str) -> Placement {
    Placement::builder()
        .availability_zone(zone)
        .set_group_name(vm.placement_group.clone())
        .set_tenancy(vm.dedicated.then_some(Tenancy::Dedicated))
        .build()
}

fn mapping(mapping: &Mapping) -> Result<BlockDeviceMapping, Failure> {
    let builder = BlockDeviceMapping::builder().device_name(&mapping.device);
    Ok(match &mapping.source {
        Source::Ebs(disk) => builder.ebs(ebs(disk)?).build(),
        Source::Local(name) => builder.virtual_name(name).build(),
    })
}

fn ebs(disk: &Ebs) -> Result<EbsBlockDevice, Failure> {
    let optional = |key: &str, value: Option<u64>| value.map(|value| number(key, value)).transpose();
    Ok(EbsBlockDevice::builder()
        .delete_on_termination(true)
        .volume_type(VolumeType::from(disk.volume_type.as_str()))
        .set_volume_size(optional("size", disk.gib)?)
        .set_iops(optional("iops", disk.iops)?)
        .set_throughput(optional("throughput", disk.throughput)?)
        .set_encrypted(disk.encryption.encrypted.then_some(true))
        .set_kms_key_id(disk.encryption.kms_key.clone())
        .build())
}

fn metadata_options(options: &MetadataOptions) -> Result<InstanceMetadataOptionsRequest, Failure> {
    let hops =
        options.http_put_response_hop_limit.map(|hops| number("http_put_response_hop_limit", hops)).transpose()?;
    Ok(InstanceMetadataOptionsRequest::builder()
        .set_http_tokens(options.http_tokens.as_deref().map(HttpTokensState::from))
        .set_http_put_response_hop_limit(hops)
        .set_http_endpoint(options.http_endpoint.as_deref().map(InstanceMetadataEndpointState::from))
        .set_http_protocol_ipv6(options.http_protocol_ipv6.as_deref().map(InstanceMetadataProtocolState::from))
        .set_instance_metadata_tags(options.instance_metadata_tags.as_deref().map(InstanceMetadataTagsState::from))
        .build())
}

fn spot(price: &str) -> InstanceMarketOptionsRequest {
    let options = SpotMarketOptions::builder()
        .max_price(price)
        .spot_instance_type(SpotInstanceType::OneTime)
        .instance_interruption_behavior(InstanceInterruptionBehavior::Terminate)
        .build();
    InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot).spot_options(options).build()
}
