use cpi_plugin_sdk::Failure;

/// A target group that VMs can be registered with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TargetGroup {
    pub name: String,
    pub arn: String,
    pub vpc: Option<String>,
    pub kind: Kind,
}

/// What a target is known by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Instance,
    Ipv4,
    Ipv6,
}

impl Kind {
    /// From the words of the API: target type, and the type of its addresses.
    pub(crate) fn of(name: &str, target: &str, addresses: Option<&str>) -> Result<Self, Failure> {
        match (target, addresses) {
            ("instance", _) => Ok(Self::Instance),
            ("ip", Some("ipv6")) => Ok(Self::Ipv6),
            ("ip", _) => Ok(Self::Ipv4),
            (other, _) => Err(Failure::rejected(format!(
                "target group '{name}' has targets of type '{other}': a VM can only be registered where the type is \
                 'instance' or 'ip'"
            ))),
        }
    }
}

impl TargetGroup {
    /// Instances are taken from the group's own VPC only; addresses may come from elsewhere.
    pub(crate) fn check_vpc(&self, vpc: &str) -> Result<(), Failure> {
        match &self.vpc {
            Some(own) if self.kind == Kind::Instance && own != vpc => Err(Failure::rejected(format!(
                "target group '{}' is for instances of VPC '{own}', and the networks of the VM are in VPC '{vpc}'",
                self.name
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_targets() {
        assert_eq!(Kind::of("g", "instance", Some("ipv6")).unwrap(), Kind::Instance);
        assert_eq!(Kind::of("g", "ip", Some("ipv4")).unwrap(), Kind::Ipv4);
        assert_eq!(Kind::of("g", "ip", None).unwrap(), Kind::Ipv4);
        assert_eq!(Kind::of("g", "ip", Some("ipv6")).unwrap(), Kind::Ipv6);
        assert!(Kind::of("g", "lambda", None).unwrap_err().message().starts_with("target group 'g' has"));
    }

    #[test]
    fn instances_stay_in_the_vpc() {
        let group = |kind| TargetGroup { name: "g".into(), arn: "arn".into(), vpc: Some("vpc-1".into()), kind };
        assert!(group(Kind::Instance).check_vpc("vpc-1").is_ok());
        assert!(group(Kind::Instance).check_vpc("vpc-2").unwrap_err().message().contains("VPC 'vpc-1'"));
        assert!(group(Kind::Ipv4).check_vpc("vpc-2").is_ok());
        assert!(TargetGroup { vpc: None, ..group(Kind::Instance) }.check_vpc("vpc-2").is_ok());
    }
}
