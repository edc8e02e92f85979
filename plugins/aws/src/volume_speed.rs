use cpi_plugin_sdk::Failure;

/// Types whose speed follows from their size.
const WITHOUT_IOPS: &[&str] = &["gp2", "sc1", "st1", "standard"];
const NEED_IOPS: &[&str] = &["io1", "io2"];
const WITH_THROUGHPUT: &str = "gp3";

/// Refuses what EC2 would refuse after other things are made; types that are not known are left to EC2. `place` stands
/// before the keys in messages, such as `root_disk.`. See "Amazon EBS volume types" in the EBS user guide.
pub(crate) fn check(place: &str, volume_type: &str, iops: Option<u64>, throughput: Option<u64>) -> Result<(), Failure> {
    let without_iops = WITHOUT_IOPS.contains(&volume_type);
    if let Some(iops) = iops.filter(|_| without_iops) {
        return Err(useless(place, "iops", iops, volume_type, "gp3, io1 or io2"));
    }
    if let Some(throughput) = throughput.filter(|_| without_iops || NEED_IOPS.contains(&volume_type)) {
        return Err(useless(place, "throughput", throughput, volume_type, WITH_THROUGHPUT));
    }
    check_given(place, volume_type, iops)
}

/// Refuses what lacks a speed that EC2 insists on.
pub(crate) fn check_given(place: &str, volume_type: &str, iops: Option<u64>) -> Result<(), Failure> {
    if iops.is_none() && NEED_IOPS.contains(&volume_type) {
        return Err(Failure::rejected(format!("volumes of type '{volume_type}' need '{place}iops'")));
    }
    Ok(())
}

fn useless(place: &str, key: &str, value: u64, volume_type: &str, instead: &str) -> Failure {
    Failure::rejected(format!(
        "'{place}{key}' is {value}, but volumes of type '{volume_type}' have no {key} to set: leave it out, or use {instead}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_type_has_can_be_set() {
        for (name, iops, throughput) in
            [("gp3", Some(4000), Some(300)), ("io2", Some(100), None), ("gp2", None, None), ("new9", Some(1), Some(1))]
        {
            assert_eq!(check("", name, iops, throughput), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_it_lacks_is_named() {
        let refusal = |name, iops, throughput| check("disk.", name, iops, throughput).unwrap_err().message().to_owned();
        assert!(refusal("gp2", Some(100), None).starts_with("'disk.iops' is 100, but volumes of type 'gp2'"));
        assert!(refusal("io1", Some(100), Some(5)).ends_with("leave it out, or use gp3"));
        assert_eq!(refusal("io1", None, None), "volumes of type 'io1' need 'disk.iops'");
    }
}
