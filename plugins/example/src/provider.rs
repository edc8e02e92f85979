use std::time::Duration;

use cpi_plugin_sdk::http::{self, Method, Request};
use cpi_plugin_sdk::properties::Properties;
use cpi_plugin_sdk::{
    About, Call, Failure, Image, Intent, Leftover, Network, NetworkKind, Plan, Provider, Tag, Thing, agents, clock,
    random,
};
use serde_json::{Value, json};

use crate::cloud::{Attached, Cloud, Named, Server};

#[derive(Debug, Default)]
pub struct Example;

/// How long to wait between two looks at a server that boots, and how many there are.
const PAUSE: Duration = Duration::from_millis(500);
const MOST_LOOKS: u32 = 1200;

impl Provider for Example {
    fn info(&self) -> About {
        About { stemcell_formats: vec!["example-light".to_owned()], api_version: 2 }
    }

    async fn check(&self, call: &Call) -> Result<(), Failure> {
        Cloud::of(call)?.named("servers", "nobody").await?;
        Ok(())
    }

    /// Light stemcells only: the cloud has the image already, and its name is the identifier.
    async fn create_stemcell(&self, _: &Call, _: &Image, properties: &str, _: &[Tag]) -> Result<String, Failure> {
        required(&Properties::parse(properties)?, "image")
    }

    async fn delete_stemcell(&self, _: &Call, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    async fn create_vm(&self, call: &Call, plan: Plan) -> Result<String, Failure> {
        let cloud = Cloud::of(call)?;
        let properties = Properties::parse(&plan.properties)?;
        let size = required(&properties, "size")?;
        properties.tell_unknown("the VM");

        let name = format!("vm-{}", random::uuid()?);
        let sealed = agents::seal(&agent_settings(&name, &plan)).map_err(Failure::rejected)?;
        let addresses: Vec<_> = plan.networks.iter().filter_map(|network| network.ip.as_ref()).collect();
        let order = json!({
            "name": name,
            "size": size,
            "image": plan.stemcell,
            "addresses": addresses,
            "user_data": sealed.token,
        });
        let (id, intent) = make(&cloud, "vm", &name, &order).await?;
        let Err(failure) = running(&cloud, &id).await else { return Ok(id) };
        match cloud.delete("DeleteServer", &["servers", &id]).await {
            Ok(_) => {
                intent.removed();
                Err(failure)
            }
            Err(error) => Err(failure.and(&format!("server '{id}' is left over: {error}"))),
        }
    }

    async fn delete_vm(&self, call: &Call, vm: &str) -> Result<(), Failure> {
        let was_there = Cloud::of(call)?.delete("DeleteServer", &["servers", vm]).await?;
        if was_there { Ok(()) } else { Err(no_vm(vm)) }
    }

    async fn has_vm(&self, call: &Call, vm: &str) -> Result<bool, Failure> {
        let server: Option<Server> = Cloud::of(call)?.find("GetServer", &["servers", vm]).await?;
        Ok(server.is_some())
    }

    async fn create_disk(&self, call: &Call, size_mib: u64, _: &str, _: Option<&str>) -> Result<String, Failure> {
        let name = format!("disk-{}", random::uuid()?);
        let order = json!({"name": name, "size_mib": size_mib});
        let (id, _) = make(&Cloud::of(call)?, "disk", &name, &order).await?;
        Ok(id)
    }

    async fn delete_disk(&self, call: &Call, disk: &str) -> Result<(), Failure> {
        let was_there = Cloud::of(call)?.delete("DeleteDisk", &["disks", disk]).await?;
        if was_there { Ok(()) } else { Err(Failure::not_found(Thing::Disk, format!("disk '{disk}' not found"))) }
    }

    async fn has_disk(&self, call: &Call, disk: &str) -> Result<bool, Failure> {
        let disk: Option<Named> = Cloud::of(call)?.find("GetDisk", &["disks", disk]).await?;
        Ok(disk.is_some())
    }

    async fn attach_disk(&self, call: &Call, vm: &str, disk: &str) -> Result<String, Failure> {
        let cloud = Cloud::of(call)?;
        let request = Request::new(Method::Put, cloud.url(&["servers", vm, "disks", disk]));
        let Attached { device } = cloud.ask("AttachDisk", request).await?;
        Ok(json!({"path": device}).to_string())
    }

    async fn detach_disk(&self, call: &Call, vm: &str, disk: &str) -> Result<(), Failure> {
        let was_there = Cloud::of(call)?.delete("DetachDisk", &["servers", vm, "disks", disk]).await?;
        let missing = || Failure::disk_not_attached(format!("disk '{disk}' is not attached to VM '{vm}'"));
        if was_there { Ok(()) } else { Err(missing()) }
    }

    async fn get_disks(&self, call: &Call, vm: &str) -> Result<Vec<String>, Failure> {
        let server: Option<Server> = Cloud::of(call)?.find("GetServer", &["servers", vm]).await?;
        server.map(|server| server.disks).ok_or_else(|| no_vm(vm))
    }

    /// By the name that was chosen before it was made: its identifier may never have been learnt.
    async fn find_leftover(&self, call: &Call, leftover: &Leftover) -> Result<Vec<String>, Failure> {
        let intent = &leftover.intent;
        let found = Cloud::of(call)?.named(collection(&intent.kind), &intent.key).await?;
        Ok(found.into_iter().map(|thing| thing.id).collect())
    }

    async fn remove_leftover(&self, call: &Call, leftover: &Leftover) -> Result<(), Failure> {
        let cloud = Cloud::of(call)?;
        for id in self.find_leftover(call, leftover).await? {
            cloud.delete("DeleteLeftover", &[collection(&leftover.intent.kind), &id]).await?;
        }
        Ok(())
    }
}

/// Makes something that is on record before it is asked for, and returns its identifier.
async fn make(cloud: &Cloud, kind: &str, name: &str, order: &Value) -> Result<(String, Intent), Failure> {
    let intent = Intent::begin(kind, name, &json!({})).await?;
    let request = http::post(cloud.url(&[collection(kind)]), "").json(order);
    let Named { id } = cloud.ask("Make", request).await.inspect_err(|error| {
        // Otherwise it stays on record, and `cpi-host orphans` looks for it by its name.
        if !error.may_have_arrived() {
            intent.removed();
        }
    })?;
    intent.created(&id);
    Ok((id, intent))
}

/// Where the cloud has things of a kind.
fn collection(kind: &str) -> &'static str {
    if kind == "vm" { "servers" } else { "disks" }
}

/// Waits until a new server runs.
async fn running(cloud: &Cloud, id: &str) -> Result<(), Failure> {
    for _ in 0..MOST_LOOKS {
        let server: Option<Server> = cloud.find("GetServer", &["servers", id]).await?;
        match server.as_ref().map(|server| server.state.as_str()) {
            Some("running") => return Ok(()),
            Some("building") => clock::sleep(PAUSE).await,
            state => {
                let state = state.unwrap_or("gone again");
                return Err(Failure::vm_not_created(format!("server '{id}' is {state}"), true));
            }
        }
    }
    Err(Failure::vm_not_created(format!("server '{id}' is still building after {MOST_LOOKS} looks"), true))
}

/// What the agent must know of its VM. The host adds the rest, which is secret.
fn agent_settings(name: &str, plan: &Plan) -> agents::Settings {
    let facts = |network: &Network| agents::InterfaceFacts {
        network: network.name.clone(),
        mac: None,
        use_dhcp: network.kind == NetworkKind::Dynamic,
    };
    agents::Settings {
        vm_name: name.to_owned(),
        interfaces: plan.networks.iter().filter(|network| network.kind != NetworkKind::Vip).map(facts).collect(),
        disks: agents::Disks { system: Some("/dev/vda".to_owned()), ephemeral: None, raw_ephemeral: Vec::new() },
        extra: "{}".to_owned(),
    }
}

fn required(properties: &Properties, key: &str) -> Result<String, Failure> {
    properties.text(key)?.ok_or_else(|| Failure::invalid(format!("'{key}' is missing in cloud_properties")))
}

fn no_vm(vm: &str) -> Failure {
    Failure::not_found(Thing::Vm, format!("VM '{vm}' not found"))
}
