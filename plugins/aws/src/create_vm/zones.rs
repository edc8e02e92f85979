use cpi_plugin_sdk::Failure;

/// A subnet as EC2 describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subnet {
    pub id: String,
    pub zone: String,
    pub vpc: String,
}

/// All interfaces of a VM are in one zone.
pub(crate) fn of_subnets(subnets: &[&Subnet]) -> Result<String, Failure> {
    let mut zones: Vec<&str> = Vec::new();
    for subnet in subnets {
        if !zones.contains(&subnet.zone.as_str()) {
            zones.push(&subnet.zone);
        }
    }
    match zones.as_slice() {
        [zone] => Ok((*zone).to_owned()),
        _ => Err(Failure::rejected(format!(
            "All nic groups must be in the same availability zone. Found subnets in zones: {}",
            zones.join(", ")
        ))),
    }
}

/// The interfaces, the VM and its disks have to be in one zone.
pub(crate) fn common(subnet: &str, vm: &str, volumes: &[String]) -> Result<(), Failure> {
    if subnet == vm && volumes.iter().all(|zone| zone == vm) {
        return Ok(());
    }
    let volumes = match volumes {
        [] => String::new(),
        zones => format!(", and volume in {}", zones.join(", ")),
    };
    Err(Failure::rejected(format!("can't use multiple availability zones: subnet in {subnet}, VM in {vm}{volumes}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(zone: &str) -> Subnet {
        Subnet { id: "s".into(), zone: zone.into(), vpc: "v".into() }
    }

    #[test]
    fn subnets_in_one_zone() {
        assert_eq!(of_subnets(&[&subnet("a"), &subnet("a")]).unwrap(), "a");
        assert_eq!(
            of_subnets(&[&subnet("a"), &subnet("b")]).unwrap_err().message(),
            "All nic groups must be in the same availability zone. Found subnets in zones: a, b"
        );
    }

    #[test]
    fn everything_in_one_zone() {
        assert!(common("a", "a", &["a".into()]).is_ok());
        assert_eq!(
            common("a", "b", &[]).unwrap_err().message(),
            "can't use multiple availability zones: subnet in a, VM in b"
        );
        assert_eq!(
            common("a", "a", &["a".into(), "c".into()]).unwrap_err().message(),
            "can't use multiple availability zones: subnet in a, VM in a, and volume in a, c"
        );
    }
}
