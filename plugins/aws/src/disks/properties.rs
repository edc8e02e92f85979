use cpi_plugin_sdk::{Failure, Tag};

use crate::encryption::Encryption;
use crate::properties::Properties;
use crate::settings::Settings;
use crate::tags;
use crate::volume_speed;

/// A persistent disk as the operator wants it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DiskProperties {
    pub volume_type: String,
    pub iops: Option<u64>,
    pub throughput: Option<u64>,
    pub encryption: Encryption,
    pub tags: Vec<Tag>,
}

impl DiskProperties {
    pub(crate) fn parse(json: &str, settings: &Settings) -> Result<Self, Failure> {
        let properties = Properties::parse(json)?;
        let volume_type = properties.text("type")?.unwrap_or_else(|| "gp3".into());
        let (iops, throughput) = (properties.number("iops")?, properties.number("throughput")?);
        volume_speed::check("", &volume_type, iops, throughput)?;
        let wanted = Self {
            volume_type,
            iops,
            throughput,
            encryption: Encryption::of(&properties, settings)?,
            tags: tags::cut(properties.tags()?),
        };
        properties.tell_unknown("the disk");
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn defaults_and_values() {
        let plain = DiskProperties::parse("{}", &testing::settings("{}")).unwrap();
        assert_eq!((plain.volume_type.as_str(), plain.iops, plain.encryption.encrypted), ("gp3", None, false));
        let rich = DiskProperties::parse(
            r#"{"type": "io1", "iops": 500, "encrypted": true, "tags": {"a": 1}}"#,
            &testing::settings("{}"),
        )
        .unwrap();
        assert_eq!((rich.volume_type.as_str(), rich.iops, rich.tags.len()), ("io1", Some(500), 1));
    }
}
