use super::*;
use crate::testing;

fn vm(instance_type: &str, extra: &str) -> VmProperties {
    let json = format!(r#"{{"instance_type": "{instance_type}", "availability_zone": "a"{extra}}}"#);
    VmProperties::parse(&json, &testing::settings("{}")).unwrap()
}

fn hvm() -> Ami {
    Ami { virtualization: "hvm".into(), root_device: "/dev/xvda".into(), devices: vec![("/dev/xvda".into(), Some(5))] }
}

fn laid_out(instance_type: &str, extra: &str) -> (Vec<Mapping>, agents::Disks) {
    layout(&vm(instance_type, extra), instance_type, &hvm(), &Facts::guess(instance_type)).unwrap()
}

fn refusal(instance_type: &str, extra: &str) -> String {
    let refused = layout(&vm(instance_type, extra), instance_type, &hvm(), &Facts::guess(instance_type));
    refused.unwrap_err().message().to_owned()
}

fn ebs(mapping: &Mapping) -> &Ebs {
    match &mapping.source {
        Source::Ebs(ebs) => ebs,
        Source::Local(name) => panic!("{name}"),
    }
}

#[test]
fn a_plain_vm_has_an_ephemeral_and_a_root_volume() {
    let (mappings, disks) = laid_out("m5.large", "");
    let devices: Vec<_> = mappings.iter().map(|mapping| mapping.device.as_str()).collect();
    assert_eq!(devices, ["/dev/sdb", "/dev/xvda"]);
    assert_eq!((ebs(&mappings[0]).gib, ebs(&mappings[0]).volume_type.as_str()), (Some(10), "gp3"));
    assert_eq!(ebs(&mappings[1]).gib, Some(5), "the image's own size");
    assert_eq!(disks.system.as_deref(), Some("/dev/xvda"));
    assert_eq!(disks.ephemeral.as_deref(), Some("\"/dev/sdb\""));
    assert!(disks.raw_ephemeral.is_empty());
}

#[test]
fn the_default_ephemeral_size_is_that_of_the_local_disk() {
    assert_eq!(ebs(&laid_out("m3.medium", "").0[0]).gib, Some(4));
    assert_eq!(ebs(&laid_out("c5d.4xlarge", "").0[0]).gib, Some(10), "newer types keep the usual size");
    assert_eq!(ebs(&laid_out("m3.medium", r#", "ephemeral_disk": {"size": 20480}"#).0[0]).gib, Some(20));
}

#[test]
fn the_ephemeral_disk_passes_everything_on() {
    let (mappings, _) = laid_out(
        "m5.large",
        r#", "ephemeral_disk": {"type": "gp3", "iops": 4000, "throughput": 250, "encrypted": true, "kms_key_arn": "k"}"#,
    );
    let expected = Ebs {
        gib: Some(10),
        volume_type: "gp3".into(),
        iops: Some(4000),
        throughput: Some(250),
        encryption: Encryption { encrypted: true, kms_key: Some("k".into()) },
    };
    assert_eq!(ebs(&mappings[0]), &expected);
}

#[test]
fn the_root_disk_can_serve_for_everything() {
    let (mappings, disks) =
        laid_out("m5.large", r#", "ephemeral_disk": {"use_root_disk": true}, "root_disk": {"size": 40961}"#);
    assert_eq!(mappings.len(), 1);
    assert_eq!(ebs(&mappings[0]).gib, Some(41));
    assert_eq!(disks.ephemeral, None);
}

#[test]
fn root_speeds_go_to_the_types_that_have_them() {
    let speeds = |name: &str| {
        let disk = format!(r#", "root_disk": {{"type": "{name}", "iops": 4000, "throughput": 300}}"#);
        let (mappings, _) = laid_out("m5.large", &disk);
        (ebs(&mappings[1]).iops, ebs(&mappings[1]).throughput)
    };
    assert_eq!(speeds("gp3"), (Some(4000), Some(300)));
    assert_eq!(speeds("io2"), (Some(4000), None));
    assert_eq!(speeds("gp2"), (None, None));
}

#[test]
fn the_root_device_is_the_mapped_one() {
    let device = |root: &str, mapped: &[&str], virtualization: &str| {
        root_device(&Ami {
            virtualization: virtualization.into(),
            root_device: root.into(),
            devices: mapped.iter().map(|name| ((*name).to_owned(), None)).collect(),
        })
    };
    assert_eq!(device("/dev/sda1", &["/dev/sda1"], "hvm"), "/dev/sda1");
    assert_eq!(device("/dev/sda1", &["/dev/sda", "/dev/sdb"], "hvm"), "/dev/sda");
    assert_eq!(device("/dev/sda1", &[], "hvm"), "/dev/xvda");
    assert_eq!(device("/dev/sda1", &[], "paravirtual"), "/dev/sda");
}

#[test]
fn nvme_local_disks_are_only_told_to_the_agent() {
    let (mappings, disks) = laid_out("m6id.32xlarge", r#", "raw_instance_storage": true"#);
    assert_eq!(mappings.len(), 2);
    assert_eq!(ebs(&mappings[0]).gib, Some(10), "not the size of a local disk");
    assert_eq!(disks.raw_ephemeral.len(), 4);
    assert_eq!(disks.raw_ephemeral[3], r#"{"path":"/dev/nvme3n1"}"#);
}

#[test]
fn older_local_disks_are_mapped() {
    let (mappings, disks) = laid_out("m3.xlarge", r#", "raw_instance_storage": true"#);
    assert_eq!(mappings[1], Mapping { device: "/dev/xvdba".into(), source: Source::Local("ephemeral0".into()) });
    assert_eq!(mappings[2].device, "/dev/xvdbb");
    assert_eq!(disks.raw_ephemeral[1], r#"{"path":"/dev/xvdbb"}"#);
    let paravirtual = Ami { virtualization: "paravirtual".into(), ..hvm() };
    let raw = vm("m3.xlarge", r#", "raw_instance_storage": true"#);
    let (mappings, _) = layout(&raw, "m3.xlarge", &paravirtual, &Facts::guess("m3.xlarge")).unwrap();
    assert_eq!(mappings[2].device, "/dev/sdd");
}

#[test]
fn instance_storage_as_the_ephemeral_disk() {
    let (mappings, disks) = laid_out("m3.medium", r#", "ephemeral_disk": {"use_instance_storage": true}"#);
    assert_eq!(mappings[0], Mapping { device: "/dev/sdb".into(), source: Source::Local("ephemeral0".into()) });
    assert_eq!(disks.ephemeral.as_deref(), Some("\"/dev/sdb\""));
}

#[test]
fn what_cannot_be_is_refused_in_the_known_words() {
    assert_eq!(
        refusal("m5.large", r#", "raw_instance_storage": true"#),
        "raw_instance_storage requested for instance type 'm5.large' that does not have instance storage"
    );
    assert_eq!(
        refusal("m3.medium", r#", "raw_instance_storage": true, "ephemeral_disk": {"use_instance_storage": true}"#),
        "ephemeral_disk.use_instance_storage and raw_instance_storage cannot both be true"
    );
    assert_eq!(
        refusal("m3.medium", r#", "ephemeral_disk": {"use_instance_storage": true, "size": 1024}"#),
        "use_instance_storage cannot be combined with additional ephemeral_disk properties"
    );
    assert_eq!(
        refusal("m5.large", r#", "ephemeral_disk": {"use_instance_storage": true}"#),
        "use_instance_storage requested for instance type 'm5.large' that does not have instance storage"
    );
    assert!(refusal("m6id.large", r#", "ephemeral_disk": {"use_instance_storage": true}"#).contains("NVMe"));
}

#[test]
fn encryption_by_the_settings_does_not_forbid_local_disks() {
    let json =
        r#"{"instance_type": "m3.medium", "availability_zone": "a", "ephemeral_disk": {"use_instance_storage": true}}"#;
    let vm = VmProperties::parse(json, &testing::settings(r#"{"encrypted": true}"#)).unwrap();
    assert!(layout(&vm, "m3.medium", &hvm(), &Facts::guess("m3.medium")).is_ok());
}

#[test]
fn ec2_is_asked_only_when_the_name_does_not_tell() {
    let needs = |name: &str, extra: &str| needs_facts(&vm(name, extra), name);
    assert!(!needs("m5.large", ""));
    assert!(needs("m5d.large", r#", "raw_instance_storage": true"#));
    assert!(needs("z99.large", r#", "ephemeral_disk": {"use_instance_storage": true}"#));
    assert!(!needs("m3.medium", r#", "ephemeral_disk": {"use_instance_storage": true}"#));
    let on_root = r#", "raw_instance_storage": true, "ephemeral_disk": {"use_root_disk": true}"#;
    assert!(!needs("m5d.large", on_root));
}
