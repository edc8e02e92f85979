use std::time::Duration;

use cpi_plugin_sdk::http::{Method, Request, Response};
use cpi_plugin_sdk::{ApiError, Call, Failure, state};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::link::canonical;
use super::{Kind, Resource, error, is_gone};
use crate::settings::Settings;

/// Resource Manager, as one call sees it.
pub(crate) struct Arm {
    pub(crate) settings: Settings,
}

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

impl Arm {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        Ok(Self { settings: Settings::of(call)? })
    }

    pub(crate) fn resource(&self, group: &str, kind: Kind, name: &str) -> Resource {
        Resource::new(&self.settings, group, kind, name)
    }

    /// What is there under an id, if anything is.
    pub(crate) async fn read<T: DeserializeOwned>(&self, resource: &Resource) -> Result<Option<T>, ApiError> {
        let operation = named(resource, "read");
        let url = self.url(&operation, resource, "", &[])?;
        let answer = self.send(&operation, Self::request(Method::Get, url)).await?;
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
        let mut url = self.url(&operation, resource, below, query)?;
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let answer = self.send(&operation, Self::request(Method::Get, url)).await?;
            if answer.status != 200 {
                let error = failed(operation, &answer);
                return if is_gone(&error) { Ok(None) } else { Err(error) };
            }
            let page: Page<T> = parse(operation.clone(), &answer)?;
            all.extend(page.value);
            match page.next_link.filter(|next| !next.is_empty()) {
                Some(next) => url = canonical(&next),
                None => return Ok(Some(all)),
            }
        }
        Err(ApiError::Client { operation, message: format!("the list has more than {MOST_PAGES} pages") })
    }

    /// Asks something that changes nothing.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        question: &str,
        body: &Value,
    ) -> Result<T, ApiError> {
        let operation = named(resource, question);
        let request = Self::request(Method::Post, self.url(&operation, resource, question, &[])?).json(body);
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

    pub(super) fn url(
        &self,
        operation: &str,
        resource: &Resource,
        below: &str,
        query: &[(&str, &str)],
    ) -> Result<String, ApiError> {
        let url = resource.url(&self.settings.endpoint, below, query);
        url.map_err(|message| ApiError::Client { operation: operation.to_owned(), message })
    }

    pub(super) fn request(method: Method, url: String) -> Request {
        Request::new(method, url).credential("azure")
    }

    pub(super) async fn send(&self, operation: &str, request: Request) -> Result<Response, ApiError> {
        request
            .send()
            .await
            .map_err(|error| ApiError::Host { operation: operation.to_owned(), error: error::hinted(error) })
    }
}

/// What is done, as roles call it, and with which resource.
pub(super) fn named(resource: &Resource, verb: &str) -> String {
    format!("{}/{verb} '{}'", resource.kind, resource.name())
}

fn parse<T: DeserializeOwned>(operation: String, answer: &Response) -> Result<T, ApiError> {
    let wrong = |error: serde_json::Error| ApiError::Client { operation, message: format!("the answer: {error}") };
    answer.json().map_err(wrong)
}

pub(super) fn failed(operation: String, answer: &Response) -> ApiError {
    error::of_answer(operation, answer.status, &answer.body, request_id(answer))
}

/// The number under which Azure's support finds a request.
pub(super) fn request_id(answer: &Response) -> Option<&str> {
    answer.header("x-ms-request-id").or_else(|| answer.header("x-ms-correlation-request-id"))
}
