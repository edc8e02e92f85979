use cpi_plugin_sdk::{Tag, tags};

use crate::tags::cut;

/// The tags of a VM, with the `Name` that EC2's console shows.
pub(crate) fn tags(metadata: &[Tag]) -> Vec<Tag> {
    let mut all = metadata.to_vec();
    let name = match (tags::take(&mut all, "name"), tags::get(&all, "job"), tags::get(&all, "index")) {
        (Some(name), ..) => Some(name),
        (None, Some(job), Some(index)) => Some(format!("{job}/{index}")),
        _ => tags::get(&all, "compiling").map(|package| format!("compiling/{package}")),
    };
    if let Some(name) = name {
        tags::set(&mut all, "Name", name);
    }
    cut(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let given: Vec<_> =
            pairs.iter().map(|(key, value)| Tag { key: (*key).into(), value: (*value).into() }).collect();
        tags(&given).into_iter().map(|tag| (tag.key, tag.value)).collect()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.into(), value.into())
    }

    #[test]
    fn a_name_moves_to_its_own_key() {
        let tags = named(&[("job", "web"), ("name", "web/uuid"), ("index", "0")]);
        assert_eq!(tags, [pair("job", "web"), pair("index", "0"), pair("Name", "web/uuid")]);
    }

    #[test]
    fn without_a_name_job_and_index_or_the_package_serve() {
        assert!(named(&[("job", "web"), ("index", "3")]).contains(&pair("Name", "web/3")));
        assert!(named(&[("compiling", "ruby")]).contains(&pair("Name", "compiling/ruby")));
        assert_eq!(named(&[("job", "web")]), [pair("job", "web")]);
    }
}
