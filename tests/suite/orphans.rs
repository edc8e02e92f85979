//! A call that is killed anywhere leaves nothing that `cpi-host orphans` does not find and remove.

use std::collections::BTreeSet;

use cpi_tests::{Held, Host, Moto, Proxy, request, texts};
use serde_json::{Value, json};

/// EC2 with what a director needs there, behind a proxy.
pub(crate) struct Cloud {
    pub(crate) moto: Moto,
    proxy: Proxy,
    image: String,
    subnet: String,
    zone: String,
    group: String,
    table: String,
    /// An Elastic IP.
    address: String,
}

impl Cloud {
    pub(crate) fn new() -> Self {
        let moto = Moto::start();
        let first = |form: &str, element: &str| texts(&moto.ec2(form), element).remove(0);
        let image = first("Action=RegisterImage&Name=stemcell&RootDeviceName=/dev/xvda", "imageId");
        let subnets = moto.ec2("Action=DescribeSubnets");
        let of_subnet = |element: &str| texts(&subnets, element).remove(0);
        let group = first("Action=DescribeSecurityGroups&GroupName.1=default", "groupId");
        let table = first("Action=DescribeRouteTables", "routeTableId");
        let address = first("Action=AllocateAddress&Domain=vpc", "publicIp");
        let (subnet, zone) = (of_subnet("subnetId"), of_subnet("availabilityZone"));
        Self { proxy: Proxy::before(&moto.url()), moto, image, subnet, zone, group, table, address }
    }

    /// A VM with two interfaces, an address and a route.
    pub(crate) fn create_vm(&self) -> Value {
        let network = |ip: &str| {
            let subnet = json!({"subnet": self.subnet});
            json!({"type": "manual", "ip": ip, "netmask": "255.255.240.0", "gateway": "172.31.0.1", "cloud_properties": subnet})
        };
        let properties = json!({
            "instance_type": "m5.large",
            "availability_zone": self.zone,
            "security_groups": [self.group],
            "ephemeral_disk": {"size": 4096},
            "advertised_routes": [{"table_id": self.table, "destination": "10.99.0.0/16"}],
        });
        let networks = json!({
            "private": network("172.31.0.20"),
            "second": network("172.31.0.21"),
            "public": {"type": "vip", "ip": self.address, "cloud_properties": {}},
        });
        let stemcell = format!("{} light", self.image);
        request(
            "create_vm",
            &json!(["agent-1", stemcell, properties, networks, [], {"bosh": {"password": "hunter2222"}}]),
        )
    }

    pub(crate) fn host(&self) -> Host {
        Host::aws(&self.proxy.url()).with_setting("aws", "intent_tags", &json!(true))
    }

    /// Makes a disk and is killed before it learns its id.
    fn kill_create_disk(&self, host: &Host, plugin: Option<&str>) {
        // The request that makes the volume.
        self.proxy.hold(2, Held::After);
        let mut call = request("create_disk", &json!([1024, {}, null]));
        if let Some(plugin) = plugin {
            call["context"]["plugin"] = json!(plugin);
        }
        let mut child = host.start(call.to_string().as_bytes());
        assert!(self.proxy.wait(|| false));
        child.kill().unwrap();
        child.wait().unwrap();
        self.proxy.release();
    }

    /// Kills the call at every one of its requests, before EC2 sees it and after, and looks at what is left.
    fn kill_everywhere(&self, call: &Value) {
        let before = self.moto.inventory();
        let mut kills = 0;
        for number in 1.. {
            for held in [Held::Before, Held::After] {
                let host = self.host();
                self.proxy.hold(number, held);
                let mut child = host.start(call.to_string().as_bytes());
                let killed = self.proxy.wait(|| child.try_wait().unwrap().is_some());
                child.kill().unwrap();
                let output = child.wait_with_output().unwrap();
                self.proxy.release();
                if !killed {
                    assert!(kills > 3, "{kills}");
                    let answer = String::from_utf8(output.stdout).unwrap();
                    assert!(answer.contains("\"error\":null"), "{answer}");
                    assert!(orphans(&host, &[]).is_empty(), "a call that succeeds leaves nothing on record");
                    return;
                }
                kills += 1;
                self.check(&host, &before, &format!("{} at request {number}, {held:?}", call["method"]));
            }
        }
    }

    fn check(&self, host: &Host, before: &BTreeSet<String>, moment: &str) {
        let left: BTreeSet<_> = self.moto.inventory().difference(before).cloned().collect();
        let listed = ids(&orphans(host, &[]));
        for id in &left {
            // A route is named by table and destination; volumes of an instance and snapshots of an image go with them.
            let known = listed.iter().any(|listed| listed == id || listed.ends_with(&format!(" {id}")));
            let owned = [("vol-", "i-"), ("snap-", "ami-")];
            let part = |(part, whole)| id.starts_with(part) && listed.iter().any(|id| id.starts_with(whole));
            assert!(known || owned.into_iter().any(part), "{moment}: {id} is left and not listed: {listed:?}");
        }
        for orphan in orphans(host, &["--delete"]) {
            assert_eq!(orphan["state"], "removed", "{moment}: {orphan}");
        }
        assert_eq!(&self.moto.inventory(), before, "{moment}");
        assert!(orphans(host, &[]).is_empty(), "{moment}");
    }
}

pub(crate) fn orphans(host: &Host, arguments: &[&str]) -> Vec<Value> {
    let answer = host.run("orphans", &[&["--json"], arguments].concat());
    assert_eq!(answer.status, 0, "{answer:?}");
    let report: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(report["calls_under_way"], 0, "{report}");
    report["orphans"].as_array().unwrap().clone()
}

pub(crate) fn ids(orphans: &[Value]) -> Vec<String> {
    orphans
        .iter()
        .flat_map(|orphan| orphan["ids"].as_array().unwrap())
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_killed_create_vm_is_found_whole() {
    let cloud = Cloud::new();
    cloud.kill_everywhere(&cloud.create_vm());
}

#[test]
fn killed_disks_snapshots_and_stemcells_are_found() {
    let cloud = Cloud::new();
    cloud.kill_everywhere(&request("create_disk", &json!([1024, {}, null])));
    let disk = cloud.host().call("create_disk", &json!([1024, {}, null])).result();
    cloud.kill_everywhere(&request("snapshot_disk", &json!([disk, {"deployment": "d", "job": "j", "index": "0"}])));
    let stemcell = json!({"ami": {"us-east-1": cloud.image}, "encrypted": true});
    cloud.kill_everywhere(&request("create_stemcell", &json!(["/nowhere", stemcell])));
}

#[test]
fn what_another_account_made_is_told_and_not_touched() {
    let cloud = Cloud::new();
    let host = cloud.host();
    cloud.kill_create_disk(&host, None);
    let table = host.run("orphans", &[]).stdout;
    for text in ["AGE", "director-1", "cpi-1", "create_disk", "killed", "disk", "there: vol-", "--delete removes"] {
        assert!(table.contains(text), "{text}: {table}");
    }

    let config = std::fs::read_to_string(host.path("cpi.json")).unwrap();
    let host = host.with_config(&config.replace("AKIATESTKEY00000001", "AKIATESTKEY00000002"));
    let found = orphans(&host, &["--delete"]);
    assert_eq!((found.len(), &found[0]["state"]), (1, &json!("other settings")), "{found:?}");
    let table = host.run("orphans", &[]).stdout;
    assert!(table.contains("AKIATESTKEY00000001") && table.contains("--other-settings"), "{table}");
    let found = orphans(&host, &["--delete", "--other-settings"]);
    assert_eq!(found[0]["state"], "removed", "{found:?}");
    assert!(orphans(&host, &[]).is_empty());
}

#[test]
fn without_a_tag_candidates_are_named_and_not_touched() {
    let cloud = Cloud::new();
    let host = cloud.host().with_setting("aws", "intent_tags", &json!(false));
    let before = cloud.moto.inventory();
    // One of another size.
    host.call("create_disk", &json!([2048, {}, null])).result();
    let older: BTreeSet<_> = cloud.moto.inventory().difference(&before).cloned().collect();
    cloud.kill_create_disk(&host, None);
    let volumes: BTreeSet<_> = cloud.moto.inventory().difference(&before).cloned().collect();
    for arguments in [&[][..], &["--delete"]] {
        let answer = host.run("orphans", &[&["--json"], arguments].concat());
        let report: Value = serde_json::from_str(&answer.stdout).unwrap();
        let told = report["orphans"].to_string();
        for volume in &volumes {
            assert_eq!(told.contains(volume), !older.contains(volume), "{volume}: {told}");
        }
        assert!(told.contains("intent_tags"), "{told}");
        let left: BTreeSet<_> = cloud.moto.inventory().difference(&before).cloned().collect();
        assert_eq!(left, volumes);
    }
    for volume in volumes.difference(&older) {
        cloud.moto.ec2(&format!("Action=DeleteVolume&VolumeId={volume}"));
    }
    assert_eq!(orphans(&host, &[])[0]["state"], "gone");
    orphans(&host, &["--delete"]);
    assert!(orphans(&host, &[]).is_empty());
}

#[test]
fn the_plugin_of_a_cpi_configuration_is_asked() {
    let cloud = Cloud::new();
    let host = cloud.host();
    let config = std::fs::read_to_string(host.path("cpi.json")).unwrap();
    let host = host.with_config(&config.replacen("\"plugin\":\"aws\"", "\"plugin\":\"sim\"", 1));
    cloud.kill_create_disk(&host, Some("aws"));
    assert!(orphans(&host, &[]).is_empty(), "the plugin of the file made nothing");
    std::fs::write(host.path("context.json"), r#"{"plugin": "aws"}"#).unwrap();
    let context = host.path("context.json");
    let found = orphans(&host, &["--context", context.to_str().unwrap(), "--delete"]);
    assert_eq!((found.len(), &found[0]["state"]), (1, &json!("removed")), "{found:?}");
}

#[test]
fn a_failed_call_that_cleans_up_leaves_nothing_on_record() {
    let cloud = Cloud::new();
    let (host, before) = (cloud.host(), cloud.moto.inventory());
    let mut call = cloud.create_vm();
    // Found out by RunInstances, when the interfaces are there.
    call["arguments"][2]["iam_instance_profile"] = json!("no-such-profile");
    let (_, message) = host.send(call.to_string().as_bytes()).error();
    assert!(message.contains("RunInstances"), "{message}");
    assert!(orphans(&host, &[]).is_empty());
    assert_eq!(cloud.moto.inventory(), before);
}
