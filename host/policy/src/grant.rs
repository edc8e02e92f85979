use std::net::SocketAddr;

use url::{Host, Url};

use crate::action::{self, NoAction};
use crate::manifest::{Actions, HttpAsk};
use crate::pattern::{PathPattern, fill};
use crate::{AddressRule, Egress, Limits, LimitsPatch, Manifest, Method, Outgoing, Placement, Retry, Settings};

mod denial;
mod headers;
mod target;

pub use denial::Denial;

/// What one call of a plugin may do: manifest, operator and built-in denials taken together.
#[derive(Debug, Clone)]
pub struct Grant {
    plugin: String,
    rules: Vec<Rule>,
    placements: Vec<Placement>,
    limits: Limits,
    retry: Retry,
}

/// One kind of request that is allowed.
#[derive(Debug, Clone)]
struct Rule {
    /// Scheme, host, port, and the path under which the service lives, without a slash at its end.
    base: Url,
    addresses: AddressRule,
    methods: Vec<Method>,
    paths: Vec<PathPattern>,
    signing: Option<Signing>,
    actions: Option<Actions>,
}

/// What a request is signed for. Plugins cannot choose any of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// Credential of the manifest.
    pub credential: String,
    /// Service and region, for the scheme `sigv4`.
    pub scope: Option<Scope>,
}

/// What a signature of AWS is valid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Service name.
    pub service: String,
    /// Region; empty when the setting that the manifest names is missing.
    pub region: String,
}

/// A request that the grant allows. Only [`Grant::check`] makes one.
#[derive(Debug)]
pub struct Permit {
    request: Outgoing,
    url: Url,
    addresses: AddressRule,
    signing: Option<Signing>,
    action: Option<String>,
    placement: Option<Placement>,
}

impl Grant {
    /// Computes what is allowed.
    pub fn new(manifest: &Manifest, settings: &Settings, egress: &Egress, limits: &LimitsPatch) -> Self {
        Self {
            plugin: manifest.plugin.name.clone(),
            rules: manifest.http.iter().flat_map(|ask| Rule::of(ask, settings, egress)).collect(),
            placements: manifest.agents.place.clone(),
            limits: Limits::new(&manifest.limits, limits),
            retry: Retry::new(&manifest.retry, &settings.readable),
        }
    }

    /// The limits of this call.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// When a request is sent again.
    pub fn retry(&self) -> &Retry {
        &self.retry
    }

    /// Turns a request into one that may be sent, or says why it may not.
    pub fn check(&self, request: Outgoing) -> Result<Permit, Denial> {
        let url = target::parse(&request.url)?;
        headers::check(&request)?;
        if request.body.len() > self.limits.request {
            return Err(Denial::BodyTooLarge { bytes: request.body.len(), limit: self.limits.request });
        }
        let mut here = self.rules.iter().filter(|rule| rule.base.origin() == url.origin()).peekable();
        if here.peek().is_none() {
            return Err(Denial::Host {
                plugin: self.plugin.clone(),
                origin: url.origin().ascii_serialization(),
                granted: self.origins(),
            });
        }
        let mut closest: Option<Denial> = None;
        for rule in here {
            match rule.check(&request, &url) {
                Ok(action) => return Ok(self.permit(rule, request, url, action)),
                // Of several rules for one host, the one that went furthest is the one that was meant.
                Err(denial) if closest.as_ref().is_none_or(|other| denial.depth() > other.depth()) => {
                    closest = Some(denial);
                }
                Err(_) => {}
            }
        }
        // The loop ran at least once, so there is a denial.
        Err(closest.unwrap_or(Denial::Method { method: request.method.name(), url: request.url }))
    }

    /// Where requests may go with these settings, each place once.
    fn origins(&self) -> Vec<String> {
        let mut origins: Vec<_> = self.rules.iter().map(|rule| rule.base.origin().ascii_serialization()).collect();
        origins.sort();
        origins.dedup();
        origins
    }

    fn permit(&self, rule: &Rule, request: Outgoing, url: Url, action: Option<String>) -> Permit {
        // What is sealed goes only where the operator's credential goes.
        let place = |_| self.placements.iter().find(|place| Some(&place.action) == action.as_ref());
        let placement = rule.signing.as_ref().and_then(place).cloned();
        Permit { request, url, addresses: rule.addresses.clone(), signing: rule.signing.clone(), action, placement }
    }
}

impl Rule {
    /// An operator's endpoint takes the place of the hosts in the manifest and may have any address.
    fn of(ask: &HttpAsk, settings: &Settings, egress: &Egress) -> Vec<Self> {
        let readable = &settings.readable;
        let endpoint = ask.endpoint.as_ref().and_then(|key| readable.get(key)).and_then(|value| value.as_str());
        let (bases, addresses) = if let Some(endpoint) = endpoint {
            (vec![endpoint.to_owned()], AddressRule::Any)
        } else {
            let hosts = ask.hosts.iter().filter_map(|host| host.fill(readable)).collect();
            (hosts, AddressRule::Public(egress.allow_private.clone()))
        };
        let scope = ask.sign.as_ref().map(|sign| Scope {
            service: sign.service.clone(),
            region: fill(&sign.region, readable).unwrap_or_default(),
        });
        let signing = ask.credential.clone().map(|credential| Signing { credential, scope });
        bases
            .iter()
            .filter_map(|base| Url::parse(base).ok())
            .map(|base| Self {
                base,
                addresses: addresses.clone(),
                methods: ask.methods.clone(),
                paths: ask.paths.clone(),
                signing: signing.clone(),
                actions: ask.actions.clone(),
            })
            .collect()
    }

    fn check(&self, request: &Outgoing, url: &Url) -> Result<Option<String>, Denial> {
        let path = below(self.base.path(), url.path());
        if !path.is_some_and(|path| self.paths.iter().any(|pattern| pattern.matches(path))) {
            return Err(Denial::Path { url: url.to_string() });
        }
        if !self.methods.contains(&request.method) {
            return Err(Denial::Method { method: request.method.name(), url: url.to_string() });
        }
        let wanted = self.signing.as_ref().map(|signing| signing.credential.as_str());
        if request.credential.as_deref() != wanted {
            return Err(Denial::Credential {
                url: url.to_string(),
                asked: request.credential.clone(),
                granted: wanted.map(str::to_owned),
            });
        }
        if let Some(address) = literal(url).filter(|address| !self.addresses.allows(*address)) {
            return Err(Denial::Address { host: url.host_str().unwrap_or_default().to_owned(), address });
        }
        self.actions.as_ref().map(|actions| check_action(actions, request, url)).transpose()
    }
}

/// What follows the path under which a service lives.
fn below<'a>(base: &str, path: &'a str) -> Option<&'a str> {
    match path.strip_prefix(base.trim_end_matches('/'))? {
        "" => Some("/"),
        rest => rest.starts_with('/').then_some(rest),
    }
}

fn check_action(actions: &Actions, request: &Outgoing, url: &Url) -> Result<String, Denial> {
    let content_type = headers::single(request, "content-type");
    match action::of_form(&actions.form, content_type, url.query(), &request.body) {
        Ok(action) if actions.allow.contains(&action) => Ok(action),
        Ok(action) => {
            Err(Denial::Action { field: actions.form.clone(), problem: format!("'{action}' is not granted") })
        }
        Err(problem) => Err(Denial::Action {
            field: actions.form.clone(),
            problem: match problem {
                NoAction::NotAForm => "the body is not a form",
                NoAction::InQuery => "the URL has a query, where it could stand as well",
                NoAction::Missing => "it is missing",
                NoAction::Ambiguous => "it is there more than once or in another spelling",
            }
            .to_owned(),
        }),
    }
}

/// The address that a URL names without a resolver.
fn literal(url: &Url) -> Option<SocketAddr> {
    let port = url.port_or_known_default()?;
    match url.host()? {
        Host::Ipv4(address) => Some((address, port).into()),
        Host::Ipv6(address) => Some((address, port).into()),
        Host::Domain(_) => None,
    }
}

impl Permit {
    /// The request, as the plugin wrote it.
    pub fn request(&self) -> &Outgoing {
        &self.request
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The addresses it may be sent to.
    pub fn addresses(&self) -> &AddressRule {
        &self.addresses
    }

    /// What it is signed for.
    pub fn signing(&self) -> Option<&Signing> {
        self.signing.as_ref()
    }

    /// The API action that it carries.
    pub fn action(&self) -> Option<&str> {
        self.action.as_deref()
    }

    /// The field of its form in which a token stands for the agent's settings.
    pub fn placement(&self) -> Option<&Placement> {
        self.placement.as_ref()
    }
}

#[cfg(test)]
mod tests;
