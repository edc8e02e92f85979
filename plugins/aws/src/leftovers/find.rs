use aws_sdk_ec2::primitives::{DateTime, DateTimeFormat};
use aws_sdk_ec2::types::{Filter, Image, InstanceStateName};
use cpi_plugin_sdk::{Failure, Leftover, smithy};

use super::note::{self, Thing, Trace};
use crate::client::Ec2;
use crate::create_vm::routes;
use crate::{errors, images, instances, snapshots, volumes};

/// Ids of what is there of it.
pub(crate) async fn find(ec2: &Ec2, leftover: &Leftover) -> Result<Vec<String>, Failure> {
    let (key, id) = (leftover.intent.key.as_str(), leftover.id.as_deref());
    match (Thing::of(leftover)?, id) {
        (Thing::Vm { .. }, Some(id)) => vms(ec2, vec![id.to_owned()]).await,
        (Thing::Vm { interfaces }, None) => vms(ec2, holders(ec2, interfaces).await?).await,
        (Thing::NetworkInterface, Some(id)) => interfaces(ec2, "network-interface-id", id).await,
        (Thing::NetworkInterface, None) => interfaces(ec2, "description", &note::description(key)).await,
        (Thing::Disk(_), Some(id)) => {
            Ok(volumes::describe(ec2, id).await?.map(|_| id.to_owned()).into_iter().collect())
        }
        (Thing::Disk(trace), None) => trace.surely("disk", disks(ec2, &trace, key).await?),
        (Thing::Snapshot(_), Some(id)) => snapshots::create::exists(ec2, id).await.map(|there| some(there, id)),
        (Thing::Snapshot(trace), None) => trace.surely("snapshot", made_snapshots(ec2, &trace, key).await?),
        (Thing::Stemcell(_), Some(id)) => {
            Ok(images::describe(ec2, id).await?.map(|_| id.to_owned()).into_iter().collect())
        }
        (Thing::Stemcell(trace), None) => trace.surely("image", copies(ec2, &trace, key).await?),
        (Thing::Upload, id) => uploads(ec2, key, id).await,
        (Thing::Image, Some(id)) => Ok(images::describe(ec2, id).await?.map(|_| id.to_owned()).into_iter().collect()),
        (Thing::Image, None) => Ok(images::named(ec2, &note::image_name(key)).await?),
        (Thing::Address { allocation, interface }, _) => association(ec2, &allocation, &interface).await,
        (Thing::Route { table, destination, targets }, _) => {
            let leads = routes::leads_to(ec2, &table, &destination, &targets).await?;
            Ok(some(leads, key))
        }
    }
}

fn some(there: bool, id: &str) -> Vec<String> {
    there.then(|| id.to_owned()).into_iter().collect()
}

/// Those of the instances that are not terminated.
async fn vms(ec2: &Ec2, ids: Vec<String>) -> Result<Vec<String>, Failure> {
    let mut there = Vec::new();
    for id in ids {
        let found = instances::describe(ec2, &id).await?;
        if found.is_some_and(|instance| instances::state(&instance) != Some(&InstanceStateName::Terminated)) {
            there.push(id);
        }
    }
    Ok(there)
}

/// The instances that the interfaces are attached to.
pub(crate) async fn holders(ec2: &Ec2, interfaces: Vec<String>) -> Result<Vec<String>, Failure> {
    let filter = Filter::builder().name("network-interface-id").set_values(Some(interfaces)).build();
    let answer = ec2.describe_network_interfaces().filters(filter).send().await;
    let answer = answer.map_err(smithy::error("DescribeNetworkInterfaces"))?;
    let mut ids: Vec<_> = answer
        .network_interfaces()
        .iter()
        .filter_map(|interface| interface.attachment()?.instance_id().map(str::to_owned))
        .collect();
    ids.sort();
    ids.dedup();
    Ok(ids)
}

async fn interfaces(ec2: &Ec2, name: &str, value: &str) -> Result<Vec<String>, Failure> {
    let filter = Filter::builder().name(name).values(value).build();
    let answer = ec2.describe_network_interfaces().filters(filter).send().await;
    let answer = answer.map_err(smithy::error("DescribeNetworkInterfaces"))?;
    Ok(answer.network_interfaces().iter().filter_map(|found| found.network_interface_id().map(str::to_owned)).collect())
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

fn like(trace: &Trace) -> Vec<Filter> {
    trace.filters.iter().map(|(name, value)| filter(name, value)).collect()
}

fn tag_or_like(trace: &Trace, key: &str) -> Vec<Filter> {
    if trace.marked { vec![filter(&format!("tag:{}", note::TAG), key)] } else { like(trace) }
}

async fn disks(ec2: &Ec2, trace: &Trace, key: &str) -> Result<Vec<String>, Failure> {
    let answer = ec2.describe_volumes().set_filters(Some(tag_or_like(trace, key))).send().await;
    let answer = answer.map_err(smithy::error("DescribeVolumes"))?;
    let fitting = answer.volumes().iter().filter(|volume| trace.fits(volume.create_time().map(DateTime::secs)));
    Ok(fitting.filter_map(|volume| volume.volume_id().map(str::to_owned)).collect())
}

async fn made_snapshots(ec2: &Ec2, trace: &Trace, key: &str) -> Result<Vec<String>, Failure> {
    let answer = ec2.describe_snapshots().owner_ids("self").set_filters(Some(tag_or_like(trace, key))).send().await;
    let answer = answer.map_err(smithy::error("DescribeSnapshots"))?;
    let fitting = answer.snapshots().iter().filter(|snapshot| trace.fits(snapshot.start_time().map(DateTime::secs)));
    Ok(fitting.filter_map(|snapshot| snapshot.snapshot_id().map(str::to_owned)).collect())
}

/// Copies of an image: by their name, which many may have, and their description, which EC2 need not be asked for.
async fn copies(ec2: &Ec2, trace: &Trace, key: &str) -> Result<Vec<String>, Failure> {
    let answer = ec2.describe_images().owners("self").set_filters(Some(like(trace))).send().await;
    let answer = answer.map_err(smithy::error("DescribeImages"))?;
    let created = |image: &Image| DateTime::from_str(image.creation_date()?, DateTimeFormat::DateTime).ok();
    let description = note::description(key);
    let fits = |image: &Image| {
        if trace.marked {
            image.description() == Some(&description)
        } else {
            trace.fits(created(image).map(|time| time.secs()))
        }
    };
    let fitting = answer.images().iter().filter(|image| fits(image));
    Ok(fitting.filter_map(|image| image.image_id().map(str::to_owned)).collect())
}

/// Snapshots that are being filled. One that has become an image is the image's.
async fn uploads(ec2: &Ec2, key: &str, id: Option<&str>) -> Result<Vec<String>, Failure> {
    let found = if let Some(id) = id {
        some(snapshots::create::exists(ec2, id).await?, id)
    } else {
        let description = filter("description", &note::description(key));
        let answer = ec2.describe_snapshots().owner_ids("self").filters(description).send().await;
        let answer = answer.map_err(smithy::error("DescribeSnapshots"))?;
        answer.snapshots().iter().filter_map(|snapshot| snapshot.snapshot_id().map(str::to_owned)).collect()
    };
    let mut left = Vec::new();
    for snapshot in found {
        if !images::uses(ec2, &snapshot).await? {
            left.push(snapshot);
        }
    }
    Ok(left)
}

/// The association of an address with an interface.
pub(crate) async fn association(ec2: &Ec2, allocation: &str, interface: &str) -> Result<Vec<String>, Failure> {
    let answer = ec2.describe_addresses().allocation_ids(allocation).send().await;
    let answer = match answer.map_err(smithy::error("DescribeAddresses")) {
        Err(error) if errors::address_gone(&error) => return Ok(Vec::new()),
        other => other?,
    };
    let ours = answer.addresses().iter().filter(|address| address.network_interface_id() == Some(interface));
    Ok(ours.filter_map(|address| address.association_id().map(str::to_owned)).collect())
}
