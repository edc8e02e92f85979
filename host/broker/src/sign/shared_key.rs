use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cpi_policy::Outgoing;
use ring::hmac;
use url::Url;

use super::Signature;
use crate::source::CredentialError;

/// Which of the two texts is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For blobs, queues and files.
    Full,
    /// For tables, whose requests carry what the other text needs in other places.
    Lite,
}

/// An account of Azure's storage.
pub(crate) struct Account<'a> {
    pub(crate) name: &'a str,
    /// In base64.
    pub(crate) key: &'a str,
    /// Where the key comes from, for messages.
    pub(crate) from: &'a str,
}

impl Account<'_> {
    pub(super) fn decoded(&self) -> Result<Vec<u8>, CredentialError> {
        BASE64.decode(self.key.trim()).map_err(|_| {
            CredentialError::Settings(format!("{} is no key of a storage account: it must be base64", self.from))
        })
    }
}

/// A signature with the key of a storage account.
pub(crate) fn sign(
    kind: Kind,
    account: &Account<'_>,
    request: &Outgoing,
    url: &Url,
    body: &[u8],
) -> Result<Signature, CredentialError> {
    let key = account.decoded()?;
    let date = httpdate::fmt_http_date(SystemTime::now());
    let (scheme, text) = match kind {
        Kind::Full => ("SharedKey", full(account.name, request, url, body.len(), &date)),
        Kind::Lite => ("SharedKeyLite", lite(account.name, url, &date)),
    };
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes());
    Ok(Signature::headers(vec![
        ("x-ms-date".to_owned(), date),
        ("authorization".to_owned(), format!("{scheme} {}:{}", account.name, BASE64.encode(tag))),
    ]))
}

/// Method, the headers that change what a request means, and the resource with its whole query.
fn full(account: &str, request: &Outgoing, url: &Url, length: usize, date: &str) -> String {
    const SIGNED: [&str; 11] = [
        "content-encoding",
        "content-language",
        "content-length",
        "content-md5",
        "content-type",
        "date",
        "if-modified-since",
        "if-match",
        "if-none-match",
        "if-unmodified-since",
        "range",
    ];
    let header = |name: &str| {
        let found = request.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.trim())
    };
    // An empty body has no length here, since version 2015-02-21.
    let length = if length == 0 { String::new() } else { length.to_string() };
    let mut text = format!("{}\n", request.method.name());
    for name in SIGNED {
        text.push_str(if name == "content-length" { &length } else { header(name) });
        text.push('\n');
    }
    let mut own: BTreeMap<String, Vec<String>> = BTreeMap::from([("x-ms-date".to_owned(), vec![date.to_owned()])]);
    for (name, value) in &request.headers {
        let name = name.to_ascii_lowercase();
        if name.starts_with("x-ms-") {
            let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            own.entry(name).or_default().push(value);
        }
    }
    for (name, values) in own {
        text.extend([&name, ":", &values.join(","), "\n"]);
    }
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in url.query_pairs() {
        query.entry(key.to_lowercase()).or_default().push(value.into_owned());
    }
    text.extend(["/", account, url.path()]);
    for (key, mut values) in query {
        values.sort();
        text.extend(["\n", &key, ":", &values.join(",")]);
    }
    text
}

/// Date and resource.
fn lite(account: &str, url: &Url, date: &str) -> String {
    let comp = url.query_pairs().find(|(key, _)| key == "comp");
    let comp = comp.map(|(_, value)| format!("?comp={value}")).unwrap_or_default();
    format!("{date}\n/{account}{}{comp}", url.path())
}

#[cfg(test)]
mod tests {
    use cpi_policy::Method;

    use super::*;

    const DATE: &str = "Fri, 26 Jun 2015 23:39:12 GMT";

    fn request(method: Method, headers: &[(&str, &str)]) -> Outgoing {
        Outgoing {
            method,
            url: String::new(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: Vec::new(),
            credential: None,
            timeout_ms: None,
        }
    }

    /// The example of the documentation of Azure's storage, "Authorize with Shared Key".
    #[test]
    fn the_text_of_a_container_s_metadata_is_the_documented_one() {
        let url = "https://myaccount.blob.core.windows.net/mycontainer?restype=container&comp=metadata&timeout=20";
        let text =
            full("myaccount", &request(Method::Get, &[("x-ms-version", "2015-02-21")]), &url.parse().unwrap(), 0, DATE);
        assert_eq!(
            text,
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n\
             /myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
        );
    }

    #[test]
    fn headers_and_queries_have_one_form() {
        let headers = [
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("X-MS-Meta-B", "  two   words "),
            ("x-ms-blob-type", "BlockBlob"),
            ("If-Match", "*"),
        ];
        let url = "https://a.blob.core.windows.net/c/b%20c?Include=z&include=a%2Cb&x=%C3%A4".parse().unwrap();
        let text = full("a", &request(Method::Put, &headers), &url, 11, DATE);
        assert_eq!(
            text,
            format!(
                "PUT\n\n\n11\n\ntext/plain; charset=UTF-8\n\n\n*\n\n\n\nx-ms-blob-type:BlockBlob\nx-ms-date:{DATE}\n\
                 x-ms-meta-b:two words\n/a/c/b%20c\ninclude:a,b,z\nx:ä"
            )
        );
    }

    /// The resource of the documentation's example, and one with `comp`.
    #[test]
    fn the_text_of_a_table_is_the_documented_one() {
        let date = "Sun, 20 Sep 2009 20:36:40 GMT";
        let url = "https://testaccount1.table.core.windows.net/Tables?$top=1".parse().unwrap();
        assert_eq!(lite("testaccount1", &url, date), "Sun, 20 Sep 2009 20:36:40 GMT\n/testaccount1/Tables");
        let url = "https://testaccount1.table.core.windows.net/?restype=service&comp=properties".parse().unwrap();
        assert_eq!(lite("testaccount1", &url, date), format!("{date}\n/testaccount1/?comp=properties"));
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_its_text() {
        let account = Account { name: "a", key: "canary!", from: "storage_access_key" };
        let url = "https://a.blob.core.windows.net/".parse().unwrap();
        let error = sign(Kind::Full, &account, &request(Method::Get, &[]), &url, &[]).err().unwrap().to_string();
        assert!(error.contains("storage_access_key") && !error.contains("canary"), "{error}");
    }
}
