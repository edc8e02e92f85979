use std::sync::Arc;

use cpi_broker::{CredentialError, Incoming, Problem as Cause};
use cpi_policy::{Method as HttpMethod, Outgoing};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasmtime::component::Accessor;

use super::{CallState, Host};
use crate::bindings::bosh::cpi::http::{self, Header, Method, Problem, Request, Response};
use crate::tape::Bytes;

impl http::Host for CallState {}

impl<T: Send> http::HostWithStore<T> for Host {
    async fn send(accessor: &Accessor<T, Self>, request: Request) -> wasmtime::Result<Result<Response, Problem>> {
        let (egress, tape) = accessor.with(|mut access| {
            let capabilities = &access.get().capabilities;
            (Arc::clone(&capabilities.egress), capabilities.tape.clone())
        });
        let with = tape.note(|| readable(&request));
        let live = async { egress.send(outgoing(request)).await.map(Taped::from).map_err(|cause| problem(&cause)) };
        let answer: Result<Taped, Problem> = tape.play("http.send", with, live).await?;
        Ok(answer.map(Response::from))
    }
}

pub(super) fn outgoing(request: Request) -> Outgoing {
    Outgoing {
        method: match request.method {
            Method::Get => HttpMethod::Get,
            Method::Head => HttpMethod::Head,
            Method::Post => HttpMethod::Post,
            Method::Put => HttpMethod::Put,
            Method::Patch => HttpMethod::Patch,
            Method::Delete => HttpMethod::Delete,
        },
        url: request.url,
        headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        body: request.body,
        credential: request.credential,
        timeout_ms: request.timeout_ms,
    }
}

/// A request as people read it.
pub(super) fn readable(request: &Request) -> Value {
    let headers: Vec<_> = request.headers.iter().map(|header| (&header.name, &header.value)).collect();
    json!({
        "method": request.method,
        "url": request.url,
        "headers": headers,
        "body": Bytes::from(request.body.clone()),
        "credential": request.credential,
        "timeout_ms": request.timeout_ms,
    })
}

/// A response as it stands in a recording.
#[derive(Serialize, Deserialize)]
pub(super) struct Taped {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl From<Incoming> for Taped {
    fn from(incoming: Incoming) -> Self {
        Self { status: incoming.status, headers: incoming.headers, body: incoming.body.into() }
    }
}

impl From<Taped> for Response {
    fn from(taped: Taped) -> Self {
        let headers = taped.headers.into_iter().map(|(name, value)| Header { name, value }).collect();
        Self { status: taped.status, headers, body: taped.body.into() }
    }
}

pub(super) fn problem(cause: &Cause) -> Problem {
    let text = cause.to_string();
    match cause {
        Cause::Denied(_) => Problem::Denied(text),
        Cause::NoCredentials(CredentialError::Settings(_) | CredentialError::Request(_)) => {
            Problem::NoCredentials(text)
        }
        Cause::NoCredentials(_) => Problem::Unauthenticated(text),
        Cause::TimedOut(_) => Problem::TimedOut(text),
        Cause::TooLarge(limit) => Problem::TooLarge(*limit),
        Cause::OverBudget(_) | Cause::TooMuchWaiting(_) => Problem::OverBudget(text),
        Cause::Invalid(_) => Problem::Invalid(text),
        _ => Problem::Unreachable(text),
    }
}
