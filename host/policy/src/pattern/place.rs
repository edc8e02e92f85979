use std::fmt;

use url::{Position, Url};

use super::host::{choice, is_label};

/// Where a service is, with the settings filled in: scheme, host and port, and the path under which it lives. What
/// requests choose of it, such as the name of a storage account, stands there in angle brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// In the form of [`url::Origin::ascii_serialization`].
    origin: String,
    /// Whether requests choose a label of it.
    is_chosen: bool,
    /// Without a slash at its end.
    path: String,
}

/// Where a request goes.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
}

/// What a request means at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Below<'a> {
    /// What follows the path under which the service lives.
    pub(crate) path: &'a str,
    /// The storage account, where requests choose one.
    pub(crate) account: Option<&'a str>,
}

const ACCOUNT: &str = "account";
const IN_PATH: &str = "/<account>";

impl Target {
    pub(crate) fn new(url: Url) -> Self {
        Self { url }
    }

    /// Its scheme, host and port, which are compared with those of every place. A user's name, which no URL of a request
    /// has, would stand there too, and be nowhere.
    pub(crate) fn origin(&self) -> &str {
        &self.url[..Position::BeforePath]
    }
}

impl Place {
    /// A host of a manifest, or an operator's endpoint: `{account}` in one stands for what requests choose.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.replace("{account}", "<account>");
        if !text.contains('<') {
            return Some(Self::of(&Url::parse(&text).ok()?));
        }
        let (scheme, rest) = text.split_once("://")?;
        let (host, path) = parted(rest);
        let origin = format!("{scheme}://{host}").to_ascii_lowercase();
        Some(Self { is_chosen: origin.contains('<'), origin, path: path.trim_end_matches('/').to_owned() })
    }

    /// Exactly there.
    pub(crate) fn of(url: &Url) -> Self {
        let path = url.path().trim_end_matches('/').to_owned();
        Self { origin: url.origin().ascii_serialization(), is_chosen: false, path }
    }

    /// Whether a request goes to this scheme, host and port.
    pub(crate) fn has(&self, target: &Target) -> bool {
        self.choices(target.origin()).is_some()
    }

    /// What a request means here; none when it is not for the service.
    pub(crate) fn below<'a>(&self, target: &'a Target) -> Option<Below<'a>> {
        let url = &target.url;
        let by_host = self.choices(target.origin())?;
        let Some(base) = self.path.strip_suffix(IN_PATH) else {
            let account = if by_host { url.host_str()?.split('.').next() } else { None };
            return rooted(url.path().strip_prefix(&self.path)?).map(|path| Below { path, account });
        };
        let rest = url.path().strip_prefix(base)?.strip_prefix('/')?;
        let (account, path) = parted(rest);
        rooted(path).filter(|_| is_account(account)).map(|path| Below { path, account: Some(account) })
    }

    /// Scheme, host and port, for people.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Its URL, if it is one place only.
    pub(crate) fn url(&self) -> Option<Url> {
        Url::parse(&self.to_string()).ok().filter(|_| !self.is_chosen && !self.path.contains('<'))
    }

    /// For an origin that is meant here, whether its first label is an account's name.
    fn choices(&self, origin: &str) -> Option<bool> {
        if !self.is_chosen {
            return (self.origin == origin).then_some(false);
        }
        let (pattern, host) = (self.origin.split_once("://")?, origin.split_once("://")?);
        let (mut mine, mut others) = (pattern.1.split('.'), host.1.split('.'));
        let fits = |label: &str, other: &str| match choice(label) {
            Some(name) if name == ACCOUNT => is_account(other),
            Some(_) => is_label(other),
            None => label == other,
        };
        let same = pattern.0 == host.0
            && mine.by_ref().all(|label| others.next().is_some_and(|other| fits(label, other)))
            && others.next().is_none();
        same.then(|| pattern.1.starts_with("<account>."))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

/// What is before the first slash, and the rest with it.
fn parted(text: &str) -> (&str, &str) {
    text.find('/').and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// A path, unless a segment of another one ends there.
fn rooted(path: &str) -> Option<&str> {
    if path.is_empty() { Some("/") } else { path.starts_with('/').then_some(path) }
}

/// What can be the name of a storage account: it is part of host names and paths.
fn is_account(text: &str) -> bool {
    (3..=24).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = Option<(String, Option<String>)>;

    fn below(place: &str, url: &str) -> Found {
        let (place, target) = (Place::parse(place).unwrap(), Target::new(Url::parse(url).unwrap()));
        let below = place.below(&target)?;
        assert!(place.has(&target));
        Some((below.path.to_owned(), below.account.map(str::to_owned)))
    }

    #[test]
    fn the_account_is_that_of_the_url() {
        let public = "https://<account>.blob.core.example";
        assert_eq!(below(public, "https://mine.blob.core.example/c/b"), Some(("/c/b".into(), Some("mine".into()))));
        let zoned = "https://<account>.<zone>.blob.example";
        assert_eq!(below(zoned, "https://mine.z12.blob.example"), Some(("/".into(), Some("mine".into()))));
        let path = "http://127.0.0.1:10000/base/{account}";
        assert_eq!(below(path, "http://127.0.0.1:10000/base/mine/c/b"), Some(("/c/b".into(), Some("mine".into()))));
        assert_eq!(below(path, "http://127.0.0.1:10000/base/mine"), Some(("/".into(), Some("mine".into()))));
        let host = "https://{account}.blob.private.example:8443";
        assert_eq!(below(host, "https://mine.blob.private.example:8443/c"), Some(("/c".into(), Some("mine".into()))));
        assert_eq!(below("https://a.b/base/", "https://a.b/base/x"), Some(("/x".into(), None)));
        assert_eq!(below("https://EC2.b", "https://ec2.b/"), Some(("/".into(), None)));
    }

    #[test]
    fn nothing_else_is_meant() {
        for (place, url) in [
            ("https://<account>.blob.core.example", "https://mine.blob.core.example.evil/c"),
            ("https://<account>.blob.core.example", "https://a.mine.blob.core.example/c"),
            ("https://<account>.blob.core.example", "https://mine.blob.core.example:8443/c"),
            ("https://<account>.blob.core.example", "http://mine.blob.core.example/c"),
            ("https://<account>.blob.core.example", "https://mine-secondary.blob.core.example/c"),
            ("https://<account>.blob.core.example", "https://x.blob.core.example/c"),
            ("http://127.0.0.1:1/{account}", "http://127.0.0.1:1/"),
            ("http://127.0.0.1:1/{account}", "http://127.0.0.1:1/.mine/c"),
            ("http://127.0.0.1:1/{account}", "http://127.0.0.1:1//c"),
            ("https://a.b/base", "https://a.b/basement"),
        ] {
            assert_eq!(below(place, url), None, "{place} {url}");
        }
    }

    #[test]
    fn only_one_place_has_a_url() {
        assert_eq!(Place::parse("https://a.b/c").unwrap().url().unwrap().as_str(), "https://a.b/c");
        assert!(Place::parse("https://<account>.a.b").unwrap().url().is_none());
        assert!(Place::parse("https://a.b/{account}").unwrap().url().is_none());
    }
}
