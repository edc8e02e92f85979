use cpi_plugin_sdk::ApiError;
use cpi_plugin_sdk::http::{Method, Request, Response};

use super::{Account, error};

/// The version of the interface of blobs. What is signed, and what has a length, depends on it.
const BLOBS: &str = "2018-11-09";
/// That of tables.
const TABLES: &str = "2017-11-09";

/// A request to the blobs of an account. The host signs it with the account's key, which it asks for itself.
pub(super) fn blobs(account: &Account, method: Method, url: String) -> Request {
    let credential = if account.takes_keys() { "storage" } else { "storage-entra" };
    Request::new(method, url).header("x-ms-version", BLOBS).credential(credential)
}

/// A request to the tables of an account.
pub(super) fn tables(account: &Account, method: Method, url: String) -> Request {
    let credential = if account.takes_keys() { "tables" } else { "storage-entra" };
    Request::new(method, url)
        .header("x-ms-version", TABLES)
        .header("dataserviceversion", "3.0;")
        .header("accept", "application/json;odata=nometadata")
        .credential(credential)
}

/// Sends a request. Every answer but success, and those that the caller names, is an error.
pub(super) async fn send(operation: &str, request: Request, expected: &[u16]) -> Result<Response, ApiError> {
    let sent = request.send().await;
    let answer = sent.map_err(|error| ApiError::Host { operation: operation.to_owned(), error })?;
    if answer.is_success() || expected.contains(&answer.status) {
        return Ok(answer);
    }
    Err(error::of_answer(operation, &answer))
}
