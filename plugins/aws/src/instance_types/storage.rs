//! Local disks by instance type, and what they mean for the ephemeral disk.

use super::table;

/// How many local disks a type has.
pub(crate) fn local_disks(instance_type: &str) -> Option<usize> {
    let (family, size) = instance_type.split_once('.')?;
    let sizes = table::LOCAL_DISKS.iter().find(|(families, _)| families.contains(&family)).map(|(_, sizes)| *sizes);
    let known = sizes.unwrap_or_default().iter().find(|(name, _)| *name == size).map(|(_, count)| *count);
    known.or_else(|| entry(instance_type).map(|(_, count)| count))
}

/// The size of an ephemeral volume when nobody says one, in GiB: as large as a local disk of the type. Operators have VMs
/// with these sizes, so the list is closed: a newer type has the usual size, whatever its local disks are.
pub(crate) fn default_size(instance_type: &str) -> Option<u64> {
    entry(instance_type).map(|(gb, _)| gb)
}

fn entry(instance_type: &str) -> Option<(u64, usize)> {
    let (family, size) = instance_type.split_once('.')?;
    let sizes = TABLE.iter().find(|(families, _)| families.contains(&family)).map(|(_, sizes)| *sizes)?;
    sizes.iter().find(|(name, ..)| *name == size).map(|(_, gb, count)| (*gb, *count))
}

/// Size, gigabytes of a disk, disks.
type Size = (&'static str, u64, usize);

const TABLE: &[(&[&str], &[Size])] = &[
    (&["m1"], &[("small", 160, 1), ("medium", 410, 1), ("large", 420, 2), ("xlarge", 420, 4)]),
    (&["c1"], &[("medium", 350, 1), ("xlarge", 420, 4)]),
    (&["cc2"], &[("8xlarge", 840, 4)]),
    (&["cg1"], &[("4xlarge", 840, 2)]),
    (&["cr1"], &[("8xlarge", 120, 2)]),
    (&["hi1"], &[("4xlarge", 1024, 2)]),
    (&["hs1"], &[("8xlarge", 2000, 24)]),
    (&["m2"], &[("xlarge", 420, 1), ("2xlarge", 850, 1), ("4xlarge", 840, 2)]),
    (&["m3"], &[("medium", 4, 1), ("large", 32, 1), ("xlarge", 40, 2), ("2xlarge", 80, 2)]),
    (&["c3"], &[("large", 16, 2), ("xlarge", 40, 2), ("2xlarge", 80, 2), ("4xlarge", 160, 2), ("8xlarge", 320, 2)]),
    (&["r3"], &[("large", 32, 1), ("xlarge", 80, 1), ("2xlarge", 160, 1), ("4xlarge", 320, 1), ("8xlarge", 320, 2)]),
    (&["g2"], &[("2xlarge", 60, 1), ("8xlarge", 120, 2)]),
    (&["i2"], &[("xlarge", 800, 1), ("2xlarge", 800, 2), ("4xlarge", 800, 4), ("8xlarge", 800, 8)]),
    (
        &["i3"],
        &[
            ("large", 475, 1),
            ("xlarge", 950, 1),
            ("2xlarge", 1900, 1),
            ("4xlarge", 1900, 2),
            ("8xlarge", 1900, 4),
            ("16xlarge", 1900, 8),
        ],
    ),
    (
        &["i3en"],
        &[
            ("large", 1250, 1),
            ("xlarge", 2500, 1),
            ("2xlarge", 2500, 2),
            ("3xlarge", 7500, 1),
            ("6xlarge", 7500, 2),
            ("12xlarge", 7500, 4),
            ("24xlarge", 7500, 8),
        ],
    ),
    (
        &["i4i"],
        &[
            ("large", 468, 1),
            ("xlarge", 937, 1),
            ("2xlarge", 1875, 1),
            ("4xlarge", 3750, 1),
            ("8xlarge", 3750, 2),
            ("16xlarge", 3750, 4),
            ("32xlarge", 3750, 8),
        ],
    ),
    (&["d2"], &[("xlarge", 2000, 3), ("2xlarge", 2000, 6), ("4xlarge", 2000, 12), ("8xlarge", 2000, 24)]),
    (&["x1"], &[("16xlarge", 1920, 1), ("32xlarge", 1920, 2)]),
    (
        &["m6id", "m6idn", "c6id", "r6id", "r6idn"],
        &[
            ("large", 118, 1),
            ("xlarge", 237, 1),
            ("2xlarge", 474, 1),
            ("4xlarge", 950, 1),
            ("8xlarge", 1900, 1),
            ("12xlarge", 1425, 2),
            ("16xlarge", 1900, 2),
            ("24xlarge", 1425, 4),
            ("32xlarge", 1900, 4),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_unknown_types() {
        assert_eq!((local_disks("m3.medium"), default_size("m3.medium")), (Some(1), Some(4)));
        assert_eq!((local_disks("r6idn.32xlarge"), default_size("r6idn.32xlarge")), (Some(4), Some(1900)));
        assert_eq!((local_disks("c5d.18xlarge"), default_size("c5d.18xlarge")), (Some(2), None));
        assert_eq!((local_disks("hs1.8xlarge"), default_size("hs1.8xlarge")), (Some(24), Some(2000)));
        for name in ["m5.large", "m3.huge", "m3"] {
            assert_eq!((local_disks(name), default_size(name)), (None, None), "{name}");
        }
    }

    #[test]
    fn both_lists_agree() {
        for (families, sizes) in TABLE {
            for (family, (size, _, count)) in
                families.iter().flat_map(|family| sizes.iter().map(move |size| (family, size)))
            {
                assert_eq!(local_disks(&format!("{family}.{size}")), Some(*count), "{family}.{size}");
            }
        }
    }

    #[test]
    fn the_list_is_complete() {
        let entries: usize = TABLE.iter().map(|(families, sizes)| families.len() * sizes.len()).sum();
        assert_eq!(entries, 105);
    }
}
