use cpi_plugin_sdk::{Tag, tags};

use crate::tags::cut;

/// Description and tags of a snapshot, from the caller's metadata and the device that the disk is attached as. Any key
/// may be missing.
pub(crate) fn describe(metadata: &[Tag], device: Option<&str>) -> (String, Vec<Tag>) {
    let of = |key| tags::get(metadata, key).unwrap_or_default();
    let mut description = format!("{}/{}/{}", of("deployment"), of("job"), of("index"));
    if let Some(name) = device.and_then(|device| device.rsplit('/').next()) {
        description.push('/');
        description.push_str(name);
    }

    let mut all = metadata.to_vec();
    tags::set(&mut all, "director", of("director_name"));
    tags::set(&mut all, "instance_index", of("index"));
    tags::set(&mut all, "instance_name", format!("{}/{}", of("job"), of("instance_id")));
    tags::set(&mut all, "Name", description.as_str());
    if let Some(device) = device {
        tags::set(&mut all, "device", device);
    }
    for key in ["director_name", "index", "job"] {
        tags::take(&mut all, key);
    }
    (description, cut(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(pairs: &[(&str, &str)]) -> Vec<Tag> {
        pairs.iter().map(|(key, value)| Tag { key: (*key).into(), value: (*value).into() }).collect()
    }

    #[test]
    fn of_an_attached_disk() {
        let given = metadata(&[
            ("deployment", "cf"),
            ("job", "router"),
            ("index", "0"),
            ("director_name", "bosh"),
            ("instance_id", "uuid"),
        ]);
        let (description, made) = describe(&given, Some("/dev/sdf"));
        assert_eq!(description, "cf/router/0/sdf");
        let expected = metadata(&[
            ("deployment", "cf"),
            ("instance_id", "uuid"),
            ("director", "bosh"),
            ("instance_index", "0"),
            ("instance_name", "router/uuid"),
            ("Name", "cf/router/0/sdf"),
            ("device", "/dev/sdf"),
        ]);
        assert_eq!(made, expected);
    }

    #[test]
    fn nothing_is_relied_upon() {
        let (description, made) = describe(&[], None);
        assert_eq!(description, "//");
        assert_eq!(tags::get(&made, "device"), None);
    }
}
