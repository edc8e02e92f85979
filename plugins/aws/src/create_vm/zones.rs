use cpi_plugin_sdk::Failure;

/// A subnet as EC2 describes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subnet {
    pub id: String,
    pub zone: String,
    pub vpc: String,
}

/// A zone in which the VM can be, with a subnet for each of its interfaces.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub zone: String,
    pub subnets: Vec<Subnet>,
}

/// The places of a VM, the one it shall be in first. Of each interface, `choices` has the name of the network and the
/// subnets that it can be in. A VM follows its volumes into whichever of its zones they are.
pub(crate) fn places(
    zones: &[String],
    choices: &[(&str, Vec<Subnet>)],
    volumes: &[String],
) -> Result<Vec<Place>, Failure> {
    let mut with_volumes = zones.iter().filter(|zone| volumes.iter().all(|volume| volume == *zone)).peekable();
    if with_volumes.peek().is_none() {
        // There is none, and the first says why.
        return zones.first().map(|zone| first_place(zone, choices, volumes)).into_iter().collect();
    }
    let first = zones.first();
    with_volumes
        .map(|zone| if Some(zone) == first { first_place(zone, choices, volumes) } else { other_place(zone, choices) })
        .collect()
}

fn first_place(zone: &str, choices: &[(&str, Vec<Subnet>)], volumes: &[String]) -> Result<Place, Failure> {
    let subnet = |(_, subnets): &(&str, Vec<Subnet>)| in_zone(subnets, zone).or(subnets.first()).cloned();
    let subnets: Vec<_> = choices.iter().filter_map(subnet).collect();
    common(&of_subnets(&subnets)?, zone, volumes)?;
    Ok(Place { zone: zone.to_owned(), subnets })
}

fn other_place(zone: &str, choices: &[(&str, Vec<Subnet>)]) -> Result<Place, Failure> {
    let subnet = |(name, subnets): &(&str, Vec<Subnet>)| {
        in_zone(subnets, zone).cloned().ok_or_else(|| {
            Failure::rejected(format!(
                "'availability_zones' has '{zone}', where network '{name}' has no subnet: name one under 'subnets' of a \
                 dynamic network (a manual network stays where its addresses are)"
            ))
        })
    };
    let subnets = choices.iter().map(subnet).collect::<Result<_, _>>()?;
    Ok(Place { zone: zone.to_owned(), subnets })
}

fn in_zone<'a>(subnets: &'a [Subnet], zone: &str) -> Option<&'a Subnet> {
    subnets.iter().find(|subnet| subnet.zone == zone)
}

/// All interfaces of a VM are in one zone.
fn of_subnets(subnets: &[Subnet]) -> Result<String, Failure> {
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
fn common(subnet: &str, vm: &str, volumes: &[String]) -> Result<(), Failure> {
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
        assert_eq!(of_subnets(&[subnet("a"), subnet("a")]).unwrap(), "a");
        assert_eq!(
            of_subnets(&[subnet("a"), subnet("b")]).unwrap_err().message(),
            "All nic groups must be in the same availability zone. Found subnets in zones: a, b"
        );
    }

    fn zones(wanted: &[&str], choices: &[&[&str]], volumes: &[&str]) -> Result<Vec<String>, Failure> {
        let texts = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
        let choices: Vec<_> =
            choices.iter().map(|zones| ("net", zones.iter().map(|zone| subnet(zone)).collect())).collect();
        let places = places(&texts(wanted), &choices, &texts(volumes))?;
        assert!(places.iter().all(|place| place.subnets.iter().all(|subnet| subnet.zone == place.zone)));
        Ok(places.into_iter().map(|place| place.zone).collect())
    }

    #[test]
    fn each_zone_has_a_subnet_for_every_interface() {
        assert_eq!(zones(&["a", "b"], &[&["b", "a"], &["a", "b"]], &[]).unwrap(), ["a", "b"]);
        let none = zones(&["a", "b"], &[&["a", "b"], &["a"]], &[]).unwrap_err();
        assert!(none.message().starts_with("'availability_zones' has 'b', where network 'net' has no subnet"));
    }

    #[test]
    fn a_vm_follows_its_volumes() {
        assert_eq!(zones(&["a", "b"], &[&["a", "b"]], &["b"]).unwrap(), ["b"]);
        let nowhere = zones(&["a", "b"], &[&["a", "b"]], &["c"]).unwrap_err();
        assert!(nowhere.message().ends_with("VM in a, and volume in c"));
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
