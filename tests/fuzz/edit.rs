use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value};

use crate::values;

/// A change somewhere in a document.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    /// The part of the document in which it is, as a JSON pointer.
    part: &'static str,
    place: Index,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    Put(Value),
    Remove,
    /// Once more after itself, in a list.
    Repeat,
    /// Alone in a list.
    InList,
    /// Alone in an object.
    InObject(String),
    Add(String, Value),
    /// What stands at another place.
    Copy(Index),
    /// So many lists around it.
    Bury(usize),
}

pub(crate) fn strategy() -> impl Strategy<Value = Edit> {
    let change = prop_oneof![
        8 => values::strategy().prop_map(Change::Put),
        3 => Just(Change::Remove),
        2 => Just(Change::Repeat),
        1 => Just(Change::InList),
        1 => values::key().prop_map(Change::InObject),
        3 => (values::key(), values::strategy()).prop_map(|(key, value)| Change::Add(key, value)),
        2 => any::<Index>().prop_map(Change::Copy),
        1 => (1_usize..200).prop_map(Change::Bury),
    ];
    // An envelope that is wrong is refused at once: what lies behind is reached with most edits in the arguments.
    let part = prop_oneof![4 => Just("/arguments/"), 1 => Just("/context/"), 1 => Just("")];
    (part, any::<Index>(), change).prop_map(|(part, place, change)| Edit { part, place, change })
}

impl Edit {
    pub(crate) fn apply(self, mut document: Value) -> Value {
        let mut places = places(&document);
        if places.iter().any(|place| place.starts_with(self.part)) {
            places.retain(|place| place.starts_with(self.part));
        }
        let pointer = self.place.get(&places).clone();
        let copied = |from: Index| document.pointer(from.get::<String>(&places)).cloned().unwrap_or_default();
        let change = match self.change {
            Change::Copy(from) => Change::Put(copied(from)),
            change => change,
        };
        match change {
            Change::Remove => remove(&mut document, &pointer),
            Change::Repeat => repeat(&mut document, &pointer),
            change => {
                let value = document.pointer_mut(&pointer).expect("a place of this document");
                change.within(value);
            }
        }
        document
    }
}

impl Change {
    fn within(self, value: &mut Value) {
        match self {
            Self::Put(new) => *value = new,
            Self::InList => *value = Value::from(vec![value.take()]),
            Self::InObject(key) => *value = Map::from_iter([(key, value.take())]).into(),
            Self::Bury(depth) => *value = (0..depth).fold(value.take(), |inner, _| Value::from(vec![inner])),
            Self::Add(key, new) => match value {
                Value::Object(members) => _ = members.insert(key, new),
                Value::Array(items) => items.push(new),
                other => *other = new,
            },
            Self::Remove | Self::Repeat | Self::Copy(_) => {}
        }
    }
}

/// JSON pointers to everything in a document, itself first.
fn places(document: &Value) -> Vec<String> {
    fn walk(value: &Value, pointer: &str, found: &mut Vec<String>) {
        found.push(pointer.to_owned());
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{pointer}/{index}"), found));
            }
            Value::Object(members) => members.iter().for_each(|(key, member)| {
                let key = key.replace('~', "~0").replace('/', "~1");
                walk(member, &format!("{pointer}/{key}"), found);
            }),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(document, "", &mut found);
    found
}

fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        *document = Value::Null;
        return;
    };
    match document.pointer_mut(parent) {
        Some(Value::Array(items)) => _ = items.remove(key.parse().expect("an index")),
        Some(Value::Object(members)) => _ = members.remove(&key.replace("~1", "/").replace("~0", "~")),
        _ => {}
    }
}

fn repeat(document: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Array(items)) = document.pointer_mut(parent) {
        let index: usize = key.parse().expect("an index");
        items.insert(index, items[index].clone());
    }
}
