use serde_json::{Map, Value, json};

use super::image::{Image, Source};
use super::machine::Machine;
use super::properties::{Identity, SecurityProfile};
use super::request::{Candidate, Request};
use crate::arm::Resource;
use crate::stemcells::marketplace::Purchase;

/// What is known when the VM is ordered.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub request: &'a Request,
    pub location: &'a str,
    pub candidate: Candidate<'a>,
    pub image: &'a Image,
    pub interfaces: &'a [Resource],
    pub availability_set: Option<&'a Resource>,
    pub boot_diagnostics: bool,
    /// Together with the VM, when that is removed.
    pub delete_disks: bool,
    pub os_disk: &'a str,
    pub ephemeral_disk: &'a str,
    /// Stands for the agent's settings.
    pub token: &'a str,
    pub login: &'a Login,
}

/// Who may log in.
#[derive(Debug)]
pub(crate) enum Login {
    Key,
    /// Of a machine with Windows; nobody uses name and password.
    Password {
        computer: String,
        user: String,
        password: String,
    },
}

impl Login {
    /// The name of a machine with Windows.
    pub(crate) fn computer(&self) -> Option<&str> {
        match self {
            Self::Key => None,
            Self::Password { computer, .. } => Some(computer),
        }
    }
}

/// The body that makes the VM.
pub(crate) fn body(order: &Order<'_>) -> Value {
    let Order { request, candidate, .. } = order;
    let tags: Map<_, _> = request.tags.iter().map(|tag| (tag.key.clone(), json!(tag.value))).collect();
    let mut body = Map::new();
    body.insert("location".to_owned(), json!(order.location));
    body.insert("tags".to_owned(), Value::Object(tags));
    if let Some(zone) = candidate.zone {
        body.insert("zones".to_owned(), json!([zone]));
    }
    match &request.vm.identity {
        None => {}
        Some(Identity::System) => drop(body.insert("identity".to_owned(), json!({"type": "SystemAssigned"}))),
        Some(Identity::User(id)) => {
            let identity = json!({"type": "UserAssigned", "userAssignedIdentities": {id: {}}});
            body.insert("identity".to_owned(), identity);
        }
    }
    if let Source::Marketplace(_, Some(Purchase { name, publisher, product })) = &order.image.source {
        body.insert("plan".to_owned(), json!({"name": name, "publisher": publisher, "product": product}));
    }
    body.insert("properties".to_owned(), Value::Object(properties(order)));
    Value::Object(body)
}

fn properties(order: &Order<'_>) -> Map<String, Value> {
    let Order { request, candidate, .. } = order;
    let vm = &request.vm;
    let interface =
        |(index, resource): (usize, &Resource)| json!({"id": resource.id, "properties": {"primary": index == 0}});
    let interfaces: Vec<_> = order.interfaces.iter().enumerate().map(interface).collect();
    let mut properties = Map::new();
    let mut insert = |key: &str, value: Value| drop(properties.insert(key.to_owned(), value));
    insert("hardwareProfile", json!({"vmSize": candidate.size}));
    insert("osProfile", os_profile(order));
    insert("networkProfile", json!({"networkInterfaces": interfaces}));
    insert("storageProfile", storage_profile(order));
    if let Some(set) = order.availability_set {
        insert("availabilitySet", set.reference());
    }
    if let Some(group) = &vm.capacity_reservation_group {
        insert("capacityReservation", json!({"capacityReservationGroup": {"id": group}}));
    }
    if order.boot_diagnostics {
        insert("diagnosticsProfile", json!({"bootDiagnostics": {"enabled": true}}));
    }
    let security = security(&vm.machine, vm.security_profile.as_ref());
    if !security.is_empty() {
        insert("securityProfile", Value::Object(security));
    }
    vm.machine.add_to(&mut properties);
    if let Some(host) = &vm.host {
        host.add_to(&mut properties);
    }
    if let Some(spot) = candidate.spot {
        spot.add_to(&mut properties);
    }
    properties
}

/// What the VM is made of, and its disks: managed ones, or blobs.
fn storage_profile(order: &Order<'_>) -> Value {
    let Order { request, candidate, image, .. } = order;
    let vm = &request.vm;
    let mut storage = Map::new();
    storage.insert("imageReference".to_owned(), image.source.reference());
    let os_disk = vm.root_disk.body(order.os_disk, &vm.ephemeral_disk, image.disk, candidate.size);
    storage.insert("osDisk".to_owned(), os_disk);
    if let Some(disk) = vm.ephemeral_disk.body(order.ephemeral_disk, candidate.size) {
        storage.insert("dataDisks".to_owned(), json!([disk]));
    }
    if order.delete_disks {
        for disk in storage.values_mut().flat_map(disks_in) {
            disk.insert("deleteOption".to_owned(), json!("Delete"));
        }
    }
    if let Some(controller) = &vm.machine.disk_controller {
        storage.insert("diskControllerType".to_owned(), json!(controller));
    }
    let storage = Value::Object(storage);
    match &request.vhds {
        Some(vhds) => vhds.profile(&storage, image),
        None => storage,
    }
}

/// The disks in a member of a storage profile, one or several.
fn disks_in(member: &mut Value) -> Vec<&mut Map<String, Value>> {
    match member {
        Value::Array(disks) => disks.iter_mut().filter_map(Value::as_object_mut).collect(),
        Value::Object(disk) if disk.contains_key("createOption") => vec![disk],
        _ => Vec::new(),
    }
}

fn security(machine: &Machine, profile: Option<&SecurityProfile>) -> Map<String, Value> {
    let mut security = Map::new();
    if machine.encryption_at_host {
        security.insert("encryptionAtHost".to_owned(), json!(true));
    }
    let Some(profile) = profile else { return security };
    let kind = if profile.trusted_launch { "TrustedLaunch" } else { "Standard" };
    security.insert("securityType".to_owned(), json!(kind));
    if profile.trusted_launch {
        let settings = json!({"secureBootEnabled": profile.secure_boot, "vTpmEnabled": true});
        security.insert("uefiSettings".to_owned(), settings);
    }
    security
}

fn os_profile(order: &Order<'_>) -> Value {
    let (request, token) = (order.request, order.token);
    match order.login {
        Login::Key => json!({
            "customData": token,
            "computerName": request.id.name,
            "adminUsername": request.ssh_user,
            "linuxConfiguration": {
                "disablePasswordAuthentication": true,
                "ssh": {"publicKeys": [{
                    "path": format!("/home/{}/.ssh/authorized_keys", request.ssh_user),
                    "keyData": request.ssh_public_key,
                }]},
            },
        }),
        Login::Password { computer, user, password } => json!({
            "customData": token,
            "computerName": computer,
            "adminUsername": user,
            "adminPassword": password,
            "windowsConfiguration": {"enableAutomaticUpdates": false},
        }),
    }
}
