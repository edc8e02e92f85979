use percent_encoding::percent_decode_str;
use url::Url;

use super::Denial;

/// Longer than any that servers take.
const LONGEST: usize = 16 << 10;

/// Reads a URL, refusing every spelling but the canonical one.
///
/// A URL that parses to something that is not written like it (upper case, default ports, dot segments, tabs,
/// back-slashes, numbers for addresses, look-alike letters) is one that another parser may read in another way.
pub(super) fn parse(text: &str) -> Result<Url, Denial> {
    let wrong = |problem: String| Denial::Url { url: text.chars().take(200).collect(), problem };
    if text.len() > LONGEST {
        return Err(wrong(format!("has {} bytes, more than the {LONGEST} that a URL may have", text.len())));
    }
    let url = Url::parse(text).map_err(|error| wrong(format!("is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("must start with https:// or http://".to_owned()));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("has no host".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(wrong("must have neither a user name nor a fragment".to_owned()));
    }
    if url.port() == Some(0) {
        return Err(wrong("has port 0".to_owned()));
    }
    let canonical = url.as_str();
    if canonical != text && canonical.strip_suffix('/') != Some(text) {
        return Err(wrong(format!("must be written '{}'", canonical.chars().take(200).collect::<String>())));
    }
    if is_ambiguous(url.path()) {
        return Err(wrong("has a path that services read in different ways".to_owned()));
    }
    if url.host_str().is_some_and(|host| host.ends_with('.')) {
        return Err(wrong("has a host with a dot at its end".to_owned()));
    }
    Ok(url)
}

/// Whether decoding the path once more, or splitting it elsewhere, would make another path of it.
fn is_ambiguous(path: &str) -> bool {
    const ODD: [&str; 5] = ["%25", "%2e", "%2f", "%3b", "%5c"];
    if path.contains("//") || path.contains(';') {
        return true;
    }
    let Ok(decoded) = percent_decode_str(path).decode_utf8() else { return true };
    let has_odd = |lower: String| ODD.iter().any(|odd| lower.contains(odd));
    decoded.bytes().any(|byte| byte.is_ascii_control()) || (path.contains('%') && has_odd(path.to_ascii_lowercase()))
}
