use cpi_plugin_sdk::{
    About, Call, Failure, Image, Intent, Leftover, NetworkCreated, NetworkSpec, Plan, Provider, Size, Tag, agents, log,
    random,
};
use serde_json::json;

use crate::cloud::Cloud;
use crate::world::{Disk, Machine, Stemcell, Vm, World};

/// The simulated cloud.
#[derive(Debug, Default)]
pub struct Sim;

impl Provider for Sim {
    fn info(&self) -> About {
        About { stemcell_formats: vec!["sim-raw".to_owned(), "sim-light".to_owned()], api_version: 3 }
    }

    async fn check(&self, call: &Call) -> Result<(), Failure> {
        Cloud::open(call)?.look(|_| Ok(())).await
    }

    async fn current_vm(&self, _call: &Call) -> Result<String, Failure> {
        Err(Failure::NotImplemented("the caller runs on no VM of the simulated cloud".to_owned()))
    }

    async fn create_stemcell(
        &self,
        call: &Call,
        image: &Image,
        properties: &str,
        tags: &[Tag],
    ) -> Result<String, Failure> {
        let cloud = Cloud::open(call)?;
        let mut stemcell = Stemcell::new(properties, tags)?;
        if !stemcell.is_light() {
            stemcell = stemcell.with_image(image.facts().await.map_err(Failure::rejected)?);
        }
        let cid = new_cid("stemcell")?;
        let made = make(&cloud, "stemcell", &cid, |world| {
            world.create_stemcell(&cid, stemcell.clone());
            Ok(())
        });
        made.await?;
        Ok(cid)
    }

    async fn delete_stemcell(&self, call: &Call, stemcell: &str) -> Result<(), Failure> {
        let cloud = Cloud::open(call)?;
        cloud
            .change(|world| {
                world.delete_stemcell(stemcell);
                Ok(())
            })
            .await
    }

    async fn create_vm(&self, call: &Call, plan: Plan) -> Result<String, Failure> {
        let cloud = Cloud::open(call)?;
        let cid = new_cid("vm")?;
        let vm = Vm::new(&cid, &plan)?;
        let sealed = agents::seal(&vm.agent_settings(&cid)).map_err(Failure::rejected)?;
        // Another cloud's plugin puts `sealed.token` into the request that makes the VM. There is none here.
        let vm = vm.with_settings_of(sealed.size);
        make(&cloud, "vm", &cid, |world| world.create_vm(&cid, vm.clone(), &plan.near_disks, cloud.capacity)).await?;
        Ok(cid)
    }

    async fn delete_vm(&self, call: &Call, vm: &str) -> Result<(), Failure> {
        Cloud::open(call)?.change(|world| world.delete_vm(vm)).await
    }

    async fn has_vm(&self, call: &Call, vm: &str) -> Result<bool, Failure> {
        Cloud::open(call)?.look(|world| Ok(world.has_vm(vm))).await
    }

    async fn reboot_vm(&self, call: &Call, vm: &str) -> Result<(), Failure> {
        Cloud::open(call)?.change(|world| world.reboot_vm(vm)).await
    }

    async fn set_vm_metadata(&self, call: &Call, vm: &str, metadata: &[Tag]) -> Result<(), Failure> {
        Cloud::open(call)?.change(|world| world.tag_vm(vm, metadata)).await
    }

    async fn vm_properties_for(&self, _call: &Call, size: Size) -> Result<String, Failure> {
        Ok(json!(Machine::fitting(size)?).to_string())
    }

    async fn create_disk(
        &self,
        call: &Call,
        size_mib: u64,
        properties: &str,
        near_vm: Option<&str>,
    ) -> Result<String, Failure> {
        let cloud = Cloud::open(call)?;
        let cid = new_cid("disk")?;
        let disk = Disk::new(size_mib, properties)?;
        make(&cloud, "disk", &cid, |world| world.create_disk(&cid, disk.clone(), near_vm, cloud.capacity)).await?;
        Ok(cid)
    }

    async fn delete_disk(&self, call: &Call, disk: &str) -> Result<(), Failure> {
        Cloud::open(call)?.change(|world| world.delete_disk(disk)).await
    }

    async fn has_disk(&self, call: &Call, disk: &str) -> Result<bool, Failure> {
        Cloud::open(call)?.look(|world| Ok(world.has_disk(disk))).await
    }

    async fn attach_disk(&self, call: &Call, vm: &str, disk: &str) -> Result<String, Failure> {
        let device = Cloud::open(call)?.change(|world| world.attach_disk(vm, disk)).await?;
        Ok(json!({"path": device}).to_string())
    }

    async fn detach_disk(&self, call: &Call, vm: &str, disk: &str) -> Result<(), Failure> {
        Cloud::open(call)?.change(|world| world.detach_disk(vm, disk)).await
    }

    async fn get_disks(&self, call: &Call, vm: &str) -> Result<Vec<String>, Failure> {
        Cloud::open(call)?.look(|world| world.disks_of(vm)).await
    }

    async fn set_disk_metadata(&self, call: &Call, disk: &str, metadata: &[Tag]) -> Result<(), Failure> {
        Cloud::open(call)?.change(|world| world.tag_disk(disk, metadata)).await
    }

    async fn resize_disk(&self, call: &Call, disk: &str, size_mib: u64) -> Result<(), Failure> {
        let cloud = Cloud::open(call)?;
        cloud.change(|world| world.resize_disk(disk, size_mib, cloud.capacity)).await
    }

    /// Always in place, so there is no new identifier.
    async fn update_disk(
        &self,
        call: &Call,
        disk: &str,
        size_mib: u64,
        properties: &str,
    ) -> Result<Option<String>, Failure> {
        let cloud = Cloud::open(call)?;
        let new = Disk::new(size_mib, properties)?;
        cloud.change(|world| world.update_disk(disk, &new, cloud.capacity)).await?;
        Ok(None)
    }

    async fn snapshot_disk(&self, call: &Call, disk: &str, metadata: &[Tag]) -> Result<String, Failure> {
        let cid = new_cid("snapshot")?;
        make(&Cloud::open(call)?, "snapshot", &cid, |world| world.snapshot_disk(&cid, disk, metadata)).await?;
        Ok(cid)
    }

    async fn delete_snapshot(&self, call: &Call, snapshot: &str) -> Result<(), Failure> {
        let cloud = Cloud::open(call)?;
        cloud
            .change(|world| {
                world.delete_snapshot(snapshot);
                Ok(())
            })
            .await
    }

    async fn create_network(&self, call: &Call, spec: NetworkSpec) -> Result<NetworkCreated, Failure> {
        let cid = new_cid("network")?;
        make(&Cloud::open(call)?, "network", &cid, |world| world.create_network(&cid, &spec)).await
    }

    async fn delete_network(&self, call: &Call, network: &str) -> Result<(), Failure> {
        Cloud::open(call)?.change(|world| world.delete_network(network)).await
    }

    /// Identifiers are chosen here, so the key is the identifier.
    async fn find_leftover(&self, call: &Call, leftover: &Leftover) -> Result<Vec<String>, Failure> {
        let cid = &leftover.intent.key;
        Cloud::open(call)?.look(|world| Ok(world.has(cid).then(|| cid.clone()).into_iter().collect())).await
    }

    async fn remove_leftover(&self, call: &Call, leftover: &Leftover) -> Result<(), Failure> {
        Cloud::open(call)?.change(|world| world.remove(&leftover.intent.key)).await
    }
}

/// Makes something that is on record before it exists. A change that fails has changed nothing.
async fn make<T>(
    cloud: &Cloud,
    kind: &str,
    cid: &str,
    change: impl Fn(&mut World) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let intent = Intent::begin(kind, cid, &json!({})).await?;
    let made = cloud.change(change).await.inspect_err(|_| intent.removed())?;
    intent.created(cid);
    log::info("created", &[("cid", cid)]);
    Ok(made)
}

/// Random, so that no identifier is ever used twice.
fn new_cid(kind: &str) -> Result<String, Failure> {
    Ok(format!("{kind}-{}", random::uuid()?))
}
