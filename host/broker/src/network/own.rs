use std::time::Duration;

use cpi_policy::AddressRule;
use url::Url;

use super::Network;
use super::answer::{Failed, receive};
use super::length::with_length;
use crate::{Incoming, Problem};

/// A request of the host's own, such as one for a token. It takes the same way as those of plugins: no redirect is
/// followed, addresses are checked, and an answer has a limit.
#[derive(Clone)]
pub(crate) struct OwnRequest {
    pub(crate) method: reqwest::Method,
    pub(crate) url: Url,
    /// Where it may be sent: a name that the operator wrote may have any address.
    pub(crate) addresses: AddressRule,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// From connecting to the last byte.
    pub(crate) timeout: Duration,
}

/// Longer than any token or error of a service that gives tokens.
const LONGEST_ANSWER: usize = 1 << 20;

impl Network {
    /// Sends a request of the host's own, once.
    pub(crate) async fn send(&self, request: OwnRequest) -> Result<Incoming, Problem> {
        let place = self.name(&request.url);
        let client = self.client(&request.url, &request.addresses)?;
        let sent = request
            .headers
            .iter()
            .fold(with_length(&client, request.method, request.url, request.body), |sent, (name, value)| {
                sent.header(name, value)
            })
            .timeout(request.timeout)
            .send()
            .await
            .map_err(|error| without_limit(Failed::of(&error, &place, "connecting and sending").into(), &place))?;
        receive(sent, LONGEST_ANSWER, &place).await.map_err(|failed| without_limit(failed.into(), &place))
    }
}

/// The limits that the texts of [`Problem`] name are those of plugins' requests.
fn without_limit(problem: Problem, place: &str) -> Problem {
    match problem {
        Problem::TimedOut(_) => Problem::TimedOut(format!("{place} did not answer in time")),
        Problem::TooLarge(limit) => {
            Problem::Unreachable(format!("{place} sent more than {limit} bytes, which is no answer to this request"))
        }
        other => other,
    }
}
