use std::collections::BTreeMap;

use cpi_plugin_sdk::{Tag, tags};
use serde::{Deserialize, Serialize};

/// What operators and directors write on things.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tags(BTreeMap<String, String>);

impl Tags {
    /// Adds tags; those that are not named stay. Long ones are cut, as real clouds want it.
    pub(crate) fn add(&mut self, more: &[Tag]) {
        let mut more = more.to_vec();
        tags::cut(&mut more, MOST_KEY_CHARACTERS, MOST_VALUE_CHARACTERS);
        self.0.extend(more.into_iter().map(|Tag { key, value }| (key, value)));
    }
}

impl From<&[Tag]> for Tags {
    fn from(tags: &[Tag]) -> Self {
        let mut all = Self::default();
        all.add(tags);
        all
    }
}

const MOST_KEY_CHARACTERS: usize = 128;
const MOST_VALUE_CHARACTERS: usize = 256;
