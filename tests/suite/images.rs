//! Heavy stemcells: an archive on the disk becomes an image of EC2.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use cpi_tests::ebs::{BLOCK, Ebs, World, block_of, refusal, refusal_of_ec2};
use cpi_tests::{Answer, Host, archive, request, wait_with_peak};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::orphans::orphans;

/// The program with this server, and a stemcell of so many MiB with so many pieces of data.
fn with_stemcell(server: &Ebs, mib: u64, pieces: u64) -> Host {
    let host = Host::aws(&server.url()).with_setting("aws", "max_retries", &json!(3));
    archive::sparse(&host.path("root.img"), mib << 20, pieces);
    archive::stemcell(&host.path("image"), &host.path("root.img"));
    host
}

fn call(host: &Host, properties: &Value) -> Value {
    request("create_stemcell", &json!([host.path("image"), properties]))
}

fn create(host: &Host, properties: &Value) -> Answer {
    host.send(call(host, properties).to_string().as_bytes())
}

/// SHA-256 of each block of a file that is not zeros, the last one filled up with zeros.
fn blocks(file: &Path) -> BTreeMap<u64, Vec<u8>> {
    let bytes = fs::read(file).unwrap();
    let blocks = bytes.chunks(BLOCK).enumerate().filter(|(_, block)| block.iter().any(|byte| *byte != 0));
    let sum = |block: &[u8]| {
        let mut whole = block.to_vec();
        whole.resize(BLOCK, 0);
        digest(&SHA256, &whole).as_ref().to_vec()
    };
    blocks.map(|(index, block)| (index as u64, sum(block))).collect()
}

fn form<'a>(world: &'a World, action: &str) -> BTreeMap<String, String> {
    let form: &'a str = world.forms.get(action).unwrap();
    url::form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

#[test]
fn an_archive_becomes_an_image() {
    let server = Ebs::start();
    let host = with_stemcell(&server, 41, 30);
    let properties = json!({"name": "bosh-ubuntu", "version": "1.2", "disk": 5120, "architecture": "x86_64",
        "boot_mode": "uefi-preferred", "tags": {"team": "a"}, "encrypted": true, "kms_key_arn": "arn:k"});
    let answer = create(&host, &properties);
    let ami = answer.result();
    let snapshot = server.snapshot();
    assert_eq!(snapshot.blocks, blocks(&host.path("root.img")));
    assert_eq!((snapshot.state.as_str(), snapshot.puts), ("completed", snapshot.blocks.len()));
    assert_eq!(snapshot.order["VolumeSize"], 5);
    assert_eq!(snapshot.order["Tags"], json!([{"Key": "team", "Value": "a"}]));
    assert_eq!((&snapshot.order["Encrypted"], &snapshot.order["KmsKeyArn"]), (&json!(true), &json!("arn:k")));
    assert!(
        snapshot.head.contains("AWS4-HMAC-SHA256 Credential=AKIATESTKEY00000001/")
            && snapshot.head.contains("/us-east-1/ebs/")
    );

    let world = server.world();
    assert_eq!(world.images.keys().collect::<Vec<_>>(), [ami.as_str().unwrap()]);
    let form = form(&world, "RegisterImage");
    let id = world.snapshots.keys().next().unwrap();
    for (field, value) in [
        ("Description", "bosh-ubuntu 1.2"),
        ("Architecture", "x86_64"),
        ("VirtualizationType", "hvm"),
        ("RootDeviceName", "/dev/xvda"),
        ("SriovNetSupport", "simple"),
        ("EnaSupport", "true"),
        ("BootMode", "uefi-preferred"),
        ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
        ("BlockDeviceMapping.1.Ebs.SnapshotId", id),
        ("BlockDeviceMapping.2.DeviceName", "/dev/sdb"),
        ("BlockDeviceMapping.2.VirtualName", "ephemeral0"),
        ("TagSpecification.1.ResourceType", "image"),
        ("TagSpecification.1.Tag.1.Value", "a"),
        ("TagSpecification.1.Tag.2.Key", "Name"),
        ("TagSpecification.1.Tag.2.Value", "bosh-ubuntu 1.2"),
    ] {
        assert_eq!(form.get(field).map(String::as_str), Some(value), "{field} in {form:?}");
    }
    assert!(form["Name"].starts_with("BOSH-") && !form.contains_key("KernelId"), "{form:?}");
    drop(world);
    // A line for all blocks, and one for everything else.
    assert!(answer.stderr.contains("the image of 41 MiB is sent: "), "{}", answer.stderr);
    assert!(!answer.stderr.contains("/blocks/"), "{}", answer.stderr);
    assert!(orphans(&host, &[]).is_empty());

    host.call("delete_stemcell", &json!([ami])).result();
    assert!(server.world().snapshots.is_empty() && server.world().images.is_empty());
    // Nothing is remembered of what has succeeded.
    create(&host, &properties).result();
    assert_eq!(server.snapshot().blocks, blocks(&host.path("root.img")));
}

#[test]
fn tags_of_version_3_and_paravirtual_images() {
    let server = Ebs::start();
    let host = with_stemcell(&server, 2, 1);
    let properties = json!({"virtualization_type": "paravirtual", "kernel_id": "aki-1", "root_device_name": "/dev/sda1",
        "tags": {"team": "a"}});
    let mut call = call(&host, &properties);
    call["api_version"] = json!(3);
    call["arguments"].as_array_mut().unwrap().push(json!({"tags": {"owner": "me"}}));
    host.send(call.to_string().as_bytes()).result();
    let snapshot = server.snapshot();
    assert_eq!(snapshot.order["Tags"], json!([{"Key": "owner", "Value": "me"}]));
    assert_eq!((&snapshot.order["VolumeSize"], snapshot.order.get("Encrypted")), (&json!(2), None));
    let world = server.world();
    let form = form(&world, "RegisterImage");
    assert_eq!((form["KernelId"].as_str(), form["RootDeviceName"].as_str()), ("aki-1", "/dev/sda1"));
    assert_eq!(form["BlockDeviceMapping.1.DeviceName"], "/dev/sda");
    let not_there = ["Description", "VirtualizationType", "SriovNetSupport", "EnaSupport", "BootMode", "Architecture"];
    assert!(not_there.iter().all(|field| !form.contains_key(*field)), "{form:?}");
    assert_eq!(form["TagSpecification.1.Tag.1.Key"], "owner");
}

/// Starts a call, and kills it when the server has taken so many blocks.
fn kill_after(host: &Host, server: &Ebs, properties: &Value, blocks: usize) {
    // Slow enough to be hit.
    server.behind(|_, _, path| {
        if path.contains("/blocks/") {
            thread::sleep(Duration::from_millis(2));
        }
        None
    });
    let mut child = host.start(call(host, properties).to_string().as_bytes());
    while !server.world().snapshots.values().any(|snapshot| snapshot.puts >= blocks) {
        assert!(child.try_wait().unwrap().is_none(), "it is over");
        thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    server.behind(|_, _, _| None);
}

/// What may have been taken without this program knowing it: what was under way when it was killed.
const UNDER_WAY: usize = 33;

#[test]
fn a_killed_upload_is_gone_on_with() {
    let server = Ebs::start();
    let host = with_stemcell(&server, 200, 200);
    kill_after(&host, &server, &json!({}), 60);
    let all = blocks(&host.path("root.img")).len();
    let (first, id) = (server.snapshot().puts, server.world().snapshots.keys().next().unwrap().clone());
    assert!(first < all, "{first} of {all}");

    // It is listed, and not removed by accident.
    let listed = orphans(&host, &["--delete"]);
    assert_eq!(
        (listed.len(), &listed[0]["state"], &listed[0]["id"]),
        (1, &json!("resumable"), &json!(id)),
        "{listed:?}"
    );
    let table = host.run("orphans", &["--delete"]);
    assert!(table.stdout.contains("resumes this") && table.stdout.contains("--uploads"), "{table:?}");
    assert_eq!(server.snapshot().state, "pending");

    // The same file, unpacked to another place.
    fs::rename(host.path("image"), host.path("elsewhere")).unwrap();
    fs::copy(host.path("elsewhere"), host.path("image")).unwrap();
    let answer = create(&host, &json!({}));
    answer.result();
    let snapshot = server.snapshot();
    assert_eq!(snapshot.blocks, blocks(&host.path("root.img")));
    assert_eq!(snapshot.state, "completed");
    let second = snapshot.puts - first;
    assert!((all - first..=all - first + UNDER_WAY).contains(&second), "{first} + {second} of {all}");
    assert!(answer.stderr.contains(&format!("going on with the upload of an earlier call snapshot=\"{id}\"")));
    // The record of the killed call is of nothing that is left.
    assert_eq!(orphans(&host, &[])[0]["state"], "gone");
    orphans(&host, &["--delete"]);
    assert!(orphans(&host, &[]).is_empty());
    assert_eq!(server.snapshot().state, "completed");
}

#[test]
fn an_upload_that_cannot_be_gone_on_with_starts_anew() {
    let lost: [fn(&mut World); 2] = [
        |world| world.snapshots.clear(),
        |world| world.snapshots.values_mut().for_each(|snapshot| "error".clone_into(&mut snapshot.state)),
    ];
    for lose in lost {
        let server = Ebs::start();
        let host = with_stemcell(&server, 100, 100);
        kill_after(&host, &server, &json!({}), 40);
        lose(&mut server.world());
        create(&host, &json!({})).result();
        let world = server.world();
        let complete = world.snapshots.values().find(|snapshot| snapshot.state == "completed").unwrap();
        assert_eq!(complete.blocks, blocks(&host.path("root.img")));
    }
    // EBS has given it up, which shows only when a block is sent.
    let server = Ebs::start();
    let host = with_stemcell(&server, 100, 100);
    kill_after(&host, &server, &json!({}), 40);
    let given_up = server.world().snapshots.keys().next().unwrap().clone();
    server.behind(move |_, _, path| {
        let late = || refusal(400, "ValidationException", "Too late.", Some("WRITE_REQUEST_TIMEOUT"));
        path.contains(&format!("{given_up}/blocks/")).then(late)
    });
    create(&host, &json!({})).result();
    assert_eq!(server.snapshot().blocks, blocks(&host.path("root.img")));
    // Another order is another upload.
    let server = Ebs::start();
    let host = with_stemcell(&server, 100, 100);
    kill_after(&host, &server, &json!({}), 40);
    create(&host, &json!({"encrypted": true})).result();
    let world = server.world();
    assert_eq!(world.snapshots.values().filter(|snapshot| snapshot.state == "completed").count(), 1);
    assert!(
        world.snapshots.values().any(|snapshot| snapshot.order["Encrypted"] == true && snapshot.state == "completed")
    );
}

#[test]
fn what_ebs_refuses_for_good_leaves_nothing_behind() {
    for (operation, code, status) in [
        ("/blocks/", "ConcurrentLimitExceededException", 400),
        ("/blocks/", "ServiceQuotaExceededException", 402),
        ("/blocks/", "ValidationException", 400),
        ("/completion/", "ValidationException", 400),
        ("/snapshots", "AccessDeniedException", 403),
        ("RegisterImage", "InvalidParameterValue", 400),
    ] {
        let server = Ebs::start();
        let host = with_stemcell(&server, 8, 8);
        server.behind(move |_, _, path| {
            let refused = match operation {
                "RegisterImage" => refusal_of_ec2(status, code),
                _ => refusal(status, code, "no", Some("SOME_REASON")),
            };
            path.contains(operation).then_some(refused)
        });
        let (kind, message) = create(&host, &json!({})).error();
        assert_eq!(kind, "Bosh::Clouds::CloudError");
        assert!(message.contains(code), "{operation}: {message}");
        assert!(operation != "/blocks/" || message.contains("no (SOME_REASON)"), "{message}");
        assert!(server.world().snapshots.is_empty() && server.world().images.is_empty(), "{operation} {code}");
        assert!(orphans(&host, &[]).is_empty(), "{operation} {code}");
    }
}

#[test]
fn what_passes_is_tried_again() {
    let server = Ebs::start();
    let host = with_stemcell(&server, 16, 16);
    let refused = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&refused);
    server.behind(move |world, _, path| {
        let index = block_of(path).filter(|_| path.contains("/blocks/"))?;
        let seen = count.fetch_add(1, Ordering::Relaxed);
        match seen {
            // EBS does not know yet what it has just started.
            0 => Some(refusal(404, "ResourceNotFoundException", "not yet", Some("SNAPSHOT_NOT_FOUND"))),
            3 => Some(refusal(400, "RequestThrottledException", "slow down", None)),
            5 if world.snapshots.len() == 1 => Some(refusal(500, "InternalServerException", "oh", None)),
            _ if index == 2 && seen < 12 => Some(refusal(503, "InternalServerException", "busy", None)),
            _ => None,
        }
    });
    create(&host, &json!({})).result();
    assert_eq!(server.snapshot().blocks, blocks(&host.path("root.img")));
    assert!(refused.load(Ordering::Relaxed) > 12);
}

#[test]
fn memory_is_bounded_whatever_the_size() {
    let server = Ebs::start();
    let host = with_stemcell(&server, 1024, 300);
    let child = host.start(call(&host, &json!({})).to_string().as_bytes());
    let (output, mib) = wait_with_peak(child);
    Answer::of(output, Duration::ZERO).result();
    let snapshot = server.snapshot();
    assert!(snapshot.puts >= 300 && snapshot.puts == snapshot.blocks.len(), "{}", snapshot.puts);
    assert!(mib < 64, "{mib} MiB");
    assert!(server.world().busiest <= 32, "{}", server.world().busiest);
}

#[test]
fn files_that_are_no_stemcell_are_refused_before_anything_is_made() {
    let server = Ebs::start();
    let host = with_stemcell(&server, 1, 1);
    for content in ["", "no archive", &"secret ".repeat(1000)] {
        let image = host.path("image");
        fs::write(&image, content).unwrap();
        let (_, message) = create(&host, &json!({})).error();
        assert!(message.contains("image-archive: ") && message.contains(&image.display().to_string()), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
    let (_, message) = create(&host, &json!({"boot_mode": "bios"})).error();
    assert!(message.contains("use one of legacy-bios"), "{message}");
    assert!(server.world().actions.is_empty());
}
