use super::Denial;
use crate::Outgoing;

/// What the host or its HTTP library writes itself, and what makes a server read another request than the one checked.
const OWNED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];

/// What makes a signature, of whichever scheme: a plugin has no secret of its own to sign with. `x-ms-version` is none of
/// it: it says which version of a service a plugin speaks, and is signed like any other header.
const SIGNATURE: &[&str] = &[
    "authorization",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-ms-authorization-auxiliary",
    "x-ms-copy-source-authorization",
    "x-ms-date",
];

/// What has a service read something else, in whosever name.
const SOURCES: &[&str] = &["x-amz-copy-source", "x-ms-copy-source", "x-ms-rename-source"];

/// What servers take; more would be a way round the limit of bodies, and round what libraries can count.
const MOST: usize = 100;
const LARGEST: usize = 64 << 10;

pub(super) fn check(request: &Outgoing) -> Result<(), Denial> {
    let signed = request.credential.is_some();
    let size: usize = request.headers.iter().map(|(name, value)| name.len().saturating_add(value.len())).sum();
    if request.headers.len() > MOST || size > LARGEST {
        let name = format!("{} headers of {size} bytes", request.headers.len());
        return Err(Denial::Header {
            name,
            problem: "are more than the 100 headers and 65536 bytes that a request may have",
        });
    }
    for (name, value) in &request.headers {
        let refuse = |problem| Err(Denial::Header { name: name.chars().take(80).collect(), problem });
        let lower = name.to_ascii_lowercase();
        if !is_token(name) {
            return refuse("is not a header name");
        }
        if !value.bytes().all(|byte| byte == b'\t' || (0x20..0x7f).contains(&byte)) {
            return refuse("has a value with control or non-ASCII characters");
        }
        if OWNED.contains(&lower.as_str()) || ["proxy-", "x-forwarded-"].iter().any(|start| lower.starts_with(start)) {
            return refuse("is written by the host");
        }
        if SIGNATURE.contains(&lower.as_str()) {
            return refuse("is part of the signature, which the host makes");
        }
    }
    if signed && has_signed_query(&request.url) {
        return Err(Denial::SignedQuery);
    }
    Ok(())
}

fn has_signed_query(url: &str) -> bool {
    const FIELDS: [&str; 4] = ["sig", "signature", "awsaccesskeyid", "access_token"];
    url.split_once('?').is_some_and(|(_, query)| {
        url::form_urlencoded::parse(query.as_bytes()).any(|(key, _)| {
            let key = key.to_ascii_lowercase();
            key.starts_with("x-amz-") || FIELDS.contains(&key.as_str())
        })
    })
}

/// The first header that names what a service shall read, and is not the one that is granted.
pub(super) fn stray_source<'a>(request: &'a Outgoing, granted: Option<&str>) -> Option<&'a str> {
    let names = request.headers.iter().map(|(name, _)| name.as_str());
    let mut sources = names.filter(|name| SOURCES.contains(&name.to_ascii_lowercase().as_str()));
    sources.find(|name| granted.is_none_or(|granted| !granted.eq_ignore_ascii_case(name)))
}

/// The value of a header that stands once.
pub(super) fn single<'a>(request: &'a Outgoing, name: &str) -> Option<&'a str> {
    let mut values = request.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Some(value),
        _ => None,
    }
}

fn is_token(name: &str) -> bool {
    (1..=200).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
