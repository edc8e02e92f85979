use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::trust::Trust;

/// The rules of webpki, and one exception: a server may show the certificate of an authority as its own, if the operator
/// named this very certificate.
///
/// That is what `openssl req -x509` makes, and what private clouds and proxies have that sign for themselves. OpenSSL takes
/// it, webpki never does. It gives nobody more than they have: who holds the key of an authority that is trusted could as
/// well sign another certificate for the same name. The name has to be right all the same, the dates too, and the server
/// has to prove that it holds the key.
#[derive(Debug)]
pub(super) struct Verifier {
    usual: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl Verifier {
    pub(super) fn new(trust: Trust, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(trust.roots), Arc::clone(provider))
            .build()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
        Ok(Self { usual, named: trust.named })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // webpki compares the dates before it looks at this; there is a test.
            Err(error) if is_authority(&error) && self.named.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// What to do about a certificate that is refused; `None` where the refusal says it.
pub(super) fn advice(error: &Error) -> Option<&'static str> {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => Some(
            "nobody whom this machine trusts has signed the server's certificate: name a file with that of its authority in \
             BOSH_CA_CERT_FILE",
        ),
        _ if is_authority(error) => Some(
            "the server shows the certificate of an authority as its own, which is accepted only where this very \
             certificate is in the file that BOSH_CA_CERT_FILE or SSL_CERT_FILE names, or in azure_stack.ca_cert",
        ),
        _ => None,
    }
}

fn is_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else { return false };
    matches!(cause.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}
