use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Bytes as people read them: text when they are text.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Bytes {
    Text(String),
    Base64(String),
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|other| Self::Base64(STANDARD.encode(other.as_bytes())), Self::Text)
    }
}

impl From<Bytes> for Vec<u8> {
    /// What is no base64 was changed by hand; it stands for itself.
    fn from(bytes: Bytes) -> Self {
        match bytes {
            Bytes::Text(text) => text.into_bytes(),
            Bytes::Base64(text) => STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        for bytes in [b"text".to_vec(), vec![0xff, 0], Vec::new()] {
            assert_eq!(Vec::from(Bytes::from(bytes.clone())), bytes);
        }
    }
}
