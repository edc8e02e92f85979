use std::sync::Arc;

use cpi_broker::{Incoming, Problem as Cause};
use cpi_policy::{Method as HttpMethod, Outgoing};
use wasmtime::component::Accessor;

use super::{CallState, Host};
use crate::bindings::bosh::cpi::http::{self, Header, Method, Problem, Request, Response};

impl http::Host for CallState {}

impl<T: Send> http::HostWithStore<T> for Host {
    async fn send(accessor: &Accessor<T, Self>, request: Request) -> wasmtime::Result<Result<Response, Problem>> {
        let egress = accessor.with(|mut access| Arc::clone(&access.get().capabilities.egress));
        Ok(egress.send(outgoing(request)).await.map(response).map_err(|cause| problem(&cause)))
    }
}

fn outgoing(request: Request) -> Outgoing {
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

fn response(incoming: Incoming) -> Response {
    Response {
        status: incoming.status,
        headers: incoming.headers.into_iter().map(|(name, value)| Header { name, value }).collect(),
        body: incoming.body,
    }
}

fn problem(cause: &Cause) -> Problem {
    let text = cause.to_string();
    match cause {
        Cause::Denied(_) => Problem::Denied(text),
        Cause::NoCredentials(_) => Problem::NoCredentials(text),
        Cause::TimedOut(_) => Problem::TimedOut(text),
        Cause::TooLarge(limit) => Problem::TooLarge(*limit),
        Cause::OverBudget(_) | Cause::TooMuchWaiting(_) => Problem::OverBudget(text),
        Cause::Invalid(_) => Problem::Invalid(text),
        _ => Problem::Unreachable(text),
    }
}
