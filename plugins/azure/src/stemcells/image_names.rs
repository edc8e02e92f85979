use cpi_plugin_sdk::Failure;

/// How the ids of heavy stemcells begin.
const HEAVY: &str = "bosh-stemcell-";

/// Name of the image of a heavy stemcell for a type of disk in a location. It has room for 80 characters.
pub(crate) fn image_name(stemcell: &str, sku: &str, location: &str) -> Result<String, Failure> {
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

/// Its name as older CPIs had it.
pub(crate) fn deprecated(stemcell: &str, sku: &str, location: &str) -> String {
    format!("{stemcell}-{sku}-{location}")
}

/// Whether an image is one of this stemcell, by whichever name.
pub(crate) fn is_of(name: &str, stemcell: &str) -> bool {
    let begins = |start: &str| name.strip_prefix(start).is_some_and(|rest| rest.starts_with('-'));
    stemcell.strip_prefix(HEAVY).is_some_and(|uuid| !uuid.is_empty() && begins(uuid)) || begins(stemcell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_stemcell_type_and_location() {
        let name = image_name;
        assert_eq!(name("bosh-stemcell-u", "Premium_LRS", "eastus").unwrap(), "u-P-eastus");
        assert_eq!(name("bosh-stemcell-u", "Premium_ZRS", "eastus").unwrap(), "u-Premium_ZRS-eastus");
        assert_eq!(deprecated("bosh-stemcell-u", "Premium_LRS", "eastus"), "bosh-stemcell-u-Premium_LRS-eastus");
        for (image, ours) in
            [("u-P-eastus", true), ("bosh-stemcell-u-Premium_LRS-x", true), ("uu-P-x", false), ("u", false)]
        {
            assert_eq!(is_of(image, "bosh-stemcell-u"), ours, "{image}");
        }
        assert!(!is_of("-P-eastus", "bosh-stemcell-"));
        assert!(name("ami-1", "x", "y").unwrap_err().message().starts_with("Given stemcell 'ami-1' does not exist"));
    }
}
