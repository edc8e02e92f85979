//! Names under which volumes are attached. See "Device names for volumes" in the EC2 user guide.

/// The first free name: `/dev/sdf` to `/dev/sdp`, which are for EBS volumes, and then names that only HVM images know.
pub(crate) fn first_free(used: &[impl AsRef<str>]) -> Option<String> {
    let common = ('f'..='p').map(|letter| format!("/dev/sd{letter}"));
    // `/dev/xvdba` and on are for local disks.
    let more = ('a'..='z').map(|letter| format!("/dev/xvdc{letter}"));
    common.chain(more).find(|name| used.iter().all(|used| used.as_ref() != name))
}

/// Where the agent finds a volume. NVMe devices appear in any order, so there the serial number names it.
pub(crate) fn agent_path(volume: &str, device: &str, ebs_nvme: bool) -> String {
    if ebs_nvme {
        format!("/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{}", volume.replacen('-', "", 1))
    } else {
        device.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_free_name() {
        assert_eq!(first_free(&[""; 0]).as_deref(), Some("/dev/sdf"));
        assert_eq!(first_free(&["/dev/xvda", "/dev/sdf", "/dev/sdh"]).as_deref(), Some("/dev/sdg"));
    }

    #[test]
    fn there_are_more_than_eleven_and_an_end() {
        let mut used: Vec<String> = Vec::new();
        while let Some(name) = first_free(&used) {
            used.push(name);
        }
        assert_eq!(used.len(), 37);
        assert_eq!(used[10..12], ["/dev/sdp", "/dev/xvdca"]);
    }

    #[test]
    fn nvme_volumes_are_found_by_serial_number() {
        assert_eq!(agent_path("vol-0abc", "/dev/sdf", true), "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0abc");
        assert_eq!(agent_path("vol-0abc", "/dev/sdf", false), "/dev/sdf");
    }
}
