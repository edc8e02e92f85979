//! What the family of an instance type tells. See "Instances built on the AWS Nitro System" in the EC2 user guide: the
//! families before Nitro are a closed list, so whatever is new is Nitro.

use super::table;

/// Families before Nitro that EC2 no longer describes.
const RETIRED: &[&str] = &["cc2", "cg1", "cr1", "f1", "g2", "g3", "g3s", "hi1", "hs1", "p2", "p3"];

/// Of those, the one whose local disks are NVMe devices all the same.
const RETIRED_WITH_NVME: &str = "f1";

pub(crate) fn ebs_is_nvme(instance_type: &str) -> bool {
    let family = family(instance_type);
    instance_type == "i3.metal" || !(RETIRED.contains(&family) || table::EBS_WITHOUT_NVME.contains(&family))
}

pub(crate) fn local_disks_are_nvme(instance_type: &str) -> bool {
    let family = family(instance_type);
    family == RETIRED_WITH_NVME || !(RETIRED.contains(&family) || table::LOCAL_WITHOUT_NVME.contains(&family))
}

pub(super) fn family(instance_type: &str) -> &str {
    instance_type.split_once('.').map_or(instance_type, |(family, _)| family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_families_are_nitro() {
        for name in ["m5.large", "t3.micro", "c8g.large", "i3en.large", "i3.metal", "u-6tb1.metal", "z99.large"] {
            assert!(ebs_is_nvme(name), "{name}");
        }
        for name in ["t2.micro", "m4.large", "i3.large", "x1e.xlarge", "g3.4xlarge"] {
            assert!(!ebs_is_nvme(name), "{name}");
        }
    }

    #[test]
    fn i3_has_local_nvme_but_no_ebs_nvme() {
        assert!(local_disks_are_nvme("i3.large") && !ebs_is_nvme("i3.large"));
        assert!(local_disks_are_nvme("f1.2xlarge") && !ebs_is_nvme("f1.2xlarge"));
        assert!(!local_disks_are_nvme("m3.medium"));
        assert!(local_disks_are_nvme("m6id.large"));
    }
}
