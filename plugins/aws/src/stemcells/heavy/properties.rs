use cpi_plugin_sdk::{Failure, Tag};

use crate::encryption::Encryption;
use crate::properties::{Properties, gib};
use crate::settings::Settings;

/// A stemcell whose image is a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HeavyStemcell {
    /// Name and version, when both are known.
    pub description: Option<String>,
    /// Of the root disk, at least.
    pub disk_mib: u64,
    pub architecture: Option<String>,
    pub kind: Virtualization,
    pub encryption: Encryption,
    /// Of the cloud properties, for callers that send no others.
    pub tags: Vec<Tag>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Virtualization {
    /// `hvm`, and whatever else is not paravirtual.
    Hvm {
        name: String,
        boot_mode: String,
    },
    Paravirtual {
        root_device: Option<String>,
        kernel: Option<String>,
    },
}

/// What stemcells had before they said so.
const DISK_MIB: u64 = 2048;
const BOOT_MODES: [&str; 3] = ["legacy-bios", "uefi", "uefi-preferred"];
const GIB: u64 = 1 << 30;
/// What EBS can have.
const LARGEST_GIB: u64 = 65_536;

impl HeavyStemcell {
    pub(crate) fn parse(json: &str, settings: &Settings) -> Result<Self, Failure> {
        let properties = Properties::parse(json)?.overlaid_with(&settings.stemcell);
        let description = match (properties.text("name")?, properties.decimal("version")?) {
            (Some(name), Some(version)) => Some(format!("{name} {version}")),
            _ => None,
        };
        Ok(Self {
            description,
            disk_mib: properties.number("disk")?.unwrap_or(DISK_MIB),
            architecture: properties.text("architecture")?,
            kind: virtualization(&properties)?,
            encryption: Encryption::of(&properties, settings)?,
            tags: properties.tags()?,
        })
    }

    /// Size of the snapshot of an image of so many bytes.
    pub(crate) fn gib(&self, image: u64) -> Result<u64, Failure> {
        match gib(self.disk_mib).max(image.div_ceil(GIB)).max(1) {
            size if size > LARGEST_GIB => Err(Failure::rejected(format!(
                "the stemcell wants a root disk of {size} GiB: EBS has {LARGEST_GIB} GiB at most, see 'disk' of the stemcell"
            ))),
            size => Ok(size),
        }
    }
}

fn virtualization(properties: &Properties) -> Result<Virtualization, Failure> {
    let name = properties.text("virtualization_type")?.unwrap_or_else(|| "hvm".to_owned());
    if name == "paravirtual" {
        let root_device = properties.text("root_device_name")?;
        return Ok(Virtualization::Paravirtual { root_device, kernel: properties.text("kernel_id")? });
    }
    let boot_mode = properties.text("boot_mode")?.unwrap_or_else(|| "legacy-bios".to_owned());
    if !BOOT_MODES.contains(&boot_mode.as_str()) {
        let modes = BOOT_MODES.join(", ");
        return Err(Failure::rejected(format!("'boot_mode' of the stemcell is '{boot_mode}': use one of {modes}")));
    }
    Ok(Virtualization::Hvm { name, boot_mode })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn parse(json: &str) -> Result<HeavyStemcell, Failure> {
        HeavyStemcell::parse(json, &testing::settings(r#"{"stemcell": {"architecture": "arm64"}}"#))
    }

    #[test]
    fn defaults_and_what_the_operator_lays_over_them() {
        let stemcell = parse(r#"{"name": "ubuntu", "version": 1.2, "architecture": "x86_64"}"#).unwrap();
        assert_eq!(stemcell.description.as_deref(), Some("ubuntu 1.2"));
        assert_eq!(stemcell.architecture.as_deref(), Some("arm64"));
        assert_eq!(stemcell.kind, Virtualization::Hvm { name: "hvm".to_owned(), boot_mode: "legacy-bios".to_owned() });
        assert_eq!(parse(r#"{"name": "ubuntu"}"#).unwrap().description, None);
    }

    #[test]
    fn paravirtual_stemcells_have_no_boot_mode() {
        let given = r#"{"virtualization_type": "paravirtual", "root_device_name": "/dev/sda1", "boot_mode": "x"}"#;
        let root_device = Some("/dev/sda1".to_owned());
        assert_eq!(parse(given).unwrap().kind, Virtualization::Paravirtual { root_device, kernel: None });
        assert!(parse(r#"{"boot_mode": "x"}"#).unwrap_err().message().contains("uefi-preferred"));
    }

    #[test]
    fn the_disk_holds_the_image() {
        let size = |disk: u64, image| parse(&format!(r#"{{"disk": {disk}}}"#)).unwrap().gib(image);
        assert_eq!((size(2049, 1).unwrap(), size(1024, 5 * GIB + 1).unwrap(), size(0, 0).unwrap()), (3, 6, 1));
        assert_eq!(parse("{}").unwrap().gib(1).unwrap(), 2);
        assert!(size(1024, u64::MAX).unwrap_err().message().contains("65536 GiB at most"));
    }
}
