use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Whom to trust: the file that `BOSH_CA_CERT_FILE` names and nobody else, or the certificates of the system; and in both
/// cases those of the settings.
pub(super) fn roots(trusted: Option<&str>) -> Result<RootCertStore, String> {
    let mut store = known()?;
    if let Some(pem) = trusted {
        let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("azure_stack.ca_cert is no PEM: {error}"))?;
        let (added, _) = store.add_parsable_certificates(certificates);
        if added == 0 {
            return Err("azure_stack.ca_cert holds no certificate".to_owned());
        }
    }
    Ok(store)
}

fn known() -> Result<RootCertStore, String> {
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
