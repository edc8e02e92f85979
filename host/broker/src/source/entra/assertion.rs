use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use cpi_policy::HostSettings;
use ring::digest;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use url::Url;

use super::job;
use crate::source::{CredentialError, random_uuid};

/// How long an assertion may be used, and how far clocks may differ, in seconds.
const LIFE: u64 = 3600;
const SLACK: u64 = 90;

/// The certificate of the client, with its key, as PEM: the setting, or the file that the job of the Ruby CPI writes.
pub(super) fn certificate(settings: &HostSettings) -> Result<String, CredentialError> {
    if let Some(pem) = settings.text("certificate") {
        return Ok(pem.to_owned());
    }
    let file = job::path("service_principal_certificate.pem");
    job::read(&file).ok_or_else(|| {
        CredentialError::Settings(format!(
            "client_secret and certificate are missing, and there is no certificate in '{}': set one of them, \
             or credentials_source to managed_identity or workload_identity",
            file.display()
        ))
    })
}

/// A signed statement of the client about itself, for this endpoint.
pub(super) fn sign(pem: &str, client: &str, url: &Url) -> Result<String, CredentialError> {
    let failed = |problem: &str| CredentialError::Settings(format!("Failed to get the jwt assertion: {problem}"));
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| failed("certificate holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"))?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| failed("certificate holds no private key in PEM (-----BEGIN PRIVATE KEY-----)"))?;
    let key = any_supported_type(&key).map_err(|_| failed("the private key in certificate cannot be read"))?;
    let signer = key
        .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
        .ok_or_else(|| failed("the private key in certificate must be an RSA key"))?;

    let thumbprint = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate);
    let header = json!({"alg": "RS256", "typ": "JWT", "x5t": BASE64URL.encode(thumbprint)});
    let mut audience = url.clone();
    audience.set_query(None);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = json!({
        "aud": audience.as_str(),
        "iss": client,
        "sub": client,
        "jti": random_uuid()?.to_string(),
        "nbf": now.saturating_sub(SLACK),
        "exp": now.saturating_add(LIFE),
    });
    let text = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()));
    let signature = signer.sign(text.as_bytes()).map_err(|_| failed("the private key in certificate cannot sign"))?;
    Ok(format!("{text}.{}", BASE64URL.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused_without_its_text() {
        let url = "https://login.example/t/oauth2/token".parse().unwrap();
        let key = "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n";
        let both = format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{key}");
        for (pem, problem) in [("canary", "no certificate"), (key, "no certificate"), (both.as_str(), "private key")] {
            let error = sign(pem, "client", &url).unwrap_err().to_string();
            assert!(error.contains("Failed to get the jwt assertion") && error.contains(problem), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
