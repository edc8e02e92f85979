//! The manifest asks for what the plugin uses, no more and no less.

#![expect(clippy::unwrap_used, reason = "a test says more by stopping")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

const BY_PATH: [&str; 2] = ["CompleteSnapshot", "StartSnapshot"];

#[test]
fn every_action_of_the_code_is_in_the_manifest_and_the_other_way_round() {
    let mut used = BTreeSet::new();
    for source in sources(&Path::new(ROOT).join("src")) {
        used.extend(between(&source, "smithy::error(\"", "\""));
    }
    let manifest = fs::read_to_string(Path::new(ROOT).join("plugin.toml")).unwrap();
    let lists = between(&manifest, "allow = [", "]");
    let allowed: BTreeSet<_> =
        lists.iter().flat_map(|list| list.split(',')).map(|name| name.trim().trim_matches('"').to_owned()).collect();
    // Operations of EBS direct are methods and paths.
    BY_PATH.iter().for_each(|operation| assert!(used.remove(*operation), "{operation}"));
    assert_eq!(used, allowed.into_iter().filter(|name| !name.is_empty()).collect());
}

fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![fs::read_to_string(path).unwrap()] })
        .collect()
}

fn between(text: &str, before: &str, after: &str) -> Vec<String> {
    text.split(before).skip(1).filter_map(|rest| Some(rest.split_once(after)?.0.to_owned())).collect()
}
