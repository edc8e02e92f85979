use std::collections::BTreeMap;
use std::fmt;

use cpi_protocol::Object;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Endpoint, normalise_endpoint};
use crate::pattern::{is_label, replace};
use crate::settings::{text, value};

/// One `[[endpoint]]` block of a manifest: what an endpoint is made of where the operator names none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeEndpoint {
    /// The key of the endpoint, such as `endpoints.management`.
    pub setting: String,
    /// The text that each of these settings must have; an empty one stands for a setting that is not given.
    #[serde(default)]
    pub when: BTreeMap<String, String>,
    /// Its address.
    pub url: Template,
}

/// An address in the domain that a setting names: `https://{prefix|management}.{domain|local.example}`, where `|` parts a
/// setting from what stands for it when it is not given. `<account>` as the first label is what requests choose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(String);

/// The longest name that DNS has.
const LONGEST: usize = 253;

impl MadeEndpoint {
    /// Whether it is meant for these settings.
    pub(crate) fn applies(&self, settings: &Object) -> bool {
        self.when.iter().all(|(key, wanted)| text(settings, key).unwrap_or_default() == wanted)
    }

    /// The endpoint with these settings.
    pub(crate) fn of(&self, settings: &Object) -> Result<Endpoint, String> {
        let mut problem = None;
        let mut is_operators = false;
        let url = replace(&self.url.0, |place| {
            let (key, default) = parted(place);
            let given = given(settings, key).map_err(|wrong| problem = Some(wrong)).ok()?;
            // The last one decides whose domain it is.
            is_operators = given.is_some();
            let name = given.or(default).map(str::to_owned);
            if name.is_none() {
                problem = Some(format!("{key} is missing: {} is made of it", self.setting));
            }
            name
        });
        let url = url.ok_or_else(|| problem.unwrap_or_else(|| format!("{} cannot be made", self.setting)))?;
        let url = normalise_endpoint(&url.replace("<account>", "{account}"))
            .map_err(|wrong| format!("{} {wrong}, as the other settings make it", self.setting))?;
        Ok(Endpoint { url, is_operators })
    }

    /// All settings that say something about it.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &str> {
        self.url.settings().chain(self.when.keys().map(String::as_str))
    }
}

/// `takes https://{domain} for {endpoint} where environment is Private, where the operator names none`.
impl fmt::Display for MadeEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "takes {} for {{{}}}", self.url.0, self.setting)?;
        for (index, (key, wanted)) in self.when.iter().enumerate() {
            let before = if index == 0 { "where" } else { "and" };
            match wanted.as_str() {
                "" => write!(f, " {before} {key} is not given")?,
                wanted => write!(f, " {before} {key} is '{wanted}'")?,
            }
        }
        f.write_str(", where the operator names none")
    }
}

impl Template {
    fn settings(&self) -> impl Iterator<Item = &str> {
        self.0.split('{').skip(1).filter_map(|rest| Some(parted(rest.split_once('}')?.0).0))
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut are_names = true;
        let probe = replace(&text, |place| {
            let (key, default) = parted(place);
            are_names &= !key.is_empty() && default.is_none_or(is_domain);
            Some("x")
        });
        // Each setting is whole labels of the host, so that its first and last one are not the author's.
        let inside = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        let is_whole = text.split('{').rev().skip(1).all(|before| before.ends_with(['.', '/']))
            && inside.clone().all(|(_, after)| after.is_empty() || after.starts_with('.'))
            && text.ends_with('}');
        let probe = probe.map(|probe| probe.replacen("https://<account>.", "https://x.", 1));
        let is_host = probe.is_some_and(|probe| {
            let host = probe.strip_prefix("https://").unwrap_or_default();
            is_domain(host) && Url::parse(&probe).is_ok_and(|url| url.as_str().strip_suffix('/') == Some(&probe))
        });
        if are_names && is_whole && is_host {
            return Ok(Self(text));
        }
        Err(format!(
            "endpoint '{text}' must be https:// and a host in the domain that a setting names, such as \
             https://api.{{domain}} or https://<account>.blob.{{domain|local.example}}"
        ))
    }
}

/// The key of a place in a template, and what stands there when the setting is not given.
fn parted(place: &str) -> (&str, Option<&str>) {
    place.split_once('|').map_or((place, None), |(key, default)| (key, Some(default)))
}

/// A setting that has to be the name of a domain.
fn given<'a>(settings: &'a Object, key: &str) -> Result<Option<&'a str>, String> {
    match value(settings, key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) if name.is_empty() => Ok(None),
        Some(Value::String(name)) if is_domain(name) => Ok(Some(name)),
        Some(_) => Err(format!(
            "{key} must be the name of a domain, such as stack.example: letters, digits, dashes and dots, without a \
             scheme, a port or a path"
        )),
    }
}

/// Whether a text is the name of a domain, or of a part of one, and nothing else of a URL.
pub fn is_domain(text: &str) -> bool {
    text.len() <= LONGEST && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URL: &str = "https://{stack.prefix|management}.{stack.domain|local.example}";

    fn made(url: &str) -> MadeEndpoint {
        let when = [("environment", "Stack"), ("given", "")].map(|(key, text)| (key.to_owned(), text.to_owned()));
        let url = Template::try_from(url.to_owned()).unwrap();
        MadeEndpoint { setting: "endpoints.management".to_owned(), when: when.into(), url }
    }

    fn of(url: &str, stack: &Value) -> Result<(String, bool), String> {
        let settings = json!({"environment": "Stack", "stack": stack});
        let endpoint = made(url).of(settings.as_object().unwrap())?;
        Ok((endpoint.url, endpoint.is_operators))
    }

    #[test]
    fn the_operators_domain_is_the_operators_word_and_a_default_is_not() {
        for (stack, url, is_operators) in [
            (json!({"domain": "corp.example"}), "https://management.corp.example", true),
            (json!({"prefix": "arm.east", "domain": "Corp.Example"}), "https://arm.east.corp.example", true),
            (json!({"prefix": "arm"}), "https://arm.local.example", false),
            (json!({"prefix": null, "domain": ""}), "https://management.local.example", false),
            (json!(null), "https://management.local.example", false),
        ] {
            assert_eq!(of(URL, &stack), Ok((url.to_owned(), is_operators)), "{stack}");
        }
        let storage = of("https://<account>.blob.{stack.domain}", &json!({"domain": "corp.example"}));
        assert_eq!(storage, Ok(("https://{account}.blob.corp.example".to_owned(), true)));
    }

    #[test]
    fn a_setting_is_the_name_of_a_domain_and_nothing_more_of_a_url() {
        for domain in [
            "x@evil.example",
            "evil.example/",
            "evil.example?",
            "evil.example#",
            "evil.example\\",
            "corp.example:8443",
            "https://corp.example",
            ".corp.example",
            "corp.example.",
            "corp..example",
            "{account}.example",
            "<account>",
            "{stack.prefix}",
            "%65vil.example",
            "ex\u{e4}mple.com",
            "a b",
            "a\r\nb",
            "10.0.0.1",
            "1",
        ] {
            for stack in [json!({"domain": domain}), json!({"prefix": domain, "domain": "a.1"})] {
                let problem = of(URL, &stack).unwrap_err();
                assert!(
                    problem.contains("must be the name of a domain") || problem.contains("is not a URL"),
                    "{stack}"
                );
                assert!(!problem.contains("evil"), "a value is not repeated: {problem}");
            }
        }
        assert!(of(URL, &json!({"domain": "a".repeat(64)})).is_err());
        assert!(of(URL, &json!({"domain": "a.".repeat(200) + "example"})).is_err());
        assert!(of(URL, &json!({"domain": 5})).unwrap_err().starts_with("stack.domain must be"));
        let missing = of("https://api.{stack.domain}", &json!({})).unwrap_err();
        assert_eq!(missing, "stack.domain is missing: endpoints.management is made of it");
    }

    #[test]
    fn it_is_for_the_settings_that_it_names() {
        for (settings, applies) in [
            (json!({"environment": "Stack"}), true),
            (json!({"environment": "Stack", "given": null}), true),
            (json!({"environment": "Stack", "given": "x"}), false),
            (json!({"environment": "stack"}), false),
            (json!({"environment": ["Stack"]}), false),
            (json!({}), false),
        ] {
            assert_eq!(made(URL).applies(settings.as_object().unwrap()), applies, "{settings}");
        }
    }

    #[test]
    fn it_lies_in_the_domain_of_a_setting() {
        for url in [
            "https://api.example",
            "https://{domain}.example",
            "https://api{domain}",
            "https://{prefix}api.{domain}",
            "https://{prefix}{domain}",
            "https://{domain}/",
            "https://{domain}:8443",
            "http://api.{domain}",
            "https://u@{domain}",
            "https://api.{domain|evil.example/}",
            "https://api.{}",
            "https://api.{domain",
            "https://*.{domain}",
            "https://API.{domain}",
            "https://<zone>.{domain}",
            "https://a.<account>.{domain}",
            "api.{domain}",
            "",
        ] {
            assert!(Template::try_from(url.to_owned()).is_err(), "{url}");
        }
        for url in ["https://{domain}", "https://a.b.{domain}", "https://<account>.{a}.b.{c|d.e}"] {
            assert!(Template::try_from(url.to_owned()).is_ok(), "{url}");
        }
    }

    #[test]
    fn who_decides_about_it_reads_what_it_takes() {
        assert_eq!(
            made(URL).to_string(),
            "takes https://{stack.prefix|management}.{stack.domain|local.example} for {endpoints.management} \
             where environment is 'Stack' and given is not given, where the operator names none"
        );
        assert_eq!(made(URL).settings().collect::<Vec<_>>(), ["stack.prefix", "stack.domain", "environment", "given"]);
    }
}
