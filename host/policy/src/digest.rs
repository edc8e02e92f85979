use std::fmt;

use serde::{Deserialize, Serialize};

/// BLAKE3 of a component as operators write it: `blake3:` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

const START: &str = "blake3:";

impl Digest {
    /// The digest with these hexadecimal digits.
    pub fn of_hex(hex: &str) -> Result<Self, String> {
        Self::try_from(format!("{START}{hex}"))
    }

    /// Its hexadecimal digits.
    pub fn hex(&self) -> &str {
        self.0.strip_prefix(START).unwrap_or_default()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match text.strip_prefix(START) {
            Some(hex) if hex.len() == 64 && hex.bytes().all(digit) => Ok(Self(text)),
            _ => Err(format!(
                "'{text}' is not a digest: write {START} and the 64 digits that `cpi-host plugin inspect` prints"
            )),
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_in_one_way() {
        let hex = "0f".repeat(32);
        assert_eq!(Digest::try_from(format!("blake3:{hex}")).unwrap().hex(), hex);
        for text in
            [hex.clone(), format!("sha256:{hex}"), format!("blake3:{}", hex.to_uppercase()), "blake3:".to_owned()]
        {
            assert!(Digest::try_from(text).unwrap_err().contains("is not a digest"));
        }
    }
}
