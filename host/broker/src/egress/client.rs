use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cpi_policy::{AddressRule, Permit};
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::Problem;
use super::resolve::Resolver;
use crate::lock::lock;

/// HTTP clients of one call, made when first needed: reading the certificates of the system takes longer than
/// everything else a short call does.
#[derive(Default)]
pub(super) struct Clients(Mutex<HashMap<Kind, Result<reqwest::Client, String>>>);

/// What decides about addresses and trust. Connections are shared only within a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    tls: bool,
    port: u16,
    addresses: AddressRule,
}

impl Clients {
    /// The client for a permit.
    pub(super) fn for_rule(&self, permit: &Permit) -> Result<reqwest::Client, Problem> {
        let url = permit.url();
        let kind = Kind {
            tls: url.scheme() == "https",
            port: url.port_or_known_default().unwrap_or_default(),
            addresses: permit.addresses().clone(),
        };
        let mut clients = lock(&self.0);
        clients.entry(kind).or_insert_with_key(build).clone().map_err(Problem::Unreachable)
    }
}

fn build(kind: &Kind) -> Result<reqwest::Client, String> {
    let roots = if kind.tls { roots()? } else { RootCertStore::empty() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_secs(15))
        .user_agent(concat!("cpi-host/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Resolver::new(kind.addresses.clone(), kind.port))
        .build()
        .map_err(|error| format!("the HTTP client cannot be set up: {error}"))
}

/// Whom to trust: the file that `BOSH_CA_CERT_FILE` names and nobody else, or the certificates of the system.
fn roots() -> Result<RootCertStore, String> {
    const VARIABLE: &str = "BOSH_CA_CERT_FILE";
    let mut store = RootCertStore::empty();
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        let shown = path.to_string_lossy();
        let certificates = CertificateDer::pem_file_iter(&path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| format!("{VARIABLE}: '{shown}' cannot be read: {error}"))?;
        let (added, _) = store.add_parsable_certificates(certificates);
        return if added == 0 { Err(format!("{VARIABLE}: '{shown}' holds no certificate")) } else { Ok(store) };
    }
    let native = rustls_native_certs::load_native_certs();
    let (added, _) = store.add_parsable_certificates(native.certs);
    if added == 0 {
        return Err(format!(
            "this machine has no trusted certificates; install them or name a file in {VARIABLE}{}",
            native.errors.first().map(|error| format!(": {error}")).unwrap_or_default()
        ));
    }
    Ok(store)
}
