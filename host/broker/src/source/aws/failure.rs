//! What the AWS crates fail with, in words for operators.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use cpi_protocol::printable;

use crate::Problem;
use crate::source::CredentialError;

/// Long enough for every text of a service.
const ENOUGH: usize = 500;

/// What a call of a service failed with.
pub(super) fn of_service<E>(service: &str, error: &SdkError<E, HttpResponse>) -> CredentialError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    if let Some(problem) = problem(error) {
        return CredentialError::unreachable(service, problem);
    }
    let service = service.to_owned();
    match (error.raw_response().map(HttpResponse::status), error.code()) {
        (Some(_), Some(code)) => CredentialError::Refused {
            service,
            code: printable(code, ENOUGH),
            message: printable(error.message().unwrap_or("without a reason"), ENOUGH),
        },
        (Some(status), None) if !status.is_success() => CredentialError::Refused {
            service,
            code: format!("HTTP {}", status.as_u16()),
            message: "there is no error of the service in the answer".to_owned(),
        },
        (Some(_), None) => CredentialError::Unreadable { service, problem: chain(error) },
        (None, _) => CredentialError::Unreachable { service, problem: chain(error) },
    }
}

/// What a provider of keys failed with. Where keys have to be in settings, their absence is a mistake in these.
pub(super) fn of_provider(service: &str, is_settings: bool, error: &CredentialsError) -> CredentialError {
    if let Some(problem) = problem(error) {
        return CredentialError::unreachable(service, problem);
    }
    let service = service.to_owned();
    let words = chain(error);
    if words.contains("credentials-process") {
        return CredentialError::Settings(
            "credential_process is refused: cpi-host runs no other programs; put keys or a role into the profile"
                .to_owned(),
        );
    }
    match error {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) if is_settings => {
            CredentialError::Settings(format!("{service} gives no credentials: {words}"))
        }
        CredentialsError::CredentialsNotLoaded(_)
        | CredentialsError::InvalidConfiguration(_)
        | CredentialsError::ProviderTimedOut(_) => CredentialError::Unreachable { service, problem: words },
        _ => CredentialError::Unreadable { service, problem: words },
    }
}

/// What the network said, which is told better than by those who repeat it.
fn problem<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Problem> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The texts of all causes, each once. None of them is printed for debugging: that shows whole answers.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        // Some are lists, a line for each.
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let text = lines.join("; ");
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
    }
    printable(&texts.join(": "), ENOUGH)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}
