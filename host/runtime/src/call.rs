//! Typed calls in, JSON results out.

use std::sync::Arc;

use cpi_protocol::{Call, CpiError, Network, NetworkKind, NetworkSpec, Object, Request, Tag};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasmtime::Store;
use wasmtime::component::Accessor;

use crate::bindings::Plugin;
use crate::bindings::bosh::cpi::types as wit;
use crate::bindings::exports::bosh::cpi::{networks, vms};
use crate::failure;
use crate::host::CallState;
use crate::results::{cid, cids, fact, formats, hint, object};

/// What a provider says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct About {
    /// Formats of stemcells.
    pub stemcell_formats: Vec<String>,
    /// Highest API version.
    pub api_version: u8,
}

/// Directors and the CLI refuse anything older.
const LOWEST_API_VERSION: u8 = 2;

/// Facts about a call that the plugin may know.
pub(crate) fn facts(request: &Request, settings: String) -> wit::Call {
    wit::Call {
        request_id: request.context.request_id.clone(),
        director_id: request.context.director_uuid.clone(),
        api_version: request.api_version,
        stemcell_api_version: request.context.stemcell_api_version,
        settings,
    }
}

/// Asks for formats and version.
pub(crate) async fn about(plugin: &Plugin, store: &mut Store<CallState>) -> wasmtime::Result<Result<About, CpiError>> {
    let about = plugin.bosh_cpi_provider().call_info(&mut *store).await?;
    if about.api_version < LOWEST_API_VERSION {
        return Ok(Err(CpiError::host(format!(
            "the plugin says that it speaks API version {}; callers want {LOWEST_API_VERSION} at least",
            about.api_version
        ))));
    }
    let about = formats(about.stemcell_formats)
        .map(|stemcell_formats| About { stemcell_formats, api_version: about.api_version });
    Ok(about)
}

/// Calls the function that a method stands for.
pub(crate) async fn run(
    plugin: &Plugin,
    store: &mut Store<CallState>,
    facts: wit::Call,
    call: Call,
) -> wasmtime::Result<Result<Value, CpiError>> {
    store.run_concurrent(async |accessor| dispatch(plugin, accessor, facts, call).await).await?
}

async fn dispatch(
    plugin: &Plugin,
    on: &Accessor<CallState>,
    facts: wit::Call,
    call: Call,
) -> wasmtime::Result<Result<Value, CpiError>> {
    let provider = plugin.bosh_cpi_provider();
    let stemcells = plugin.bosh_cpi_stemcells();
    let vms = plugin.bosh_cpi_vms();
    let disks = plugin.bosh_cpi_disks();
    let snapshots = plugin.bosh_cpi_snapshots();
    let networks = plugin.bosh_cpi_networks();
    Ok(match call {
        Call::CurrentVmId => identifier(provider.call_current_vm(on, facts).await?),
        Call::CreateStemcell { image_path, properties, tags } => {
            let handle = on.with(|mut access| {
                let state = access.data_mut();
                let rules = Arc::clone(&state.capabilities.image_rules);
                state.table.push(cpi_broker::Image::new(image_path, rules))
            })?;
            let lent = wasmtime::component::Resource::new_borrow(handle.rep());
            let made = stemcells.call_create(on, facts, lent, text(properties), wit_tags(tags)).await?;
            identifier(made)
        }
        Call::DeleteStemcell { stemcell } => nothing(stemcells.call_delete(on, facts, stemcell).await?),
        Call::CreateVm(vm) => {
            let plan = vms::Plan {
                agent_id: vm.agent_id,
                stemcell: vm.stemcell,
                properties: text(vm.properties),
                networks: vm.networks.into_iter().map(wit_network).collect(),
                near_disks: vm.near_disks,
                tags: wit_tags(vm.tags),
                groups: vm.groups,
            };
            identifier(vms.call_create(on, facts, plan).await?)
        }
        Call::DeleteVm { vm } => nothing(vms.call_delete(on, facts, vm).await?),
        Call::HasVm { vm } => plain(vms.call_exists(on, facts, vm).await?),
        Call::RebootVm { vm } => nothing(vms.call_reboot(on, facts, vm).await?),
        Call::SetVmMetadata { vm, metadata } => {
            metadata_set(vms.call_set_metadata(on, facts, vm, wit_tags(metadata)).await?)
        }
        Call::CalculateVmCloudProperties(size) => {
            let size = vms::Size { cpu: size.cpu, ram_mib: size.ram_mib, ephemeral_disk_mib: size.ephemeral_disk_mib };
            checked(vms.call_properties_for(on, facts, size).await?, |text| object("cloud properties", &text))
        }
        Call::CreateDisk { size_mib, properties, near_vm } => {
            identifier(disks.call_create(on, facts, size_mib, text(properties), near_vm).await?)
        }
        Call::DeleteDisk { disk } => nothing(disks.call_delete(on, facts, disk).await?),
        Call::HasDisk { disk } => plain(disks.call_exists(on, facts, disk).await?),
        Call::AttachDisk { vm, disk } => checked(disks.call_attach(on, facts, vm, disk).await?, |text| hint(&text)),
        Call::DetachDisk { vm, disk } => nothing(disks.call_detach(on, facts, vm, disk).await?),
        Call::GetDisks { vm } => checked(disks.call_attached(on, facts, vm).await?, cids),
        Call::SetDiskMetadata { disk, metadata } => {
            metadata_set(disks.call_set_metadata(on, facts, disk, wit_tags(metadata)).await?)
        }
        Call::ResizeDisk { disk, size_mib } => nothing(disks.call_resize(on, facts, disk, size_mib).await?),
        Call::UpdateDisk { disk, size_mib, properties } => {
            let updated = disks.call_update(on, facts, disk, size_mib, text(properties)).await?;
            checked(updated, |disk| disk.map_or(Ok(Value::Null), cid))
        }
        Call::SnapshotDisk { disk, metadata } => {
            identifier(snapshots.call_create(on, facts, disk, wit_tags(metadata)).await?)
        }
        Call::DeleteSnapshot { snapshot } => nothing(snapshots.call_delete(on, facts, snapshot).await?),
        Call::CreateNetwork(spec) => checked(networks.call_create(on, facts, wit_spec(spec)).await?, created_network),
        Call::DeleteNetwork { network } => nothing(networks.call_delete(on, facts, network).await?),
        Call::Info | Call::Ping => Err(CpiError::host("the host answers this method itself")),
    })
}

type Answer<T> = Result<T, wit::Failure>;

fn checked<T>(answer: Answer<T>, check: impl FnOnce(T) -> Result<Value, CpiError>) -> Result<Value, CpiError> {
    answer.map_err(failure::error).and_then(check)
}

fn identifier(answer: Answer<String>) -> Result<Value, CpiError> {
    checked(answer, cid)
}

fn nothing(answer: Answer<()>) -> Result<Value, CpiError> {
    checked(answer, |()| Ok(Value::Null))
}

fn metadata_set(answer: Answer<()>) -> Result<Value, CpiError> {
    answer.map_err(failure::of_metadata).map(|()| Value::Null)
}

fn plain(answer: Answer<bool>) -> Result<Value, CpiError> {
    checked(answer, |yes| Ok(Value::Bool(yes)))
}

fn created_network(created: networks::Created) -> Result<Value, CpiError> {
    let mut facts = Object::new();
    for (name, value) in [("range", created.range), ("gateway", created.gateway)] {
        if let Some(value) = value {
            facts.insert(name.to_owned(), fact(name, value)?);
        }
    }
    let reserved = created.reserved.into_iter().map(|address| fact("a reserved address", address));
    facts.insert("reserved".to_owned(), reserved.collect::<Result<_, _>>()?);
    Ok(json!([cid(created.network)?, facts, object("cloud properties", &created.properties)?]))
}

fn text(object: Object) -> String {
    Value::Object(object).to_string()
}

fn wit_tags(tags: Vec<Tag>) -> Vec<wit::Tag> {
    tags.into_iter().map(|tag| wit::Tag { key: tag.key, value: tag.value }).collect()
}

fn wit_network(network: Network) -> wit::Network {
    wit::Network {
        name: network.name,
        kind: match network.kind {
            NetworkKind::Manual => wit::NetworkKind::Manual,
            NetworkKind::Dynamic => wit::NetworkKind::Dynamic,
            NetworkKind::Vip => wit::NetworkKind::Vip,
            NetworkKind::Other(kind) => wit::NetworkKind::Other(kind),
        },
        ip: network.ip,
        prefix: network.prefix,
        netmask: network.netmask,
        gateway: network.gateway,
        dns: network.dns,
        defaults: network.defaults,
        nic_group: network.nic_group,
        cloud_properties: text(network.cloud_properties),
    }
}

fn wit_spec(spec: NetworkSpec) -> networks::Spec {
    networks::Spec {
        kind: spec.kind,
        range: spec.range,
        gateway: spec.gateway,
        netmask_bits: spec.netmask_bits,
        properties: text(spec.cloud_properties),
    }
}
