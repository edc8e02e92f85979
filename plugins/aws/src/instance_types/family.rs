//! What the family of an instance type tells. See "Instances built on the AWS Nitro System" in the EC2 user guide: the
//! families before Nitro are a closed list, so whatever is new is Nitro.

/// Families whose EBS volumes are not NVMe devices.
const XEN: &[&str] = &[
    "c1", "c3", "c4", "cc2", "cg1", "cr1", "d2", "f1", "g2", "g3", "g3s", "h1", "hi1", "hs1", "i2", "i3", "m1", "m2",
    "m3", "m4", "p2", "p3", "r3", "r4", "t1", "t2", "x1", "x1e",
];

/// Families before Nitro whose local disks are NVMe devices all the same.
const XEN_WITH_NVME: &[&str] = &["f1", "i3"];

pub(crate) fn ebs_is_nvme(instance_type: &str) -> bool {
    instance_type == "i3.metal" || !XEN.contains(&family(instance_type))
}

pub(crate) fn local_disks_are_nvme(instance_type: &str) -> bool {
    let family = family(instance_type);
    !XEN.contains(&family) || XEN_WITH_NVME.contains(&family)
}

fn family(instance_type: &str) -> &str {
    instance_type.split_once('.').map_or(instance_type, |(family, _)| family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_families_are_nitro() {
        for name in ["m5.large", "t3.micro", "c8g.large", "i3en.large", "i3.metal", "u-6tb1.metal"] {
            assert!(ebs_is_nvme(name), "{name}");
        }
        for name in ["t2.micro", "m4.large", "i3.large", "x1e.xlarge"] {
            assert!(!ebs_is_nvme(name), "{name}");
        }
    }

    #[test]
    fn i3_has_local_nvme_but_no_ebs_nvme() {
        assert!(local_disks_are_nvme("i3.large") && !ebs_is_nvme("i3.large"));
        assert!(!local_disks_are_nvme("m3.medium"));
        assert!(local_disks_are_nvme("m6id.large"));
    }
}
