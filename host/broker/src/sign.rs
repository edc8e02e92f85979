use cpi_policy::{CredentialFields, Manifest, Permit, Scheme, Signing};

use crate::egress::Problem;
use crate::source;

mod sigv4;

/// The headers that authenticate a request, for the scope that its permit names.
pub(crate) fn sign(
    manifest: &Manifest,
    secrets: &CredentialFields,
    signing: &Signing,
    permit: &Permit,
    body: &[u8],
) -> Result<Vec<(String, String)>, Problem> {
    let credential = manifest
        .credentials
        .get(&signing.credential)
        .ok_or_else(|| Problem::NoCredentials(format!("the manifest has no credential '{}'", signing.credential)))?;
    match credential.scheme {
        Scheme::Sigv4 => sigv4::sign(&source::aws(secrets)?, signing, permit, body),
    }
}
