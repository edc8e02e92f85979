use std::time::{Duration, SystemTime};

/// Bytes of a footer, and of a sector.
pub(super) const LENGTH: u64 = 512;

/// When the clock of the format starts: the first of January 2000 at noon, in seconds since 1970.
const EPOCH: u64 = 946_728_000;

/// What stands at the end of a fixed virtual hard disk of so many bytes, without which Azure takes a blob for no disk.
/// See "Virtual Hard Disk Image Format Specification". `id` tells disks apart.
pub(super) fn footer(size: u64, now: SystemTime, id: [u8; 16]) -> Vec<u8> {
    let since = now.duration_since(SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH)).unwrap_or_default();
    let seconds = u32::try_from(since.as_secs()).unwrap_or(u32::MAX);
    let head = |checksum: u32| {
        [
            b"conectix".as_slice(),
            &2u32.to_be_bytes(),
            &0x0001_0000u32.to_be_bytes(),
            &u64::MAX.to_be_bytes(),
            &seconds.to_be_bytes(),
            b"rvhd",
            &0x0006_0002u32.to_be_bytes(),
            b"Wi2k",
            &size.to_be_bytes(),
            &size.to_be_bytes(),
            &geometry(size),
            &2u32.to_be_bytes(),
            &checksum.to_be_bytes(),
            &id,
            &[0],
        ]
        .concat()
    };
    let sum: u32 = head(0).iter().map(|byte| u32::from(*byte)).sum();
    let mut footer = head(!sum);
    footer.resize(usize::try_from(LENGTH).unwrap_or_default(), 0);
    footer
}

/// Cylinders, heads and sectors of a track, by the algorithm of the specification's appendix.
fn geometry(size: u64) -> [u8; 4] {
    const MOST: u64 = 65_535 * 16 * 255;
    let total = (size / LENGTH).min(MOST);
    let (sectors, heads, tracks) = if total > 65_535 * 16 * 63 {
        (255, 16, total / 255)
    } else {
        let tracks = total / 17;
        let heads = tracks.div_ceil(1024).max(4);
        if tracks < heads * 1024 && heads <= 16 {
            (17, heads, tracks)
        } else if total / 31 < 16 * 1024 {
            (31, 16, total / 31)
        } else {
            (63, 16, total / 63)
        }
    };
    let byte = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
    let [high, low] = u16::try_from(tracks / heads).unwrap_or(u16::MAX).to_be_bytes();
    [high, low, byte(heads), byte(sectors)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn a_footer_says_what_the_disk_is_and_sums_up() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH + 7);
        let footer = footer(GIB, now, [9; 16]);
        assert_eq!(footer.len(), 512);
        assert_eq!(&footer[..16], b"conectix\0\0\0\x02\0\x01\0\0");
        assert_eq!(&footer[16..28], b"\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x07");
        assert_eq!(&footer[28..40], b"rvhd\0\x06\0\x02Wi2k");
        assert_eq!((&footer[40..48], &footer[48..56]), (&GIB.to_be_bytes()[..], &GIB.to_be_bytes()[..]));
        assert_eq!((&footer[60..64], &footer[68..84], &footer[84..]), (&[0, 0, 0, 2][..], &[9; 16][..], &[0; 428][..]));
        let sum: u32 =
            footer.iter().enumerate().filter(|(at, _)| !(64..68).contains(at)).map(|(_, b)| u32::from(*b)).sum();
        assert_eq!(footer[64..68], (!sum).to_be_bytes());
    }

    #[test]
    fn geometries_are_those_of_the_specification() {
        for (size, cylinders, heads, sectors) in [
            (64 << 20, 963_u16, 8, 17),
            (200 << 20, 825, 16, 31),
            (GIB, 2080, 16, 63),
            (32 * GIB, 16_448, 16, 255),
            (2048 * GIB, 65_535, 16, 255),
        ] {
            let [high, low] = cylinders.to_be_bytes();
            assert_eq!(geometry(size), [high, low, heads, sectors], "{size}");
        }
    }
}
