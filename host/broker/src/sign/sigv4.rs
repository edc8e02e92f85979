use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign as sign_request,
};
use aws_sigv4::sign::v4;
use cpi_policy::{Permit, Scope};

use super::Signature;
use crate::Problem;

/// AWS Signature Version 4 over the request as it goes on the wire.
pub(crate) fn sign(
    credentials: Credentials,
    scope: &Scope,
    permit: &Permit,
    body: &[u8],
) -> Result<Signature, Problem> {
    let failed = |error: &dyn std::fmt::Display| Problem::Invalid(format!("the request cannot be signed: {error}"));
    let identity = credentials.into();
    // As the SDKs of AWS do it: TLS keeps a block of an image as it is, and a checksum among the signed headers.
    let unsigned = permit.carries_image() && permit.url().scheme() == "https";
    let mut settings = SigningSettings::default();
    if unsigned {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let payload = if unsigned { SignableBody::UnsignedPayload } else { SignableBody::Bytes(body) };
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(&scope.region)
        .name(&scope.service)
        .time(SystemTime::now())
        .settings(settings)
        .build()
        .map_err(|error| failed(&error))?
        .into();
    let request = permit.request();
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(request.method.name(), permit.url().as_str(), headers, payload)
        .map_err(|error| failed(&error))?;
    let (instructions, _) = sign_request(signable, &parameters).map_err(|error| failed(&error))?.into_parts();
    let headers = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Signature::headers(headers))
}
