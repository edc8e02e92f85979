use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Bytes that are written down as people read them: as text when they are text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "Readable", from = "Readable")]
pub(crate) struct Bytes(Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Readable {
    Text(String),
    Base64(String),
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(Bytes(bytes): Bytes) -> Self {
        bytes
    }
}

impl From<Bytes> for Readable {
    fn from(Bytes(bytes): Bytes) -> Self {
        String::from_utf8(bytes).map_or_else(|other| Self::Base64(STANDARD.encode(other.as_bytes())), Self::Text)
    }
}

impl From<Readable> for Bytes {
    /// What is no base64 was changed by hand; it stands for itself.
    fn from(readable: Readable) -> Self {
        Self(match readable {
            Readable::Text(text) => text.into_bytes(),
            Readable::Base64(text) => STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        for (bytes, written) in [(b"text".to_vec(), r#"{"text":"text"}"#), (vec![0xff, 0], r#"{"base64":"/wA="}"#)] {
            let text = serde_json::to_string(&Bytes::from(bytes.clone())).unwrap();
            assert_eq!(text, written);
            assert_eq!(Vec::from(serde_json::from_str::<Bytes>(&text).unwrap()), bytes);
        }
    }
}
