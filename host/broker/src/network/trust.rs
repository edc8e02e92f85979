use std::env;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

/// Whom to trust: those in the file that `BOSH_CA_CERT_FILE` names and nobody else, or the system's; and in both cases
/// those of the settings.
pub(super) struct Trust {
    /// Who may vouch for servers.
    pub(super) roots: RootCertStore,
    /// Those of them that the operator named. A server may show one of these as its own.
    pub(super) named: Vec<CertificateDer<'static>>,
}

const VARIABLE: &str = "BOSH_CA_CERT_FILE";
/// Where libraries of TLS look for certificates instead of the system's; `rustls-native-certs` does.
const INSTEAD: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

impl Trust {
    /// With these certificates of the settings (PEM).
    pub(super) fn with(settings: Option<&str>) -> Result<Self, String> {
        let mut trust = Self { roots: RootCertStore::empty(), named: Vec::new() };
        match env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
            Some(path) => trust.add_file(Path::new(&path))?,
            None => trust.add_system()?,
        }
        if let Some(pem) = settings {
            let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
                .collect::<Result<_, _>>()
                .map_err(|error| format!("azure_stack.ca_cert is no PEM: {error}"))?;
            if !trust.add(certificates, true) {
                return Err("azure_stack.ca_cert holds no certificate".to_owned());
            }
        }
        Ok(trust)
    }

    fn add_file(&mut self, path: &Path) -> Result<(), String> {
        let shown = path.display();
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<_, pem::Error>>)
            .map_err(|error| format!("{VARIABLE}: '{shown}' cannot be read: {error}"))?;
        if !self.add(certificates, true) {
            return Err(format!("{VARIABLE}: '{shown}' holds no certificate"));
        }
        Ok(())
    }

    fn add_system(&mut self) -> Result<(), String> {
        let native = rustls_native_certs::load_native_certs();
        let named = INSTEAD.iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
        if !self.add(native.certs, named) {
            return Err(format!(
                "this machine has no trusted certificates; install them or name a file in {VARIABLE}{}",
                native.errors.first().map(|error| format!(": {error}")).unwrap_or_default()
            ));
        }
        Ok(())
    }

    /// Whether there was one.
    fn add(&mut self, certificates: Vec<CertificateDer<'static>>, named: bool) -> bool {
        let (added, _) = self.roots.add_parsable_certificates(certificates.iter().map(|one| (**one).into()));
        if named {
            self.named.extend(certificates);
        }
        added > 0
    }
}
