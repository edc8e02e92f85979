use cpi_plugin_sdk::http::{Request, Response};
use cpi_plugin_sdk::{ApiError, Call, Failure, http, settings};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The cloud, as one call sees it.
pub(crate) struct Cloud {
    endpoint: String,
}

/// What the manifest lists under `settings`.
#[derive(Deserialize)]
struct Settings {
    endpoint: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Server {
    pub(crate) state: String,
    pub(crate) disks: Vec<String>,
}

/// A server or a disk of which no more matters.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) id: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Attached {
    pub(crate) device: String,
}

/// `{"error": {"code": "QuotaExceeded", "message": "…"}}`.
#[derive(Deserialize)]
struct Refusal {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
    message: String,
}

impl Cloud {
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        let Settings { endpoint } = settings::parse(call)?;
        Ok(Self { endpoint })
    }

    /// The address of a thing. Each part is escaped, because identifiers come from outside.
    pub(crate) fn url(&self, path: &[&str]) -> String {
        let path: String = path.iter().map(|part| format!("/{}", http::escape(part))).collect();
        format!("{}/v1{path}", self.endpoint)
    }

    /// Sends a request that is answered with JSON.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, operation: &str, request: Request) -> Result<T, ApiError> {
        read(operation, &send(operation, request).await?)
    }

    /// What is there; none when nothing is. Any other answer than these two is an error.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        operation: &str,
        path: &[&str],
    ) -> Result<Option<T>, ApiError> {
        let answer = send(operation, http::get(self.url(path))).await?;
        if answer.status == 404 { Ok(None) } else { read(operation, &answer).map(Some) }
    }

    /// Those of this name.
    pub(crate) async fn named(&self, collection: &str, name: &str) -> Result<Vec<Named>, ApiError> {
        let url = format!("{}?name={}", self.url(&[collection]), http::escape(name));
        self.ask("List", http::get(url)).await
    }

    /// Removes what is there; says whether anything was.
    pub(crate) async fn delete(&self, operation: &str, path: &[&str]) -> Result<bool, ApiError> {
        let answer = send(operation, http::delete(self.url(path))).await?;
        match answer.status {
            404 => Ok(false),
            _ if answer.is_success() => Ok(true),
            _ => Err(refusal(operation, &answer)),
        }
    }
}

async fn send(operation: &str, request: Request) -> Result<Response, ApiError> {
    let sent = request.credential("cloud").send().await;
    sent.map_err(|error| ApiError::Host { operation: operation.to_owned(), error })
}

fn read<T: DeserializeOwned>(operation: &str, answer: &Response) -> Result<T, ApiError> {
    if !answer.is_success() {
        return Err(refusal(operation, answer));
    }
    answer.json().map_err(|error| ApiError::Client {
        operation: operation.to_owned(),
        message: format!("the answer cannot be read: {error}"),
    })
}

/// The cloud's own words, where there are any. A fault of the cloud's keeps its status as its code: who reads it knows that
/// the request may have been carried out.
fn refusal(operation: &str, answer: &Response) -> ApiError {
    match answer.json() {
        Ok(Refusal { error: Reason { code, message } }) if answer.status < 500 => {
            ApiError::Service { operation: operation.to_owned(), code, message, request_id: None }
        }
        _ => ApiError::of_answer(operation, answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        Response { status, headers: Vec::new(), body: body.into() }
    }

    #[test]
    fn identifiers_stay_in_their_segment() {
        let cloud = Cloud { endpoint: "https://c".to_owned() };
        assert_eq!(cloud.url(&["servers", "a/../b?x"]), "https://c/v1/servers/a%2F..%2Fb%3Fx");
    }

    #[test]
    fn the_clouds_words_are_passed_on() {
        let words = r#"{"error": {"code": "QuotaExceeded", "message": "no more"}}"#;
        assert_eq!(refusal("MakeDisk", &answer(403, words)).to_string(), "MakeDisk: QuotaExceeded: no more");
        let fault = refusal("MakeDisk", &answer(500, words));
        assert!(fault.may_have_arrived() && fault.to_string().contains("no more"), "{fault}");
    }

    #[test]
    fn an_answer_that_is_none_is_an_error() {
        let error = read::<Server>("GetServer", &answer(200, "<html>")).unwrap_err();
        assert!(error.to_string().starts_with("GetServer: the answer cannot be read"), "{error}");
        assert!(read::<Server>("GetServer", &answer(401, "")).is_err());
    }
}
