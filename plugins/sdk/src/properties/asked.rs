use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Map, Value};

/// The keys that were asked for, of an object and of those in it: what the plugin knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked(Rc<RefCell<BTreeSet<String>>>);

/// A key that the plugin does not know.
#[derive(Debug, PartialEq)]
pub struct Unknown {
    /// With those of the objects that it is in, such as `root_disk.siz`.
    pub key: String,
    /// The known one that was probably meant.
    pub likely: Option<String>,
}

impl Asked {
    pub(super) fn note(&self, key: String) {
        self.0.borrow_mut().insert(key);
    }

    /// What is in the object, whose keys have this prefix, and was not asked for, each once.
    pub(super) fn unknown(&self, object: &Map<String, Value>, prefix: &str) -> Vec<Unknown> {
        let asked = self.0.borrow();
        let mut keys = BTreeSet::new();
        find(&asked, object, prefix, &mut keys);
        keys.into_iter().map(|key| Unknown { likely: likely(&asked, &key), key }).collect()
    }
}

fn find(asked: &BTreeSet<String>, object: &Map<String, Value>, prefix: &str, unknown: &mut BTreeSet<String>) {
    for (key, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        let key = format!("{prefix}{key}");
        let inner = format!("{key}.");
        if !asked.contains(&key) {
            unknown.insert(key);
        } else if asked.range(inner.clone()..).next().is_some_and(|known| known.starts_with(&inner)) {
            let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            items.iter().filter_map(Value::as_object).for_each(|object| find(asked, object, &inner, unknown));
        }
    }
}

/// An edit away, or one more for every four letters of the key.
fn likely(asked: &BTreeSet<String>, key: &str) -> Option<String> {
    let own = key.rsplit('.').next().unwrap_or(key);
    let most = (own.chars().count() / 4).max(1);
    let near = asked.iter().map(|known| (strsim::osa_distance(known, key), known));
    near.filter(|(edits, _)| *edits <= most).min().map(|(_, known)| known.clone())
}
