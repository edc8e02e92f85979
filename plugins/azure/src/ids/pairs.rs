use std::collections::BTreeMap;
use std::fmt;

use cpi_plugin_sdk::Failure;

/// An identifier as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Written {
    /// One text: how the first versions wrote them.
    Plain(String),
    /// `key:value` joined by `;`. Keys that nobody knows are kept.
    Pairs(BTreeMap<String, String>),
}

impl Written {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        if !text.contains(';') {
            return Ok(Self::Plain(text.to_owned()));
        }
        let pair = |item: &str| item.split_once(':').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let pairs: Option<_> = text.split(';').map(pair).collect();
        pairs.map(Self::Pairs).ok_or_else(|| Failure::rejected(format!("Invalid id '{text}': key/value format wrong.")))
    }

    pub(crate) fn of<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        Self::Pairs(pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Pairs(pairs) => {
                let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key}:{value}")).collect();
                f.write_str(&pairs.join(";"))
            }
        }
    }
}

/// The part that must be there, and not be empty.
pub(crate) fn part(pairs: &BTreeMap<String, String>, key: &str, what: &str) -> Result<String, Failure> {
    let value = pairs.get(key).filter(|value| !value.is_empty());
    value.cloned().ok_or_else(|| {
        let text = Written::Pairs(pairs.clone());
        Failure::rejected(format!("Invalid {key} in {what} id (version 2) '{text}'"))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unknown_keys_are_kept_and_keys_are_sorted() {
        assert_eq!(Written::parse("b:2;a:1:x").unwrap().to_string(), "a:1:x;b:2");
        assert!(Written::parse("a:1;b").unwrap_err().message().contains("key/value format wrong."));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(
            pairs in prop::collection::btree_map("[a-z_]{1,20}", "[a-zA-Z0-9_.():-]{0,40}", 2..5),
        ) {
            let written = Written::Pairs(pairs);
            prop_assert_eq!(Written::parse(&written.to_string()).unwrap(), written);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            if let Ok(written) = Written::parse(&text) {
                prop_assert_eq!(Written::parse(&written.to_string()).unwrap(), written);
            }
        }
    }
}
