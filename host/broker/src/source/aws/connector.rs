use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::{Headers, StatusCode};
use aws_smithy_types::body::SdkBody;
use cpi_policy::AddressRule;
use url::{Host, Url};

use crate::Problem;
use crate::network::{Network, OwnRequest};

/// The way out for the AWS crates: [`Network`], like every other request.
#[derive(Clone)]
pub(super) struct Connector {
    network: Arc<Network>,
    /// The operator has written where requests go.
    anywhere: bool,
    timeout: Duration,
}

/// Services that give credentials answer in milliseconds.
const LONGEST: Duration = Duration::from_secs(10);

impl Connector {
    /// For services with addresses of their own, and those that the environment names.
    pub(super) fn new(network: Arc<Network>) -> Self {
        Self { network, anywhere: false, timeout: LONGEST }
    }

    /// For a service that the operator's configuration names: it may have any address.
    pub(super) fn anywhere(self, anywhere: bool) -> Self {
        Self { anywhere, ..self }
    }

    async fn send(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let url = Url::parse(request.uri()).map_err(|error| ConnectorError::user(error.into()))?;
        // Metadata services are known by their numbers, which nobody but their makers and the operator can choose;
        // what a name stands for is looked up, and must be public.
        let is_number = !matches!(url.host(), Some(Host::Domain(name)) if name != "localhost");
        let addresses = if self.anywhere || is_number { AddressRule::Any } else { self.network.public() };
        let own = OwnRequest {
            method: request.method().parse().map_err(|error| ConnectorError::user(Box::new(error)))?,
            url,
            addresses,
            headers: request.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: request.body().bytes().unwrap_or_default().to_vec(),
            timeout: self.timeout,
        };
        let answer = self.network.send(own).await.map_err(failed)?;
        let status = StatusCode::try_from(answer.status).map_err(|error| ConnectorError::other(error.into(), None))?;
        let mut headers = Headers::new();
        for (name, value) in answer.headers {
            // One unreadable header is no reason to lose the answer.
            _ = headers.try_append(name, value);
        }
        let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let asked = settings.read_timeout().or(settings.connect_timeout());
        SharedHttpConnector::new(Self { timeout: asked.unwrap_or(LONGEST).min(LONGEST), ..self.clone() })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().send(request))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("anywhere", &self.anywhere)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn failed(problem: Problem) -> ConnectorError {
    match problem {
        Problem::TimedOut(_) => ConnectorError::timeout(problem.into()),
        Problem::Unreachable(_) => ConnectorError::io(problem.into()),
        _ => ConnectorError::user(problem.into()),
    }
}
