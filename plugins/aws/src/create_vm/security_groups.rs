use cpi_plugin_sdk::{Failure, Network};

use crate::properties::Properties;
use crate::settings::Settings;

/// The groups of every interface, ids and names: the VM's, or else the union of all networks', or else the default.
pub(crate) fn wanted(own: &[String], networks: &[Network], settings: &Settings) -> Result<Vec<String>, Failure> {
    let mut union = Vec::new();
    for network in networks {
        union.extend(Properties::parse(&network.cloud_properties)?.strings("security_groups")?);
    }
    union.sort();
    union.dedup();
    let levels = [own, &union, &settings.default_security_groups];
    levels.into_iter().find(|groups| !groups.is_empty()).map(<[String]>::to_vec).ok_or_else(|| {
        Failure::rejected(
            "Missing security groups. See http://bosh.io/docs/aws-cpi.html for the list of supported properties.",
        )
    })
}

/// Those whose ids have to be found.
pub(crate) fn names(groups: &[String]) -> impl Iterator<Item = &str> {
    groups.iter().map(String::as_str).filter(|group| !is_id(group))
}

/// Ids in place of names; `known` has ids and names of groups of a VPC, all with these names at least.
pub(crate) fn resolve(groups: &[String], known: &[(String, String)]) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for group in groups {
        let id = if is_id(group) { group.clone() } else { by_name(group, known)? };
        // EC2 takes no group twice, and one may be given by its name and by its id.
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn by_name(name: &str, known: &[(String, String)]) -> Result<String, Failure> {
    let ids: Vec<&str> = known.iter().filter(|(_, known)| known == name).map(|(id, _)| id.as_str()).collect();
    match ids.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => Err(Failure::rejected(format!("Security group not found with name '{name}'"))),
        several => Err(Failure::rejected(format!(
            "Found multiple matching security groups with name '{name}': {}",
            several.join(", ")
        ))),
    }
}

/// Ids have 8 or 17 hexadecimal digits; `sg-production` is a name.
fn is_id(group: &str) -> bool {
    group.strip_prefix("sg-").is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn network(groups: &str) -> Network {
        Network {
            cloud_properties: format!(r#"{{"security_groups": {groups}}}"#),
            ..testing::manual("n", "10.0.0.1", "s")
        }
    }

    #[test]
    fn the_first_level_that_names_any_wins_whole() {
        let settings = testing::settings(r#"{"default_security_groups": ["d"]}"#);
        let networks = [network(r#"["z", "a"]"#), network("\"a\"")];
        assert_eq!(wanted(&list(&["own"]), &networks, &settings).unwrap(), ["own"]);
        assert_eq!(wanted(&[], &networks, &settings).unwrap(), ["a", "z"]);
        assert_eq!(wanted(&[], &[network("[]")], &settings).unwrap(), ["d"]);
        let none = wanted(&[], &[], &testing::settings("{}")).unwrap_err();
        assert!(none.message().starts_with("Missing security groups."));
    }

    #[test]
    fn ids_and_names_mix() {
        let known = [("sg-1".to_owned(), "web".to_owned()), ("sg-2".into(), "db".into()), ("sg-3".into(), "db".into())];
        let id = "sg-0123456789abcdef0";
        assert_eq!(resolve(&list(&["web", id]), &known).unwrap(), ["sg-1", id]);
        let twice = [(id.to_owned(), "web".to_owned())];
        assert_eq!(resolve(&list(&["web", id, "web"]), &twice).unwrap(), [id]);
        assert_eq!(
            resolve(&list(&["db"]), &known).unwrap_err().message(),
            "Found multiple matching security groups with name 'db': sg-2, sg-3"
        );
        assert_eq!(resolve(&list(&["x"]), &known).unwrap_err().message(), "Security group not found with name 'x'");
    }

    #[test]
    fn names_may_look_like_ids() {
        let given = list(&["sg-production", "sg-00000000", "web"]);
        assert!(names(&given).eq(["sg-production", "web"]));
    }
}
