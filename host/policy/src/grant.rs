use std::net::SocketAddr;
use std::sync::Arc;

use cpi_protocol::Object;
use url::{Host, Origin, Url};

use crate::action::{self, NoAction};
use crate::manifest::{Actions, HttpAsk};
use crate::pattern::fill;
use crate::settings;
use crate::{
    AddressRule, AllowedAddress, Egress, HostConfig, HostEntry, HostPattern, Limits, Manifest, Outgoing, Placement,
    Retry, RuleError, Settings,
};

mod denial;
mod headers;
mod operator;
mod reach;
mod target;

pub use denial::Denial;
use operator::Operator;
pub use reach::Reach;

/// What one call of a plugin may do: manifest, operator and built-in denials taken together.
#[derive(Debug, Clone)]
pub struct Grant {
    plugin: String,
    asks: Vec<Arc<HttpAsk>>,
    rules: Vec<Rule>,
    operator: Operator,
    placements: Vec<Placement>,
    agents: bool,
    opened: Vec<AllowedAddress>,
    limits: Limits,
    retry: Retry,
}

/// One kind of request that the manifest asks for.
#[derive(Debug, Clone)]
struct Rule {
    /// The manifest's words for where it goes.
    entry: HostEntry,
    /// Whether the operator leaves this place.
    left: bool,
    /// Scheme, host, port, and the path under which the service lives, without a slash at its end.
    base: Url,
    /// That of the base, which is compared for every request.
    origin: Origin,
    addresses: AddressRule,
    signing: Option<Signing>,
    ask: Arc<HttpAsk>,
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
    carries_image: bool,
}

/// What stands in the body of a request.
#[derive(Debug, Clone, Copy)]
enum Body {
    /// What the plugin wrote.
    Own,
    /// So many bytes of an image, which the host puts there.
    Image(usize),
}

impl Grant {
    /// Computes what is allowed: what the manifest asks for, as far as the operator leaves it.
    pub fn new(manifest: &Manifest, settings: &Settings, host: &HostConfig) -> Result<Self, RuleError> {
        host.rules(&manifest.plugin.name).check(manifest)?;
        let asks = manifest.http.iter().cloned().map(Arc::new).collect();
        Ok(Self::of(manifest, asks, settings, host))
    }

    /// No request at all, for what a plugin says of itself.
    pub fn none(manifest: &Manifest) -> Self {
        Self::of(manifest, Vec::new(), &Settings::default(), &HostConfig::default())
    }

    fn of(manifest: &Manifest, asks: Vec<Arc<HttpAsk>>, settings: &Settings, host: &HostConfig) -> Self {
        let plugin = &manifest.plugin.name;
        let left = host.rules(plugin);
        let agents = left.allow_agents.unwrap_or(true);
        let operator = Operator::new(plugin, left);
        Self {
            plugin: plugin.clone(),
            rules: asks.iter().flat_map(|ask| Rule::of(ask, settings, &host.egress, &operator)).collect(),
            asks,
            operator,
            placements: if agents { manifest.agents.place.clone() } else { Vec::new() },
            agents,
            opened: host.egress.allow_private.clone(),
            limits: Limits::new(&manifest.limits, &host.limits),
            retry: Retry::new(&manifest.retry, &settings.readable),
        }
    }

    /// Whether the plugin may place the settings of agents into its requests.
    pub fn check_agents(&self) -> Result<(), Denial> {
        if self.agents { Ok(()) } else { Err(self.operator.no_agents()) }
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
        self.check_with(request, Body::Own)
    }

    /// The same for a request whose body is to be so many bytes of an image: only some of the manifest's blocks take them.
    pub fn check_image(&self, request: Outgoing, bytes: usize) -> Result<Permit, Denial> {
        self.check_with(request, Body::Image(bytes))
    }

    fn check_with(&self, request: Outgoing, body: Body) -> Result<Permit, Denial> {
        let url = target::parse(&request.url)?;
        headers::check(&request)?;
        let bytes = match body {
            Body::Own => request.body.len(),
            Body::Image(bytes) => bytes,
        };
        if bytes > self.limits.request {
            return Err(Denial::BodyTooLarge { bytes, limit: self.limits.request });
        }
        let origin = url.origin();
        let mut here = self.rules.iter().filter(|rule| rule.origin == origin).peekable();
        if here.peek().is_none() {
            return Err(self.unknown_host(&request, &url));
        }
        let mut closest: Option<Denial> = None;
        for rule in here {
            match rule.check(&request, &url, body, &self.operator) {
                Ok(action) => return Ok(self.permit(rule, request, url, body, action)),
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

    /// The denial of a host that no rule names. Operators may name one as an endpoint, if the request is otherwise
    /// what the manifest asks for there.
    fn unknown_host(&self, request: &Outgoing, url: &Url) -> Denial {
        let origin = url.origin().ascii_serialization();
        let endpoint = self.asks.iter().find_map(|ask| {
            let key = ask.endpoint.clone()?;
            let base = Url::parse(&origin).ok()?;
            let entry = HostEntry::Endpoint(key.clone());
            let left = self.operator.leaves_host(&entry, &base, &Object::new());
            let ask = Arc::clone(ask);
            let addresses = AddressRule::Service(self.opened.clone());
            let signing = ask.signing(&Object::new());
            let rule = Rule { entry, left, origin: base.origin(), base, addresses, signing, ask };
            rule.check(request, url, Body::Own, &self.operator).is_ok().then_some(key)
        });
        Denial::Host { plugin: self.plugin.clone(), origin, granted: self.origins(), endpoint }
    }

    /// Where requests may go with these settings, each place once.
    fn origins(&self) -> Vec<String> {
        let mut origins: Vec<_> = self.rules.iter().map(|rule| rule.origin.ascii_serialization()).collect();
        origins.sort();
        origins.dedup();
        origins
    }

    fn permit(&self, rule: &Rule, request: Outgoing, url: Url, body: Body, action: Option<String>) -> Permit {
        // What is sealed goes only where the operator's credential goes.
        let path = below(rule.base.path(), url.path()).unwrap_or_default();
        let is_here = |place: &&Placement| place.is_in(action.as_deref(), request.method, path);
        let placement = rule.signing.as_ref().and_then(|_| self.placements.iter().find(is_here)).cloned();
        let carries_image = matches!(body, Body::Image(_));
        let (addresses, signing) = (rule.addresses.clone(), rule.signing.clone());
        Permit { request, url, addresses, signing, action, placement, carries_image }
    }
}

impl Rule {
    /// An operator's endpoint takes the place of the hosts in the manifest.
    fn of(ask: &Arc<HttpAsk>, settings: &Settings, egress: &Egress, operator: &Operator) -> Vec<Self> {
        let readable = &settings.readable;
        let opened = egress.allow_private.clone();
        let endpoint = ask.endpoint.as_ref().and_then(|key| Some((key, settings::value(readable, key)?.as_str()?)));
        let (places, addresses) = if let Some((key, endpoint)) = endpoint {
            (vec![(HostEntry::Endpoint(key.clone()), endpoint.to_owned())], AddressRule::Service(opened))
        } else {
            let filled = |host: &HostPattern| Some((HostEntry::Host(host.clone()), host.fill(readable)?));
            (ask.hosts.iter().filter_map(filled).collect(), AddressRule::Public(opened))
        };
        let signing = ask.signing(readable);
        places
            .into_iter()
            .filter_map(|(entry, base)| Some((entry, Url::parse(&base).ok()?)))
            .map(|(entry, base)| Self {
                left: operator.leaves_host(&entry, &base, readable),
                entry,
                origin: base.origin(),
                base,
                addresses: addresses.clone(),
                signing: signing.clone(),
                ask: Arc::clone(ask),
            })
            .collect()
    }

    /// The action of a request that may be sent: first as the manifest has it, then as the operator leaves it.
    fn check(&self, request: &Outgoing, url: &Url, body: Body, operator: &Operator) -> Result<Option<String>, Denial> {
        let path = below(self.base.path(), url.path());
        let Some(path) = path.filter(|path| self.ask.paths.iter().any(|pattern| pattern.matches(path))) else {
            return Err(Denial::Path { url: url.to_string() });
        };
        if !self.ask.methods.contains(&request.method) {
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
        if matches!(body, Body::Image(_)) && !self.ask.image {
            return Err(Denial::Image { url: url.to_string() });
        }
        let action = self.ask.actions.as_ref().map(|actions| check_action(actions, request, url)).transpose()?;
        operator.check(self, request, path, action.as_deref())?;
        match literal(url).filter(|address| !self.addresses.allows(*address)) {
            Some(address) => Err(self.addresses.refusal(url.host_str().unwrap_or_default(), address)),
            None => Ok(action),
        }
    }
}

impl HttpAsk {
    /// What its requests are signed for with these settings.
    fn signing(&self, settings: &Object) -> Option<Signing> {
        let scope = self.sign.as_ref().map(|sign| Scope {
            service: sign.service.clone(),
            region: fill(&sign.region, settings).unwrap_or_default(),
        });
        self.credential.clone().map(|credential| Signing { credential, scope })
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

    /// Whether its body is a block of an image.
    pub fn carries_image(&self) -> bool {
        self.carries_image
    }

    /// The field of its body in which a token stands for the agent's settings.
    pub fn placement(&self) -> Option<&Placement> {
        self.placement.as_ref()
    }
}

#[cfg(test)]
mod tests;
