use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cpi_policy::{AddressRule, Egress, Endpoint, Proxy};
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use crate::Problem;
use crate::lock::lock;

pub(crate) mod answer;
pub(crate) mod length;
mod own;
mod probe;
mod resolve;
mod trust;
mod verifier;

pub(crate) use own::OwnRequest;
pub use probe::Probe;
use resolve::Resolver;
use trust::Trust;
use verifier::Verifier;

/// The HTTP clients of one call, for what plugins send and for what the host asks for itself.
///
/// They are made when first needed: reading the certificates of the system takes longer than everything else a short
/// call does.
#[derive(Default)]
pub struct Network {
    egress: Egress,
    /// PEM of certificates that the operator trusts besides.
    trusted: Option<String>,
    /// What follows the host's name in requests.
    agent: Option<String>,
    clients: Mutex<HashMap<Kind, Result<reqwest::Client, String>>>,
}

/// What decides about addresses, the way and trust. Connections are shared only within a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    tls: bool,
    port: u16,
    way: Way,
}

/// How a target is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Way {
    /// At an address that this rule allows.
    Direct(AddressRule),
    /// Through a proxy, which resolves the name itself.
    Through(Proxy),
}

impl Network {
    /// A network as the operator describes it.
    pub fn new(egress: &Egress) -> Self {
        Self { egress: egress.clone(), ..Self::default() }
    }

    /// The same, trusting these certificates (PEM) besides all others.
    #[must_use]
    pub fn trusting(self, certificates: Option<String>) -> Self {
        Self { trusted: certificates, ..self }
    }

    /// The same, whose requests say this after the host's name.
    #[must_use]
    pub fn saying(self, agent: Option<String>) -> Self {
        Self { agent, ..self }
    }

    /// The client for a target whose address is subject to this rule.
    pub(crate) fn client(&self, url: &Url, addresses: &AddressRule) -> Result<reqwest::Client, Problem> {
        let kind = Kind {
            tls: url.scheme() == "https",
            port: url.port_or_known_default().unwrap_or_default(),
            way: match self.egress.proxy_for(url) {
                Some(proxy) => Way::Through(proxy.clone()),
                None => Way::Direct(addresses.clone()),
            },
        };
        let mut clients = lock(&self.clients);
        clients
            .entry(kind)
            .or_insert_with_key(|kind| build(kind, self.trusted.as_deref(), self.agent.as_deref()))
            .clone()
            .map_err(Problem::Unreachable)
    }

    /// A target's scheme, host and port, and the proxy on the way to it.
    pub(crate) fn name(&self, url: &Url) -> String {
        let target = url.origin().ascii_serialization();
        match self.egress.proxy_for(url) {
            Some(proxy) => format!("{target} (through the proxy {proxy})"),
            None => target,
        }
    }

    /// The addresses of a service whose name nobody but the host has chosen: public, or opened by the operator.
    pub(crate) fn public(&self) -> AddressRule {
        AddressRule::Public(self.egress.allow_private.clone())
    }

    /// The addresses of an endpoint.
    pub(crate) fn addresses(&self, endpoint: &Endpoint) -> AddressRule {
        endpoint.addresses(&self.egress.allow_private)
    }

    /// What must not be printed.
    pub fn secrets(&self) -> Vec<String> {
        self.egress.proxy.as_ref().map(Proxy::secrets).unwrap_or_default()
    }
}

/// For connections, TLS included.
const CONNECTING: Duration = Duration::from_secs(15);

/// What the host calls itself.
const NAME: &str = concat!("cpi-host/", env!("CARGO_PKG_VERSION"));

fn build(kind: &Kind, trusted: Option<&str>, agent: Option<&str>) -> Result<reqwest::Client, String> {
    let failed = |error: reqwest::Error| format!("the HTTP client cannot be set up: {error}");
    let (addresses, proxy) = match &kind.way {
        Way::Direct(addresses) => (addresses.clone(), None),
        // The operator names the proxy, so it may have any address; it is the only name that is resolved here.
        Way::Through(proxy) => (AddressRule::Any, Some(proxy)),
    };
    let tls = kind.tls || proxy.is_some_and(|proxy| proxy.url().scheme() == "https");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let config = if tls {
        let verifier = Verifier::new(Trust::with(trusted)?, &provider)?;
        config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        config.with_root_certificates(RootCertStore::empty())
    };
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(config.with_no_client_auth())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECTING)
        .user_agent(agent.map_or(NAME.to_owned(), |agent| format!("{NAME} {agent}")))
        .dns_resolver(Resolver::new(addresses, kind.port));
    let client = match proxy {
        Some(proxy) => client.proxy(reqwest::Proxy::all(proxy.url().as_str()).map_err(failed)?),
        None => client,
    };
    client.build().map_err(failed)
}
