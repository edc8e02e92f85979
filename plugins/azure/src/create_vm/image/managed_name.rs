use cpi_plugin_sdk::Failure;

/// How the ids of heavy stemcells begin.
const HEAVY: &str = "bosh-stemcell-";

/// Name of the image of a heavy stemcell for a type of disk in a location.
pub(crate) fn managed_name(stemcell: &str, sku: &str, location: &str) -> Result<String, Failure> {
    let uuid = stemcell.strip_prefix(HEAVY).ok_or_else(|| {
        Failure::rejected(format!("Given stemcell '{stemcell}' does not exist: its id starts with '{HEAVY}'"))
    })?;
    let code = match sku {
        "Standard_LRS" => "S",
        "StandardSSD_LRS" => "SSSD",
        "Premium_LRS" => "P",
        other => other,
    };
    Ok(format!("{uuid}-{code}-{location}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_stemcell_type_and_location() {
        let name = managed_name;
        assert_eq!(name("bosh-stemcell-u", "Premium_LRS", "eastus").unwrap(), "u-P-eastus");
        assert_eq!(name("bosh-stemcell-u", "Premium_ZRS", "eastus").unwrap(), "u-Premium_ZRS-eastus");
        assert!(name("ami-1", "x", "y").unwrap_err().message().starts_with("Given stemcell 'ami-1' does not exist"));
    }
}
