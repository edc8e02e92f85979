use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use crate::{ApiError, http};

/// Turns what an SDK call failed with into an [`ApiError`], for `map_err`.
pub fn error<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> ApiError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    move |error| {
        let operation = operation.to_owned();
        if let Some(error) = host_error(&error) {
            return ApiError::Host { operation, error: error.clone() };
        }
        let Some(response) = error.raw_response() else {
            return ApiError::Client { operation, message: innermost(&error) };
        };
        if response.status().is_success() {
            let message = format!("the answer cannot be read: {}; {}", innermost(&error), beginning(response));
            return ApiError::Client { operation, message };
        }
        let status = response.status().as_u16();
        let code = error.code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
        let message = error
            .message()
            .map_or_else(|| format!("no error text in the answer: {}", beginning(response)), str::to_owned);
        let request_id = error.request_id().map(str::to_owned).or_else(|| request_id_in_body(response));
        ApiError::Service { operation, code, message, request_id }
    }
}

/// The cause itself: what stands around it repeats it, and prints whole answers.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

fn host_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a http::Error> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// What a server said that does not speak the API, such as a proxy.
fn beginning(response: &HttpResponse) -> String {
    const ENOUGH: usize = 200;
    let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
    let text: String = body.trim().chars().take(ENOUGH).collect();
    if text.is_empty() { "it is empty".to_owned() } else { format!("it begins: {text}") }
}

/// EC2 puts the number into the body, and not always into a header too.
fn request_id_in_body(response: &HttpResponse) -> Option<String> {
    let body = std::str::from_utf8(response.body().bytes()?).ok()?;
    let (_, rest) = body.split_once("<RequestID>").or_else(|| body.split_once("<RequestId>"))?;
    let (id, _) = rest.split_once('<')?;
    Some(id.trim().to_owned())
}
