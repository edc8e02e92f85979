use cpi_plugin_sdk::http::{Method, Response};
use cpi_plugin_sdk::{ApiError, clock, log};
use serde_json::Value;

use super::client::{failed, named, request_id};
use super::operation::{self, Ended, How, Pace, Progress, Watch};
use super::repeats::Repeats;
use super::{Arm, Kind, Resource, is_gone};

/// A request that changes a resource.
#[derive(Clone, Copy)]
struct Change<'a> {
    method: Method,
    resource: &'a Resource,
    /// What is done, as roles call it.
    verb: &'a str,
    /// The action, of a `POST`.
    below: &'a str,
    body: Option<&'a Value>,
    etag: Option<&'a str>,
}

impl<'a> Change<'a> {
    fn new(method: Method, resource: &'a Resource, verb: &'a str) -> Self {
        Self { method, resource, verb, below: "", body: None, etag: None }
    }
}

impl Arm {
    /// Makes or replaces a resource, and returns when that is done.
    pub(crate) async fn put(&self, resource: &Resource, body: &Value) -> Result<(), ApiError> {
        self.order(resource, body).await?.into_result()
    }

    /// The same, but tells what was refused (an error) from what was accepted and then ended in another way.
    pub(crate) async fn order(&self, resource: &Resource, body: &Value) -> Result<Ended, ApiError> {
        let change = Change { body: Some(body), ..Change::new(Method::Put, resource, "write") };
        Ok(self.change(change).await?.1)
    }

    /// Changes a resource that is there, and returns when that is done. With an `ETag`, only the version that it names.
    pub(crate) async fn patch(&self, resource: &Resource, body: &Value, etag: Option<&str>) -> Result<(), ApiError> {
        let change = Change { body: Some(body), etag, ..Change::new(Method::Patch, resource, "write") };
        self.change(change).await?.1.into_result()
    }

    /// Removes a resource, and returns when it is gone; whether it was there.
    pub(crate) async fn delete(&self, resource: &Resource) -> Result<bool, ApiError> {
        let deleted = self.change(Change::new(Method::Delete, resource, "delete")).await;
        match deleted.and_then(|(status, ended)| ended.into_result().map(|()| status)) {
            Ok(status) => Ok(status != 204),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Has something done with a resource, and returns when that is done.
    pub(crate) async fn act(&self, resource: &Resource, action: &str) -> Result<(), ApiError> {
        let verb = format!("{action}/action");
        let change = Change { below: action, ..Change::new(Method::Post, resource, &verb) };
        self.change(change).await?.1.into_result()
    }

    /// Waits until nothing is being done with a resource.
    pub(crate) async fn settled(&self, resource: &Resource) -> Result<(), ApiError> {
        let operation = named(resource, "read");
        let url = self.url(&operation, resource, "", &[])?;
        let first = self.send(&operation, Self::request(Method::Get, url)).await?;
        self.follow(&operation, resource, Method::Get, &first).await.map(drop)
    }

    /// Sends it again while something is in the way, or where Azure wants that, and follows it to its end. Returns the
    /// first status, too.
    async fn change(&self, change: Change<'_>) -> Result<(u16, Ended), ApiError> {
        let Change { method, resource, verb, below, body, etag } = change;
        let operation = named(resource, verb);
        let by_force =
            method == Method::Delete && self.settings.force_deletion && resource.kind == Kind::VirtualMachine.name();
        let query: &[_] = if by_force { &[("forceDeletion", "true")] } else { &[] };
        let url = self.url(&operation, resource, below, query)?;
        // Azure may not have noticed yet that a disk's VM is gone, so that refusal is not believed at once.
        let conflicts = usize::from(method == Method::Delete && resource.kind == Kind::Disk.name());
        let mut repeats = Repeats::new(etag.is_some(), conflicts);
        loop {
            let mut request = Self::request(method, url.clone());
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
            let told = operation::retry_after(answer.header("retry-after"));
            let Some((why, pause)) = repeats.next(&ended, answer.status, told) else {
                return ended.map(|ended| (answer.status, ended));
            };
            log::info("sending a request again", &[("operation", &operation), ("error", &why.to_string())]);
            clock::sleep(pause).await;
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
        let itself = self.url(operation, resource, "", &[])?;
        let body = first.json().unwrap_or_default();
        let Some(Watch { how, url }) = operation::begun(first.status, |name| first.header(name), &body, &itself) else {
            return Ok(Ended::Done);
        };
        let mut pace = Pace::new();
        let mut told = operation::retry_after(first.header("retry-after"));
        while let Some(pause) = pace.pause(told) {
            clock::sleep(pause).await;
            let answer = self.send(operation, Self::request(Method::Get, url.clone())).await?;
            let gone = answer.status == 404 && how != How::Status && method == Method::Delete;
            if gone {
                return Ok(Ended::Done);
            }
            if !answer.is_success() {
                return Err(failed(operation.to_owned(), &answer));
            }
            told = operation::retry_after(answer.header("retry-after"));
            let request_id = request_id(&answer).map(str::to_owned);
            let error =
                |code, message| ApiError::Service { operation: operation.to_owned(), code, message, request_id };
            match operation::progress(how, answer.status, &answer.json().unwrap_or_default()) {
                Progress::Running => {}
                Progress::Done => return Ok(Ended::Done),
                Progress::Failed(code, message) => {
                    return Ok(Ended::Failed { error: error(code, message), again: told });
                }
                Progress::Canceled(code, message) => return Ok(Ended::Canceled(error(code, message))),
            }
        }
        Err(ApiError::Service {
            operation: operation.to_owned(),
            code: "TimedOut".to_owned(),
            message: format!("it is not finished after {} s", pace.waited().as_secs()),
            request_id: request_id(first).map(str::to_owned),
        })
    }
}
