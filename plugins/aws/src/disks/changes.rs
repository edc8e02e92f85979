use cpi_plugin_sdk::Failure;

use super::properties::DiskProperties;
use crate::properties::gib;

/// A volume as EC2 describes it.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_field_names, reason = "`type` is a keyword")]
pub(crate) struct Volume {
    pub gib: u64,
    pub volume_type: String,
    pub iops: Option<u64>,
    pub throughput: Option<u64>,
    pub encrypted: bool,
    pub kms_key: Option<String>,
    pub attachments: usize,
}

/// What `ModifyVolume` has to change.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Changes {
    pub gib: Option<u64>,
    pub volume_type: Option<String>,
    pub iops: Option<u64>,
    pub throughput: Option<u64>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A larger volume. What only a new volume can have is `NotSupported`, so that the caller copies the data.
    pub(crate) fn resize(disk: &str, volume: &Volume, size_mib: u64) -> Result<Self, Failure> {
        let wanted = gib(size_mib);
        if wanted == volume.gib {
            return Ok(Self::default());
        }
        if wanted < volume.gib {
            return Err(Failure::not_supported(format!(
                "Cannot resize volume to a smaller size from {} GiB to {wanted} GiB",
                volume.gib
            )));
        }
        if volume.attachments > 0 {
            return Err(Failure::rejected(format!(
                "Cannot resize volume '{disk}' it still has {} attachment(s)",
                volume.attachments
            )));
        }
        Ok(Self { gib: Some(wanted), ..Self::default() })
    }

    /// A volume with other properties.
    pub(crate) fn update(disk: &str, volume: &Volume, size_mib: u64, wanted: &DiskProperties) -> Result<Self, Failure> {
        let refuse = |what: &str| Err(Failure::not_supported(format!("Cannot change {what} of volume '{disk}'")));
        if wanted.encryption.encrypted != volume.encrypted {
            return refuse("the encryption");
        }
        if wanted.encryption.kms_key.as_ref().is_some_and(|key| !is_key(volume.kms_key.as_deref(), key)) {
            return refuse("the key");
        }
        let retyped = wanted.volume_type != volume.volume_type;
        if retyped && [&wanted.volume_type, &volume.volume_type].iter().any(|name| *name == "standard") {
            return refuse("the type from or to 'standard'");
        }
        let other = |wanted: Option<u64>, now: Option<u64>| wanted.filter(|_| wanted != now);
        let changes = Self {
            volume_type: retyped.then(|| wanted.volume_type.clone()),
            iops: other(wanted.iops, volume.iops),
            throughput: other(wanted.throughput, volume.throughput),
            ..Self::resize(disk, volume, size_mib)?
        };
        if !changes.is_empty() && volume.attachments > 0 {
            return Err(Failure::rejected(format!(
                "Cannot update volume '{disk}' it still has {} attachment(s)",
                volume.attachments
            )));
        }
        Ok(changes)
    }
}

/// Whether a volume has this key. EC2 tells its ARN; operators may write only the id at its end.
fn is_key(of_volume: Option<&str>, wanted: &str) -> bool {
    let is_id = |arn: &str| arn.rsplit_once('/').is_some_and(|(_, id)| id == wanted);
    of_volume.is_some_and(|arn| arn == wanted || is_id(arn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn volume() -> Volume {
        Volume {
            gib: 10,
            volume_type: "gp3".into(),
            iops: Some(3000),
            throughput: Some(125),
            encrypted: false,
            kms_key: None,
            attachments: 0,
        }
    }

    fn wanted(json: &str) -> DiskProperties {
        DiskProperties::parse(json, &testing::settings("{}")).unwrap()
    }

    #[test]
    fn sizes_are_compared_in_gibibytes() {
        assert!(Changes::resize("v", &volume(), 10_240).unwrap().is_empty());
        assert!(Changes::resize("v", &volume(), 9_300).unwrap().is_empty());
        assert_eq!(Changes::resize("v", &volume(), 10_241).unwrap().gib, Some(11));
    }

    #[test]
    fn shrinking_is_left_to_copying() {
        assert_eq!(
            Changes::resize("v", &volume(), 5120).unwrap_err(),
            Failure::not_supported("Cannot resize volume to a smaller size from 10 GiB to 5 GiB")
        );
    }

    #[test]
    fn attached_volumes_are_refused_unless_nothing_changes() {
        let attached = Volume { attachments: 1, ..volume() };
        assert_eq!(
            Changes::resize("v", &attached, 20_480).unwrap_err(),
            Failure::rejected("Cannot resize volume 'v' it still has 1 attachment(s)")
        );
        assert!(Changes::resize("v", &attached, 10_240).is_ok());
        assert!(matches!(
            Changes::update("v", &attached, 10_240, &wanted(r#"{"iops": 4000}"#)),
            Err(Failure::Rejected(_))
        ));
    }

    #[test]
    fn updates_change_only_what_differs() {
        let changes = Changes::update("v", &volume(), 20_480, &wanted(r#"{"type": "io2", "iops": 4000}"#)).unwrap();
        let expected = Changes { gib: Some(20), volume_type: Some("io2".into()), iops: Some(4000), throughput: None };
        assert_eq!(changes, expected);
        assert!(Changes::update("v", &volume(), 10_240, &wanted(r#"{"iops": 3000}"#)).unwrap().is_empty());
    }

    #[test]
    fn a_key_is_known_by_its_arn_and_by_its_id() {
        let volume = Volume { encrypted: true, kms_key: Some("arn:aws:kms:r:1:key/k-1".into()), ..volume() };
        let with = |key: &str| {
            Changes::update("v", &volume, 10_240, &wanted(&format!(r#"{{"encrypted": true, "kms_key_arn": "{key}"}}"#)))
        };
        assert!(with("arn:aws:kms:r:1:key/k-1").unwrap().is_empty() && with("k-1").unwrap().is_empty());
        assert!(matches!(with("k-2"), Err(Failure::NotSupported(_))));
    }

    #[test]
    fn what_needs_a_new_volume_is_not_supported() {
        for json in [r#"{"encrypted": true}"#, r#"{"type": "standard"}"#] {
            assert!(
                matches!(Changes::update("v", &volume(), 10_240, &wanted(json)), Err(Failure::NotSupported(_))),
                "{json}"
            );
        }
    }
}
