use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, Filter, HttpTokensState, IamInstanceProfileSpecification,
    InstanceInterruptionBehavior, InstanceMarketOptionsRequest, InstanceMetadataEndpointState,
    InstanceMetadataOptionsRequest, InstanceMetadataProtocolState, InstanceMetadataTagsState,
    InstanceNetworkInterfaceSpecification, InstanceType, MarketType, Placement, Reservation, ResourceType,
    SpotInstanceType, SpotMarketOptions, TagSpecification, Tenancy, VolumeType,
};
use cpi_plugin_sdk::{ApiError, Failure, Intent, Retriable, log, random, smithy};
use serde_json::json;

use super::block_devices::{Ebs, Mapping, Source};
use super::cleanup::Made;
use super::interfaces::{self, Interface};
use super::properties::{MetadataOptions, VmProperties};
use super::request::Request;
use super::survey::Site;
use crate::client::Ec2;
use crate::disks::create::number;
use crate::errors;
use crate::load_balancers::address_targets;
use crate::patience::Patience;
use crate::tagging;
use crate::wait;

/// Launches the instance and returns its id. `user_data` is the token that stands for the agent's settings.
pub(super) async fn launch(
    ec2: &Ec2,
    request: &Request,
    site: &Site,
    interfaces: &[Interface],
    user_data: &str,
    made: &Made,
) -> Result<String, Failure> {
    let order = order(ec2, request, site, interfaces, user_data)?;
    let ids: Vec<_> = interfaces.iter().map(|interface| interface.id.as_str()).collect();
    let run = async |order| run(ec2, order, &ids, made).await;
    let Some(price) = &request.vm.spot_bid_price else { return run(order).await?.map_err(errors::launch) };
    match run(order.clone().instance_market_options(spot(price))).await? {
        Err(error @ ApiError::Service { .. }) if request.vm.spot_ondemand_fallback => {
            log::info("no spot instance, so one on demand", &[("error", &error.to_string())]);
            run(order).await?.map_err(errors::launch)
        }
        Err(error @ ApiError::Service { .. }) => Err(spot_failure(error)),
        other => other.map_err(Failure::from),
    }
}

/// The outer failure is one of the plugin's own, the inner error one of the launch.
async fn run(
    ec2: &Ec2,
    order: RunInstancesFluentBuilder,
    interfaces: &[&str],
    made: &Made,
) -> Result<Result<String, ApiError>, Failure> {
    let token = random::uuid()?;
    let intent = Intent::begin("vm", &token, &json!({"network_interfaces": interfaces})).await?;
    let error = match order.client_token(&token).send().await.map_err(smithy::error("RunInstances")) {
        Ok(answer) => match answer.instances().first().and_then(|instance| instance.instance_id()) {
            Some(id) => return Ok(Ok(made.instance(id, intent))),
            None => {
                ApiError::Client { operation: "RunInstances".into(), message: "the answer names no instance".into() }
            }
        },
        Err(error) => error,
    };
    if !error.may_have_arrived() {
        intent.removed();
        return Ok(Err(error));
    }
    Ok(launched(ec2, &token).await.map(|id| made.instance(&id, intent)).ok_or(error))
}

/// The instance of a launch whose answer was lost: EC2 may have made it all the same.
async fn launched(ec2: &Ec2, token: &str) -> Option<String> {
    let filter = Filter::builder().name("client-token").values(token).build();
    let found = wait::until(Patience::CONSISTENT, async || {
        let answer = ec2.describe_instances().filters(filter.clone()).send().await;
        let answer = answer.map_err(smithy::error("DescribeInstances"))?;
        let mut instances = answer.reservations().iter().flat_map(Reservation::instances);
        Ok::<_, ApiError>(instances.next().and_then(|instance| instance.instance_id()).map(str::to_owned))
    });
    found.await.ok().flatten()
}

fn order(
    ec2: &Ec2,
    request: &Request,
    site: &Site,
    interfaces: &[Interface],
    user_data: &str,
) -> Result<RunInstancesFluentBuilder, Failure> {
    let vm = &request.vm;
    let specifications = tag_specifications(request, site, interfaces)?;
    let profile = vm.iam_instance_profile.as_ref();
    let attach = |(index, interface): (usize, &Interface)| {
        let index = i32::try_from(index).unwrap_or(i32::MAX);
        InstanceNetworkInterfaceSpecification::builder().device_index(index).network_interface_id(&interface.id).build()
    };
    Ok(ec2
        .run_instances()
        .image_id(&request.ami)
        .instance_type(InstanceType::from(vm.instance_type.as_str()))
        .min_count(1)
        .max_count(1)
        .user_data(user_data)
        .placement(placement(vm))
        .set_key_name(vm.key_name.clone())
        .set_iam_instance_profile(profile.map(|name| IamInstanceProfileSpecification::builder().name(name).build()))
        .set_metadata_options(vm.metadata_options.as_ref().map(metadata_options).transpose()?)
        .set_block_device_mappings(Some(site.mappings.iter().map(mapping).collect::<Result<_, _>>()?))
        .set_network_interfaces(Some(interfaces.iter().enumerate().map(attach).collect()))
        .set_tag_specifications(Some(specifications)))
}

/// The instance remembers in addition where its addresses will be registered.
fn tag_specifications(
    request: &Request,
    site: &Site,
    interfaces: &[Interface],
) -> Result<Vec<TagSpecification>, Failure> {
    let mut of_instance = request.tags.clone();
    if let Some(membership) = &site.load_balancers {
        of_instance.extend(address_targets::to_tags(&membership.address_targets(interfaces::addresses(interfaces))?));
    }
    let instance = tagging::specifications(&[ResourceType::Instance], &of_instance);
    let volumes = tagging::specifications(&[ResourceType::Volume], &request.tags);
    Ok([instance, volumes].into_iter().flatten().flatten().collect())
}

fn placement(vm: &VmProperties) -> Placement {
    Placement::builder()
        .availability_zone(&vm.availability_zone)
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

fn spot_failure(error: ApiError) -> Failure {
    match errors::launch(error) {
        Failure::VmNotCreated(Retriable { message, retry }) => {
            Failure::vm_not_created(format!("Spot instance creation failed: {message}"), retry)
        }
        other => other,
    }
}
