use std::marker::PhantomData;

use crate::bindings::exports::bosh::cpi::{disks, leftovers, networks, provider, snapshots, stemcells, vms};
use crate::{About, Call, Failure, Image, Leftover, NetworkCreated, NetworkSpec, Plan, Provider, Size, Tag};

/// Exports a [`Provider`] as the interfaces of the contract.
#[derive(Debug)]
pub struct Adapter<P>(PhantomData<P>);

impl<P: Provider> provider::Guest for Adapter<P> {
    fn info() -> About {
        P::default().info()
    }

    async fn check(call: Call) -> Result<(), Failure> {
        P::default().check(&call).await
    }

    async fn current_vm(call: Call) -> Result<String, Failure> {
        P::default().current_vm(&call).await
    }
}

impl<P: Provider> stemcells::Guest for Adapter<P> {
    async fn create(call: Call, image: &Image, properties: String, tags: Vec<Tag>) -> Result<String, Failure> {
        P::default().create_stemcell(&call, image, &properties, &tags).await
    }

    async fn delete(call: Call, stemcell: String) -> Result<(), Failure> {
        P::default().delete_stemcell(&call, &stemcell).await
    }
}

impl<P: Provider> vms::Guest for Adapter<P> {
    async fn create(call: Call, plan: Plan) -> Result<String, Failure> {
        P::default().create_vm(&call, plan).await
    }

    async fn delete(call: Call, vm: String) -> Result<(), Failure> {
        P::default().delete_vm(&call, &vm).await
    }

    async fn exists(call: Call, vm: String) -> Result<bool, Failure> {
        P::default().has_vm(&call, &vm).await
    }

    async fn reboot(call: Call, vm: String) -> Result<(), Failure> {
        P::default().reboot_vm(&call, &vm).await
    }

    async fn set_metadata(call: Call, vm: String, metadata: Vec<Tag>) -> Result<(), Failure> {
        P::default().set_vm_metadata(&call, &vm, &metadata).await
    }

    async fn properties_for(call: Call, size: Size) -> Result<String, Failure> {
        P::default().vm_properties_for(&call, size).await
    }
}

impl<P: Provider> disks::Guest for Adapter<P> {
    async fn create(call: Call, size_mib: u64, properties: String, near_vm: Option<String>) -> Result<String, Failure> {
        P::default().create_disk(&call, size_mib, &properties, near_vm.as_deref()).await
    }

    async fn delete(call: Call, disk: String) -> Result<(), Failure> {
        P::default().delete_disk(&call, &disk).await
    }

    async fn exists(call: Call, disk: String) -> Result<bool, Failure> {
        P::default().has_disk(&call, &disk).await
    }

    async fn attach(call: Call, vm: String, disk: String) -> Result<String, Failure> {
        P::default().attach_disk(&call, &vm, &disk).await
    }

    async fn detach(call: Call, vm: String, disk: String) -> Result<(), Failure> {
        P::default().detach_disk(&call, &vm, &disk).await
    }

    async fn attached(call: Call, vm: String) -> Result<Vec<String>, Failure> {
        P::default().get_disks(&call, &vm).await
    }

    async fn set_metadata(call: Call, disk: String, metadata: Vec<Tag>) -> Result<(), Failure> {
        P::default().set_disk_metadata(&call, &disk, &metadata).await
    }

    async fn resize(call: Call, disk: String, size_mib: u64) -> Result<(), Failure> {
        P::default().resize_disk(&call, &disk, size_mib).await
    }

    async fn update(call: Call, disk: String, size_mib: u64, properties: String) -> Result<Option<String>, Failure> {
        P::default().update_disk(&call, &disk, size_mib, &properties).await
    }
}

impl<P: Provider> snapshots::Guest for Adapter<P> {
    async fn create(call: Call, disk: String, metadata: Vec<Tag>) -> Result<String, Failure> {
        P::default().snapshot_disk(&call, &disk, &metadata).await
    }

    async fn delete(call: Call, snapshot: String) -> Result<(), Failure> {
        P::default().delete_snapshot(&call, &snapshot).await
    }
}

impl<P: Provider> networks::Guest for Adapter<P> {
    async fn create(call: Call, spec: NetworkSpec) -> Result<NetworkCreated, Failure> {
        P::default().create_network(&call, spec).await
    }

    async fn delete(call: Call, network: String) -> Result<(), Failure> {
        P::default().delete_network(&call, &network).await
    }
}

impl<P: Provider> leftovers::Guest for Adapter<P> {
    async fn find(call: Call, leftover: Leftover) -> Result<Vec<String>, Failure> {
        P::default().find_leftover(&call, &leftover).await
    }

    async fn remove(call: Call, leftover: Leftover) -> Result<(), Failure> {
        P::default().remove_leftover(&call, &leftover).await
    }
}
