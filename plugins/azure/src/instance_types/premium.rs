/// Whether VMs of a size take premium disks, by its name: the letter `s` among the features behind the number says so,
/// and the families DS and GS of old. See "Azure virtual machine sizes naming conventions".
pub(crate) fn takes_premium_disks(vm_size: &str) -> bool {
    let lower = vm_size.to_ascii_lowercase();
    let name = lower.strip_prefix("standard_").unwrap_or(&lower);
    let name = name.split('_').next().unwrap_or_default();
    let Some(number) = name.find(|letter: char| letter.is_ascii_digit()) else { return false };
    let (family, rest) = name.split_at(number);
    let features = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '-');
    matches!(family, "ds" | "gs") || features.contains('s')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_it() {
        for size in [
            "Standard_D2s_v3",
            "Standard_DS2_v2",
            "standard_gs5",
            "Standard_E4-2ds_v5",
            "Standard_M128ms",
            "Standard_B1s",
        ] {
            assert!(takes_premium_disks(size), "{size}");
        }
        for size in ["Standard_D2_v3", "Standard_A2_v2", "Standard_E4d_v5", "Standard_F16", "Basic", ""] {
            assert!(!takes_premium_disks(size), "{size}");
        }
    }
}
