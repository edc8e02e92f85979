use url::Url;
use url::form_urlencoded::parse;

use super::Signature;
use crate::source::CredentialError;

/// A shared access signature behind the query. A field of it that the request has already is refused: of two values for
/// one field, the service could take the one that was not signed.
pub(crate) fn sign(token: &str, setting: &str, url: &Url) -> Result<Signature, CredentialError> {
    let token = token.strip_prefix('?').unwrap_or(token);
    let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if !is_plain || !parse(token.as_bytes()).any(|(key, value)| key == "sig" && !value.is_empty()) {
        return Err(CredentialError::Settings(format!(
            "{setting} is no shared access signature: it must be text such as sv=…&sig=…"
        )));
    }
    let mine = |wanted: &str| parse(token.as_bytes()).any(|(key, _)| key.eq_ignore_ascii_case(wanted));
    match url.query_pairs().find(|(key, _)| mine(key)) {
        Some((key, _)) => Err(CredentialError::Request(format!(
            "the query of the request has '{key}', which the shared access signature has too"
        ))),
        None => Ok(Signature { query: Some(token.to_owned()), ..Signature::default() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "?sv=2022-11-02&sp=r&sig=a%2Bb%3D";

    #[test]
    fn the_signature_follows_the_query_as_it_is() {
        let url = "https://account.blob.example/c/b?comp=metadata".parse().unwrap();
        assert_eq!(sign(TOKEN, "sas_token", &url).unwrap().query.unwrap(), "sv=2022-11-02&sp=r&sig=a%2Bb%3D");
    }

    #[test]
    fn no_field_stands_there_twice() {
        for query in ["sp=rw", "SP=rw", "comp=x&sv=1"] {
            let url = format!("https://account.blob.example/?{query}").parse().unwrap();
            assert!(sign(TOKEN, "sas_token", &url).err().unwrap().to_string().contains("which the shared access"));
        }
    }

    #[test]
    fn what_is_no_signature_is_refused_without_its_text() {
        let url = "https://account.blob.example/".parse().unwrap();
        for token in ["canary", "sig=", "sv=1&sig=canary#x", "sig=canary x"] {
            let error = sign(token, "sas_token", &url).err().unwrap().to_string();
            assert!(error.contains("sas_token") && !error.contains("canary"), "{error}");
        }
    }
}
