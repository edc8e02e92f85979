//! What VMs of old sizes have had for ever: the table keeps the disks of existing deployments as they are.

/// Name without `Standard_`, GiB of the ephemeral disk, and the most data disks.
const SIZES: [(&str, u64, u64); 94] = [
    ("A0", 30, 1),
    ("A1", 70, 2),
    ("A10", 382, 32),
    ("A11", 382, 64),
    ("A1_v2", 30, 2),
    ("A2", 135, 4),
    ("A2_v2", 30, 4),
    ("A2m_v2", 30, 4),
    ("A3", 285, 8),
    ("A4", 605, 16),
    ("A4_v2", 40, 8),
    ("A4m_v2", 40, 8),
    ("A5", 135, 4),
    ("A6", 285, 8),
    ("A7", 605, 16),
    ("A8", 382, 32),
    ("A8_v2", 80, 16),
    ("A8m_v2", 80, 16),
    ("A9", 382, 64),
    ("D1", 50, 4),
    ("D11", 100, 8),
    ("D11_v2", 100, 8),
    ("D12", 200, 16),
    ("D12_v2", 200, 16),
    ("D13", 400, 32),
    ("D13_v2", 400, 32),
    ("D14", 800, 64),
    ("D14_v2", 800, 64),
    ("D15_v2", 1000, 64),
    ("D1_v2", 50, 4),
    ("D2", 100, 8),
    ("D2_v2", 100, 8),
    ("D3", 200, 16),
    ("D3_v2", 200, 16),
    ("D4", 400, 32),
    ("D4_v2", 400, 32),
    ("D5_v2", 800, 64),
    ("DS1", 30, 4),
    ("DS11", 28, 8),
    ("DS11_v2", 28, 8),
    ("DS12", 56, 16),
    ("DS12_v2", 56, 16),
    ("DS13", 112, 32),
    ("DS13_v2", 112, 32),
    ("DS14", 224, 64),
    ("DS14_v2", 224, 64),
    ("DS15_v2", 280, 64),
    ("DS1_v2", 30, 4),
    ("DS2", 30, 8),
    ("DS2_v2", 30, 8),
    ("DS3", 30, 16),
    ("DS3_v2", 30, 16),
    ("DS4", 56, 32),
    ("DS4_v2", 56, 32),
    ("DS5_v2", 112, 64),
    ("F1", 30, 4),
    ("F16", 256, 64),
    ("F16s", 64, 64),
    ("F1s", 30, 4),
    ("F2", 32, 8),
    ("F2s", 30, 8),
    ("F4", 64, 16),
    ("F4s", 30, 16),
    ("F8", 128, 32),
    ("F8s", 32, 32),
    ("G1", 384, 8),
    ("G2", 768, 16),
    ("G3", 1000, 32),
    ("G4", 1000, 64),
    ("G5", 1000, 64),
    ("GS1", 56, 8),
    ("GS2", 112, 16),
    ("GS3", 224, 32),
    ("GS4", 448, 64),
    ("GS5", 896, 64),
    ("H16", 1000, 64),
    ("H16m", 1000, 64),
    ("H16mr", 1000, 64),
    ("H16r", 1000, 64),
    ("H8", 1000, 32),
    ("H8m", 1000, 32),
    ("L16s", 1000, 64),
    ("L32s", 1000, 64),
    ("L4s", 678, 16),
    ("L8s", 1000, 32),
    ("M128s", 1000, 64),
    ("M64ms", 1000, 64),
    ("NC12", 680, 48),
    ("NC24", 1000, 64),
    ("NC24r", 1000, 64),
    ("NC6", 380, 24),
    ("NV12", 680, 16),
    ("NV24", 1000, 32),
    ("NV6", 380, 8),
];

/// Of sizes that the table does not have.
const USUAL_GIB: u64 = 30;
const USUAL_DISKS: u64 = 64;

/// GiB of the ephemeral disk whose size nobody says.
pub(crate) fn ephemeral_gib(vm_size: &str) -> u64 {
    find(vm_size).map_or(USUAL_GIB, |(gib, _)| gib)
}

/// How many data disks a VM can have, as far as that is known here. Azure refuses what is too much.
pub(crate) fn most_data_disks(vm_size: &str) -> u64 {
    find(vm_size).map_or(USUAL_DISKS, |(_, disks)| disks)
}

fn find(vm_size: &str) -> Option<(u64, u64)> {
    let start = vm_size.get(..STANDARD.len())?;
    let name = vm_size.get(STANDARD.len()..).filter(|_| start.eq_ignore_ascii_case(STANDARD))?;
    let row = SIZES.iter().find(|(known, _, _)| known.eq_ignore_ascii_case(name));
    row.map(|(_, gib, disks)| (*gib, *disks))
}

const STANDARD: &str = "Standard_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case() {
        assert_eq!((ephemeral_gib("Standard_D15_v2"), most_data_disks("standard_d15_V2")), (1000, 64));
        assert_eq!((ephemeral_gib("Standard_DS11"), most_data_disks("Standard_A0")), (28, 1));
        assert_eq!((ephemeral_gib("Standard_D2s_v5"), most_data_disks("ä")), (30, 64));
    }
}
