use std::net::SocketAddr;
use std::sync::Arc;

use cpi_protocol::Object;
use url::{Host, Url};

use crate::action::{self, NoAction};
use crate::manifest::{Actions, HttpAsk};
use crate::pattern::{Below, Place, Target, fill};
use crate::{
    AddressRule, AllowedAddress, Egress, HostConfig, HostEntry, HostPattern, Limits, Manifest, Method, Outgoing,
    Placement, Retry, RuleError, Settings,
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
    place: Place,
    /// What the operator leaves of this place; none for all of it.
    left: Option<Vec<Place>>,
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
    path: String,
    account: Option<String>,
    source: Option<Box<Source>>,
}

/// What a service is to copy: the host lets it be read.
#[derive(Debug)]
pub struct Source {
    /// The header that names it.
    pub header: String,
    /// The request to read it, which the grant allows as well.
    pub read: Permit,
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
        let target = Target::new(target::parse(&request.url)?);
        headers::check(&request)?;
        let bytes = match body {
            Body::Own => request.body.len(),
            Body::Image(bytes) => bytes,
        };
        if bytes > self.limits.request {
            return Err(Denial::BodyTooLarge { bytes, limit: self.limits.request });
        }
        let mut here = self.rules.iter().filter(|rule| rule.place.has(&target)).peekable();
        if here.peek().is_none() {
            return Err(self.unknown_host(&request, &target));
        }
        let mut closest: Option<Denial> = None;
        for rule in here {
            match rule.check(&request, &target, body, &self.operator) {
                Ok(action) => {
                    let source = self.source(rule, &request)?;
                    return Ok(self.permit(rule, request, target, body, action, source));
                }
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
    fn unknown_host(&self, request: &Outgoing, target: &Target) -> Denial {
        let endpoint = self.asks.iter().find_map(|ask| {
            let key = ask.endpoint.clone()?;
            let base = Url::parse(target.origin()).ok()?;
            let entry = HostEntry::Endpoint(key.clone());
            let left = self.operator.leaves(&entry, &Object::new());
            let ask = Arc::clone(ask);
            let addresses = AddressRule::Service(self.opened.clone());
            let signing = ask.signing(&Object::new());
            let rule = Rule { entry, left, place: Place::of(&base), addresses, signing, ask };
            rule.check(request, target, Body::Own, &self.operator).is_ok().then_some(key)
        });
        Denial::Host {
            plugin: self.plugin.clone(),
            origin: target.origin().to_owned(),
            granted: self.origins(),
            endpoint,
        }
    }

    /// Where requests may go with these settings, each place once.
    fn origins(&self) -> Vec<String> {
        let mut origins: Vec<_> = self.rules.iter().map(|rule| rule.place.origin().to_owned()).collect();
        origins.sort();
        origins.dedup();
        origins
    }

    /// What a service is to copy is itself a request to read it, with the same credential.
    fn source(&self, rule: &Rule, request: &Outgoing) -> Result<Option<Box<Source>>, Denial> {
        let Some(header) = &rule.ask.source else { return Ok(None) };
        let mut values = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(header));
        let Some((_, url)) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Denial::Header { name: header.clone(), problem: "stands there twice" });
        }
        let read = Outgoing {
            method: Method::Get,
            url: url.clone(),
            headers: Vec::new(),
            body: Vec::new(),
            credential: request.credential.clone(),
            timeout_ms: None,
        };
        let read = self.check(read)?;
        Ok(Some(Box::new(Source { header: header.to_ascii_lowercase(), read })))
    }

    fn permit(
        &self,
        rule: &Rule,
        request: Outgoing,
        target: Target,
        body: Body,
        action: Option<String>,
        source: Option<Box<Source>>,
    ) -> Permit {
        let Below { path, account } = rule.place.below(&target).unwrap_or(Below { path: "", account: None });
        // What is sealed goes only where the operator's credential goes.
        let is_here = |place: &&Placement| place.is_in(action.as_deref(), request.method, path);
        let placement = rule.signing.as_ref().and_then(|_| self.placements.iter().find(is_here)).cloned();
        let carries_image = matches!(body, Body::Image(_));
        let (path, account) = (path.to_owned(), account.map(str::to_owned));
        let (addresses, signing) = (rule.addresses.clone(), rule.signing.clone());
        Permit { request, url: target.url, addresses, signing, action, placement, carries_image, path, account, source }
    }
}

impl Rule {
    /// An endpoint takes the place of the hosts in the manifest.
    fn of(ask: &Arc<HttpAsk>, settings: &Settings, egress: &Egress, operator: &Operator) -> Vec<Self> {
        let readable = &settings.readable;
        let endpoint = ask.endpoint.as_ref().and_then(|key| Some((key, settings.host.endpoint(key)?)));
        let (places, addresses) = if let Some((key, endpoint)) = endpoint {
            (vec![(HostEntry::Endpoint(key.clone()), endpoint.url.clone())], endpoint.addresses(&egress.allow_private))
        } else {
            let filled = |host: &HostPattern| Some((HostEntry::Host(host.clone()), host.fill(readable)?));
            (ask.hosts.iter().filter_map(filled).collect(), AddressRule::Public(egress.allow_private.clone()))
        };
        let signing = ask.signing(readable);
        places
            .into_iter()
            .filter_map(|(entry, text)| Some((entry, Place::parse(&text)?)))
            .map(|(entry, place)| Self {
                left: operator.leaves(&entry, readable),
                entry,
                place,
                addresses: addresses.clone(),
                signing: signing.clone(),
                ask: Arc::clone(ask),
            })
            .collect()
    }

    /// Whether the operator leaves requests to there.
    fn is_left(&self, target: &Target) -> bool {
        self.left.as_ref().is_none_or(|places| places.iter().any(|place| place.has(target)))
    }

    /// The action of a request that may be sent: first as the manifest has it, then as the operator leaves it.
    fn check(
        &self,
        request: &Outgoing,
        target: &Target,
        body: Body,
        operator: &Operator,
    ) -> Result<Option<String>, Denial> {
        let url = &target.url;
        let path = self.place.below(target).map(|below| below.path);
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
        if let Some(name) = headers::stray_source(request, self.ask.source.as_deref()) {
            let problem = "names something that the service would read: the manifest's block has no such `source`";
            return Err(Denial::Header { name: name.to_owned(), problem });
        }
        operator.check(self, request, target, path, action.as_deref())?;
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

    /// The storage account that it goes to, where its URL says one.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// What the service is to copy.
    pub fn source(&self) -> Option<&Source> {
        self.source.as_deref()
    }

    /// Its path below the place where the service is: `/container/blob`, even where the account is part of the path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The field of its body in which a token stands for the agent's settings.
    pub fn placement(&self) -> Option<&Placement> {
        self.placement.as_ref()
    }
}

#[cfg(test)]
mod tests;
