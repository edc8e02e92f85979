use std::time::Duration;

use cpi_plugin_sdk::http::{Method, Request, Response};
use cpi_plugin_sdk::{ApiError, Call, Failure, clock, log, state};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::operation::{self, How, Pace, Progress, Watch};
use super::{Kind, Resource, error, is_gone, is_in_the_way};
use crate::settings::Settings;

/// Resource Manager, as one call sees it.
pub(crate) struct Arm {
    pub(crate) settings: Settings,
}

/// Other operations on the same resource end within seconds, or not soon.
const IN_THE_WAY: Duration = Duration::from_mins(4);
/// More than any subscription has.
const MOST_PAGES: usize = 500;
/// Until another call of this machine has written the same resource.
const LEASE: Duration = Duration::from_mins(30);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    value: Vec<T>,
    next_link: Option<String>,
}

/// What became of a request that Azure accepted.
#[derive(Debug)]
pub(crate) enum Ended {
    Done,
    Failed(ApiError),
    Canceled(ApiError),
}

impl Ended {
    fn into_result(self) -> Result<(), ApiError> {
        match self {
            Self::Done => Ok(()),
            Self::Failed(error) | Self::Canceled(error) => Err(error),
        }
    }
}

impl Arm {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        Ok(Self { settings: Settings::of(call)? })
    }

    pub(crate) fn resource(&self, group: &str, kind: Kind, name: &str) -> Resource {
        Resource::new(&self.settings, group, kind, name)
    }

    /// What is there under an id, if anything is.
    pub(crate) async fn read<T: DeserializeOwned>(&self, resource: &Resource) -> Result<Option<T>, ApiError> {
        let operation = format!("{}/read", resource.kind);
        let url = resource.url(&self.settings.endpoint, "", &[]);
        let answer = self.send(&operation, self.request(Method::Get, url)).await?;
        match answer.status {
            200 => parse(operation, &answer).map(Some),
            204 => Ok(None),
            _ => match failed(operation, &answer) {
                error if is_gone(&error) => Ok(None),
                error => Err(error),
            },
        }
    }

    /// All pages of a list.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, ApiError> {
        Ok(self.pages(resource, "", query).await?.unwrap_or_default())
    }

    /// All pages of a list that belongs to a resource; none when the resource is not there.
    pub(crate) async fn list_below<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        below: &str,
    ) -> Result<Option<Vec<T>>, ApiError> {
        self.pages(resource, below, &[]).await
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        below: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<Vec<T>>, ApiError> {
        let operation = format!("{}/read", resource.kind);
        let mut url = resource.url(&self.settings.endpoint, below, query);
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let answer = self.send(&operation, self.request(Method::Get, url.replace(' ', "%20"))).await?;
            if answer.status != 200 {
                let error = failed(operation, &answer);
                return if is_gone(&error) { Ok(None) } else { Err(error) };
            }
            let page: Page<T> = parse(operation.clone(), &answer)?;
            all.extend(page.value);
            match page.next_link.filter(|next| !next.is_empty()) {
                Some(next) => url = next,
                None => return Ok(Some(all)),
            }
        }
        Err(ApiError::Client { operation, message: format!("the list has more than {MOST_PAGES} pages") })
    }

    /// Makes or replaces a resource, and returns when that is done.
    pub(crate) async fn put(&self, resource: &Resource, body: &Value) -> Result<(), ApiError> {
        self.order(resource, body).await?.into_result()
    }

    /// The same, but tells what was refused (an error) from what was accepted and then ended in another way.
    pub(crate) async fn order(&self, resource: &Resource, body: &Value) -> Result<Ended, ApiError> {
        Ok(self.change(Method::Put, "write", resource, "", Some(body), None).await?.1)
    }

    /// Changes a resource that is there, and returns when that is done. With an `ETag`, only the version that it names.
    pub(crate) async fn patch(&self, resource: &Resource, body: &Value, etag: Option<&str>) -> Result<(), ApiError> {
        self.change(Method::Patch, "write", resource, "", Some(body), etag).await?.1.into_result()
    }

    /// Removes a resource, and returns when it is gone; whether it was there.
    pub(crate) async fn delete(&self, resource: &Resource) -> Result<bool, ApiError> {
        let deleted = self.change(Method::Delete, "delete", resource, "", None, None).await;
        match deleted.and_then(|(status, ended)| ended.into_result().map(|()| status)) {
            Ok(status) => Ok(status != 204),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Has something done with a resource, and returns when that is done.
    pub(crate) async fn act(&self, resource: &Resource, action: &str) -> Result<(), ApiError> {
        self.change(Method::Post, &format!("{action}/action"), resource, action, None, None).await?.1.into_result()
    }

    /// Waits until nothing is being done with a resource.
    pub(crate) async fn settled(&self, resource: &Resource) -> Result<(), ApiError> {
        let operation = format!("{}/read", resource.kind);
        let url = resource.url(&self.settings.endpoint, "", &[]);
        let first = self.send(&operation, self.request(Method::Get, url)).await?;
        self.follow(&operation, resource, Method::Get, &first).await.map(drop)
    }

    /// Asks something that changes nothing.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        question: &str,
        body: &Value,
    ) -> Result<T, ApiError> {
        let operation = format!("{}/{question}", resource.kind);
        let request = self.request(Method::Post, resource.url(&self.settings.endpoint, question, &[])).json(body);
        let answer = self.send(&operation, request).await?;
        if answer.is_success() { parse(operation, &answer) } else { Err(failed(operation, &answer)) }
    }

    /// Has one call of this machine at a time work on something.
    pub(crate) async fn lease(&self, what: &str) -> Result<state::Lease, Failure> {
        let wait = u32::try_from(LEASE.as_millis()).unwrap_or(u32::MAX);
        let leased = state::acquire(what.to_ascii_lowercase(), wait).await;
        leased.map_err(|problem| match problem {
            state::Problem::Busy => Failure::rejected(format!("another call has worked on '{what}' for half an hour")),
            other => Failure::rejected(format!("no lease for '{what}': {other:?}")),
        })
    }

    /// Sends it again while something is in the way, and follows it to its end. Returns the first status, too.
    async fn change(
        &self,
        method: Method,
        verb: &str,
        resource: &Resource,
        below: &str,
        body: Option<&Value>,
        etag: Option<&str>,
    ) -> Result<(u16, Ended), ApiError> {
        let operation = format!("{}/{verb}", resource.kind);
        let by_force =
            method == Method::Delete && self.settings.force_deletion && resource.kind == Kind::VirtualMachine.name();
        let query: &[_] = if by_force { &[("forceDeletion", "true")] } else { &[] };
        let url = resource.url(&self.settings.endpoint, below, query);
        let mut pace = Pace::new();
        loop {
            let mut request = self.request(method, url.clone());
            if let Some(body) = body {
                request = request.json(body);
            }
            if let Some(etag) = etag {
                request = request.header("if-match", etag);
            }
            let answer = self.send(&operation, request).await?;
            let ended = match answer.status {
                200 | 201 | 202 | 204 => self.follow(&operation, resource, method, &answer).await,
                _ => Err(failed(operation.clone(), &answer)),
            };
            match ended {
                // A version that is no more never comes back: its reader has to look again.
                Err(error) | Ok(Ended::Failed(error) | Ended::Canceled(error))
                    if is_in_the_way(&error) && etag.is_none() && pace.waited() < IN_THE_WAY =>
                {
                    log::info("waiting for another operation", &[("id", &resource.id), ("error", &error.to_string())]);
                    clock::sleep(pace.pause(None).unwrap_or_default()).await;
                }
                ended => return ended.map(|ended| (answer.status, ended)),
            }
        }
    }

    /// Waits for the end of what a request began.
    async fn follow(
        &self,
        operation: &str,
        resource: &Resource,
        method: Method,
        first: &Response,
    ) -> Result<Ended, ApiError> {
        let itself = resource.url(&self.settings.endpoint, "", &[]);
        let body = first.json().unwrap_or_default();
        let Some(Watch { how, url }) = operation::begun(first.status, |name| first.header(name), &body, &itself) else {
            return Ok(Ended::Done);
        };
        let mut pace = Pace::new();
        let mut told = operation::retry_after(first.header("retry-after"));
        while let Some(pause) = pace.pause(told) {
            clock::sleep(pause).await;
            let answer = self.send(operation, self.request(Method::Get, url.clone())).await?;
            let gone = answer.status == 404 && how != How::Status && method == Method::Delete;
            if gone {
                return Ok(Ended::Done);
            }
            if !answer.is_success() {
                return Err(failed(operation.to_owned(), &answer));
            }
            let request_id = request_id(&answer).map(str::to_owned);
            let error =
                |code, message| ApiError::Service { operation: operation.to_owned(), code, message, request_id };
            match operation::progress(how, answer.status, &answer.json().unwrap_or_default()) {
                Progress::Running => told = operation::retry_after(answer.header("retry-after")),
                Progress::Done => return Ok(Ended::Done),
                Progress::Failed(code, message) => return Ok(Ended::Failed(error(code, message))),
                Progress::Canceled(code, message) => return Ok(Ended::Canceled(error(code, message))),
            }
        }
        Err(ApiError::Service {
            operation: operation.to_owned(),
            code: "TimedOut".to_owned(),
            message: format!("'{}' is not finished after {} s", resource.id, pace.waited().as_secs()),
            request_id: request_id(first).map(str::to_owned),
        })
    }

    fn request(&self, method: Method, url: String) -> Request {
        let request = Request::new(method, url).credential("azure");
        match &self.settings.tracking_guid {
            Some(guid) => {
                request.header("user-agent", format!("cpi-host-azure/{} pid-{guid}", env!("CARGO_PKG_VERSION")))
            }
            None => request,
        }
    }

    async fn send(&self, operation: &str, request: Request) -> Result<Response, ApiError> {
        request
            .send()
            .await
            .map_err(|error| ApiError::Host { operation: operation.to_owned(), error: error::hinted(error) })
    }
}

fn parse<T: DeserializeOwned>(operation: String, answer: &Response) -> Result<T, ApiError> {
    let wrong = |error: serde_json::Error| ApiError::Client { operation, message: format!("the answer: {error}") };
    answer.json().map_err(wrong)
}

fn failed(operation: String, answer: &Response) -> ApiError {
    error::of_answer(operation, answer.status, &answer.body, request_id(answer))
}

/// The number under which Azure's support finds a request.
fn request_id(answer: &Response) -> Option<&str> {
    answer.header("x-ms-request-id").or_else(|| answer.header("x-ms-correlation-request-id"))
}
