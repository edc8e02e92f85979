use std::time::Duration;

use bytes::Bytes;
use cpi_policy::{Method, Permit};

use super::{Egress, Incoming};
use crate::network::answer::{Failed, receive};
use crate::network::length::with_length;
use crate::sign::Signature;

impl Egress {
    /// Authenticates a permitted request, puts it on the wire, and reads the answer as far as the limits allow. When a
    /// token is not accepted any more, the request goes once more with a new one.
    pub(super) async fn exchange(&self, permit: &Permit, body: Bytes) -> Result<Incoming, Failed> {
        let Some(signing) = permit.signing() else {
            return self.send_once(permit, body, Signature::default()).await;
        };
        let authenticate = || async { self.credentials.authenticate(signing, permit, &body).await };
        let signature = authenticate().await?;
        let edition = signature.edition;
        let answer = self.send_once(permit, body.clone(), signature).await?;
        if !self.credentials.renewed(signing, permit, edition, &answer).await {
            return Ok(answer);
        }
        self.send_once(permit, body.clone(), authenticate().await?).await
    }

    async fn send_once(&self, permit: &Permit, body: Bytes, signature: Signature) -> Result<Incoming, Failed> {
        let limits = self.grant.limits();
        let place = self.network.name(permit.url());
        let client = self.network.client(permit.url(), permit.addresses())?;
        let wanted = permit.request().timeout_ms.map_or(limits.request_time, |ms| Duration::from_millis(ms.into()));
        let request = permit
            .request()
            .headers
            .iter()
            .filter(|(name, _)| signature.replaced.as_ref().is_none_or(|(other, _)| !name.eq_ignore_ascii_case(other)))
            .chain(&signature.replaced)
            .chain(&signature.headers)
            .fold(
                with_length(&client, http_method(permit.request().method), signature.address(permit.url()), body),
                |request, (name, value)| request.header(name, value),
            )
            .timeout(wanted.min(limits.request_time));
        let response = request.send().await.map_err(|error| Failed::of(&error, &place, "connecting and sending"))?;
        receive(response, limits.response, &place).await
    }
}

fn http_method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}
