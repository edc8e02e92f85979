use std::collections::BTreeMap;

use cpi_plugin_sdk::Failure;
use serde_json::{Value, json};

use crate::create_vm::disks::ImageDisk;
use crate::stemcells::metadata::{self, Metadata};

/// The longest value of a tag.
const LONGEST: usize = 256;

/// The tags of an image: what the stemcell says of itself, so that it can be read there.
pub(super) fn tags(stemcell: &Metadata) -> BTreeMap<String, String> {
    stemcell.iter().map(|(key, value)| (key.clone(), value.chars().take(LONGEST).collect())).collect()
}

/// The body of the image of a blob for a type of disk. See "Images - Create Or Update".
pub(super) fn body(
    stemcell: &Metadata,
    disk: ImageDisk,
    blob: &str,
    sku: &str,
    location: &str,
) -> Result<Value, Failure> {
    Ok(json!({
        "location": location,
        "tags": tags(stemcell),
        "properties": {
            "storageProfile": {
                "osDisk": {
                    "osType": if disk.windows { "Windows" } else { "Linux" },
                    "osState": "Generalized",
                    "blobUri": blob,
                    "caching": "ReadWrite",
                    "storageAccountType": sku,
                },
            },
            "hyperVGeneration": format!("V{}", metadata::generation(stemcell)?),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_says_what_its_stemcell_says() {
        let stemcell = [("generation", "gen2"), ("os_type", "windows"), ("long", &"x".repeat(300))];
        let stemcell = stemcell.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let disk = ImageDisk { windows: true, size_mib: 1 };
        let body = body(&stemcell, disk, "https://b/x.vhd", "Premium_LRS", "eastus").unwrap();
        assert_eq!(body["tags"]["long"].as_str().map(str::len), Some(256));
        assert_eq!(body["properties"]["hyperVGeneration"], "V2");
        assert_eq!(
            body["properties"]["storageProfile"]["osDisk"],
            json!({"osType": "Windows", "osState": "Generalized", "blobUri": "https://b/x.vhd", "caching": "ReadWrite",
                "storageAccountType": "Premium_LRS"})
        );
    }
}
