use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;
use ring::hmac;
use url::Url;
use url::form_urlencoded::Serializer;

use super::shared_key::Account;
use crate::source::CredentialError;

/// How long a service may read what it copies: longer than the call that waits for it.
const LIFE: Duration = Duration::from_hours(4);
const VERSION: &str = "2018-11-09";

/// The URL of a blob with a signature that lets whoever has it read this blob for a while: a service SAS, of the version
/// that the Ruby CPI makes.
pub(crate) fn readable(account: &Account<'_>, url: &Url, path: &str, now: SystemTime) -> Result<Url, CredentialError> {
    if url.query().is_some() {
        return Err(CredentialError::Request("the URL of the blob to copy must not have a query".to_owned()));
    }
    // Microseconds are not allowed here.
    let expires = humantime::format_rfc3339_seconds(now + LIFE).to_string();
    let protocol = if url.scheme() == "https" { "https" } else { "https,http" };
    let key = account.decoded()?;
    let blob = percent_decode_str(path).decode_utf8_lossy();
    let text = text(account.name, &blob, &expires, protocol);
    let signature = BASE64.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes()));
    let fields =
        [("sv", VERSION), ("sr", "b"), ("sp", "r"), ("se", &expires), ("spr", protocol), ("sig", signature.as_str())];
    let mut url = url.clone();
    url.set_query(Some(&Serializer::new(String::new()).extend_pairs(fields).finish()));
    Ok(url)
}

/// What is signed: "Create a service SAS", version 2018-11-09 and later.
fn text(account: &str, blob: &str, expires: &str, protocol: &str) -> String {
    let (permissions, start, identifier, addresses, resource, snapshot) = ("r", "", "", "", "b", "");
    let (cache_control, disposition, encoding, language, content_type) = ("", "", "", "", "");
    let canonical = format!("/blob/{account}{blob}");
    [
        permissions,
        start,
        expires,
        &canonical,
        identifier,
        addresses,
        protocol,
        VERSION,
        resource,
        snapshot,
        cache_control,
        disposition,
        encoding,
        language,
        content_type,
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_its_fifteen_lines_and_the_url_all_fields() {
        assert_eq!(
            text("mine", "/stemcell/a b.vhd", "2026-01-01T04:00:00Z", "https"),
            "r\n\n2026-01-01T04:00:00Z\n/blob/mine/stemcell/a b.vhd\n\n\nhttps\n2018-11-09\nb\n\n\n\n\n\n"
        );
        let account = Account { name: "mine", key: "a2V5", from: "k" };
        let url = Url::parse("https://mine.blob.core.windows.net/stemcell/x.vhd").unwrap();
        let signed = readable(&account, &url, "/stemcell/x.vhd", SystemTime::UNIX_EPOCH).unwrap();
        let start = "https://mine.blob.core.windows.net/stemcell/x.vhd?sv=2018-11-09&sr=b&sp=r&\
                     se=1970-01-01T04%3A00%3A00Z&spr=https&sig=";
        assert!(signed.as_str().starts_with(start), "{signed}");
        let with_query = Url::parse("https://mine.blob.core.windows.net/c/b?snapshot=1").unwrap();
        assert!(readable(&account, &with_query, "/c/b", SystemTime::UNIX_EPOCH).is_err());
    }
}
