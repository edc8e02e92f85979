use std::fmt;

use serde::{Deserialize, Serialize};

/// A name, or with `*` at the end every name that begins so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamePattern(String);

impl NamePattern {
    pub(crate) fn exact(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.strip_suffix('*').map_or(self.0 == name, |start| name.starts_with(start))
    }
}

impl TryFrom<String> for NamePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.find('*') {
            Some(place) if place + 1 < text.len() => Err(format!("'{text}' may have a '*' at its end only")),
            _ => Ok(Self(text)),
        }
    }
}

impl From<NamePattern> for String {
    fn from(pattern: NamePattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_at_the_end() {
        let pattern = |text: &str| NamePattern::try_from(text.to_owned());
        assert!(pattern("Describe*").unwrap().matches("DescribeVpcs"));
        assert!(!pattern("Describe*").unwrap().matches("describeVpcs"));
        assert!(!pattern("Describe").unwrap().matches("DescribeVpcs"));
        assert!(pattern("*Vpcs").is_err() && pattern("a**").is_err());
    }
}
