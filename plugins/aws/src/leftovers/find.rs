use aws_sdk_ec2::types::{Filter, InstanceStateName};
use cpi_plugin_sdk::{Failure, Leftover, smithy};

use super::note::{self, Thing};
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
        (Thing::Disk { .. }, Some(id)) => {
            Ok(volumes::describe(ec2, id).await?.map(|_| id.to_owned()).into_iter().collect())
        }
        (Thing::Disk { tagged: true }, None) => disks(ec2, key).await,
        (Thing::Snapshot { .. }, Some(id)) => snapshots::create::exists(ec2, id).await.map(|there| some(there, id)),
        (Thing::Snapshot { tagged: true }, None) => tagged_snapshots(ec2, key).await,
        (Thing::Disk { .. } | Thing::Snapshot { .. }, None) => Err(Failure::rejected(
            "it had 50 tags, so there was no room for the one that would find it: look for what was made at that time",
        )),
        (Thing::Stemcell { .. }, Some(id)) => {
            Ok(images::describe(ec2, id).await?.map(|_| id.to_owned()).into_iter().collect())
        }
        (Thing::Stemcell { name }, None) => copies(ec2, &name, &note::description(key)).await,
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
async fn holders(ec2: &Ec2, interfaces: Vec<String>) -> Result<Vec<String>, Failure> {
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

fn tag(key: &str) -> Filter {
    Filter::builder().name(format!("tag:{}", note::TAG)).values(key).build()
}

async fn disks(ec2: &Ec2, key: &str) -> Result<Vec<String>, Failure> {
    let answer = ec2.describe_volumes().filters(tag(key)).send().await.map_err(smithy::error("DescribeVolumes"))?;
    Ok(answer.volumes().iter().filter_map(|volume| volume.volume_id().map(str::to_owned)).collect())
}

async fn tagged_snapshots(ec2: &Ec2, key: &str) -> Result<Vec<String>, Failure> {
    let answer = ec2.describe_snapshots().filters(tag(key)).send().await.map_err(smithy::error("DescribeSnapshots"))?;
    Ok(answer.snapshots().iter().filter_map(|snapshot| snapshot.snapshot_id().map(str::to_owned)).collect())
}

/// Copies of an image: by their name, which many may have, and their description, which EC2 need not be asked for.
async fn copies(ec2: &Ec2, name: &str, description: &str) -> Result<Vec<String>, Failure> {
    let filter = Filter::builder().name("name").values(name).build();
    let answer = ec2.describe_images().filters(filter).send().await.map_err(smithy::error("DescribeImages"))?;
    let images = answer.images().iter().filter(|image| image.description() == Some(description));
    Ok(images.filter_map(|image| image.image_id().map(str::to_owned)).collect())
}

/// The association of an address with an interface.
async fn association(ec2: &Ec2, allocation: &str, interface: &str) -> Result<Vec<String>, Failure> {
    let answer = ec2.describe_addresses().allocation_ids(allocation).send().await;
    let answer = match answer.map_err(smithy::error("DescribeAddresses")) {
        Err(error) if errors::address_gone(&error) => return Ok(Vec::new()),
        other => other?,
    };
    let ours = answer.addresses().iter().filter(|address| address.network_interface_id() == Some(interface));
    Ok(ours.filter_map(|address| address.association_id().map(str::to_owned)).collect())
}
