use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::{Headers, StatusCode};
use aws_smithy_types::body::SdkBody;
use send_wrapper::SendWrapper;

use crate::http::{Error, Method, Problem, Request, Response};

/// Headers that the host writes itself and refuses from a plugin.
const HOST_OWNED: [&str; 9] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "transfer-encoding",
    "x-amz-date",
    "x-amz-security-token",
];

/// Makes connectors that send through the host.
#[derive(Debug)]
pub(super) struct Client {
    credential: &'static str,
}

impl Client {
    pub(super) fn new(credential: &'static str) -> Self {
        Self { credential }
    }
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector { credential: self.credential, timeout: settings.read_timeout() })
    }
}

#[derive(Debug)]
struct Connector {
    credential: &'static str,
    timeout: Option<std::time::Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = match to_host(&request) {
            Ok(request) => request.credential(self.credential),
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let request = match self.timeout {
            Some(timeout) => request.timeout(timeout),
            None => request,
        };
        // The SDK wants `Send`; a component has one thread, and the wrapper would notice a second.
        HttpConnectorFuture::new(SendWrapper::new(async move {
            match request.send().await {
                Ok(response) => from_host(response),
                Err(error) => Err(connector_error(error)),
            }
        }))
    }
}

fn to_host(request: &HttpRequest) -> Result<Request, Error> {
    let invalid = |text: &str| Error::from(Problem::Invalid(text.to_owned()));
    let method = match request.method() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        other => return Err(invalid(&format!("method {other}"))),
    };
    let body = request.body().bytes().ok_or_else(|| invalid("a streaming body"))?;
    let headers =
        request.headers().iter().filter(|(name, _)| !HOST_OWNED.contains(&name.to_ascii_lowercase().as_str()));
    let bare = Request::new(method, request.uri()).body(body);
    Ok(headers.fold(bare, |request, (name, value)| request.header(name, value)))
}

fn from_host(response: Response) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(response.status).map_err(|error| ConnectorError::other(error.into(), None))?;
    let mut headers = Headers::new();
    for header in response.headers {
        // One unreadable header is no reason to lose the answer.
        let _ = headers.try_append(header.name, header.value);
    }
    let mut answer = HttpResponse::new(status, SdkBody::from(response.body));
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// The host's problem stays at the end of the chain of sources, where [`super::error`] finds it.
fn connector_error(error: Error) -> ConnectorError {
    match error.problem() {
        Problem::TimedOut(_) => ConnectorError::timeout(error.into()),
        Problem::Unreachable(_) => ConnectorError::io(error.into()),
        Problem::Denied(_) | Problem::NoCredentials(_) | Problem::Unauthenticated(_) | Problem::Invalid(_) => {
            ConnectorError::user(error.into())
        }
        Problem::TooLarge(_) | Problem::OverBudget(_) => ConnectorError::other(error.into(), None),
    }
}
