use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cpi_policy::{CredentialFields, Denial, Grant, Limits, Manifest, Method, Outgoing, Permit, Refusal};

use cpi_protocol::printable;

use crate::{AgentVault, Journal, Level, sign};

mod budget;
mod client;
mod resolve;

use budget::Budget;
use client::Clients;

/// The one way out: permitted, signed, sent, capped and recorded.
pub struct Egress {
    manifest: Arc<Manifest>,
    grant: Arc<Grant>,
    secrets: CredentialFields,
    agents: Arc<AgentVault>,
    journal: Arc<Journal>,
    clients: Clients,
    budget: Budget,
}

/// A response as the plugin gets it.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case; values that are no text are made so.
    pub headers: Vec<(String, String)>,
    /// At most as long as the limit says.
    pub body: Vec<u8>,
}

/// Why there is no response. No text holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The grant does not allow it: the plugin, or the operator's configuration, is at fault.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The credential cannot be had: the configuration is at fault.
    #[error("{0}")]
    NoCredentials(String),
    /// Resolution, connection or TLS failed.
    #[error("{0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("{0}")]
    TimedOut(String),
    /// The answer is larger than this many bytes.
    #[error("the answer is larger than {0} bytes: raise [limits] http = {{ response = … }}")]
    TooLarge(u64),
    /// The plugin has more requests under way than fit into the memory meant for them.
    #[error("this call has more than {0} bytes of requests under way: wait for some of them first")]
    TooMuchWaiting(usize),
    /// The call has sent as many requests as it may.
    #[error("this call has sent {0} requests, which is the limit: raise [limits] http = {{ requests = … }}")]
    OverBudget(usize),
    /// The request cannot be put on the wire.
    #[error("{0}")]
    Invalid(String),
}

impl Egress {
    /// The way out for one call.
    pub fn new(
        manifest: Arc<Manifest>,
        grant: Arc<Grant>,
        secrets: CredentialFields,
        agents: Arc<AgentVault>,
        journal: Arc<Journal>,
    ) -> Self {
        let budget = Budget::new(grant.limits());
        Self { manifest, grant, secrets, agents, journal, clients: Clients::default(), budget }
    }

    /// Sends a request if the grant allows it, and sends it again while the cloud is busy and the policy says so.
    pub async fn send(&self, request: Outgoing) -> Result<Incoming, Problem> {
        let method = request.method;
        let _waiting = self.budget.count(request.body.len())?;
        let permit = self.grant.check(request).inspect_err(|denial| {
            self.journal.write(Level::Warn, format_args!("denied {} {denial}", method.name()));
        })?;
        let body = Bytes::from(self.agents.place(&permit));
        let limit = self.grant.limits().request;
        if body.len() > limit {
            return Err(Denial::BodyTooLarge { bytes: body.len(), limit }.into());
        }
        let mut retried = 0;
        loop {
            // A request that waits for its next try keeps its place: fewer are under way while the cloud is busy.
            let _open = self.budget.open().await?;
            let start = Instant::now();
            let attempt = self.exchange(&permit, body.clone()).await;
            self.record(&permit, start.elapsed(), &attempt);
            let Some((reason, pause)) = self.again(&attempt, retried) else {
                return attempt.map(|answer| self.without_secrets(answer)).map_err(Failed::into);
            };
            retried += 1;
            let most = self.grant.retry().most();
            let seconds = pause.as_secs_f64();
            self.journal.write(
                Level::Warn,
                format_args!("{reason}: trying again in {seconds:.1} s, {retried} of {most} times"),
            );
            tokio::time::sleep(pause).await;
        }
    }

    /// An answer in which an endpoint may have repeated what it was sent: neither credentials nor the agent's settings
    /// come to a plugin this way.
    fn without_secrets(&self, mut answer: Incoming) -> Incoming {
        let placed = self.agents.placed();
        let secrets: Vec<&str> = self.secrets.secrets().chain(placed.iter().map(String::as_str)).collect();
        for (_, value) in &mut answer.headers {
            if let Some(masked) = mask(value.as_bytes(), &secrets) {
                *value = String::from_utf8_lossy(&masked).into_owned();
            }
        }
        if let Some(masked) = mask(&answer.body, &secrets) {
            self.journal.write(Level::Warn, "the answer repeated a secret, which was taken out of it");
            answer.body = masked;
        }
        answer
    }

    /// Why and when a request is sent again.
    fn again(&self, attempt: &Result<Incoming, Failed>, retried: u32) -> Option<(String, Duration)> {
        let retry = self.grant.retry();
        let random = getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX));
        match attempt {
            Ok(answer) => {
                let retry_after = answer.headers.iter().find(|(name, _)| name == "retry-after");
                let refusal = Refusal {
                    status: answer.status,
                    retry_after: retry_after.map(|(_, value)| value.as_str()),
                    body: &answer.body,
                };
                retry.after(refusal, retried, random)
            }
            // Nothing was sent, so nothing can be done twice.
            Err(Failed { problem, connected: false }) => {
                retry.after_no_connection(retried, random).map(|pause| (problem.to_string(), pause))
            }
            Err(_) => None,
        }
    }

    async fn exchange(&self, permit: &Permit, body: Bytes) -> Result<Incoming, Failed> {
        let signature = match permit.signing() {
            Some(signing) => sign::sign(&self.manifest, &self.secrets, signing, permit, &body)?,
            None => Vec::new(),
        };
        let limits = self.grant.limits();
        let client = self.clients.for_rule(permit)?;
        let wanted = permit.request().timeout_ms.map_or(limits.request_time, |ms| Duration::from_millis(ms.into()));
        let request = permit
            .request()
            .headers
            .iter()
            .chain(&signature)
            .fold(
                client.request(http_method(permit.request().method), permit.url().clone()),
                |request, (name, value)| request.header(name, value),
            )
            .timeout(wanted.min(limits.request_time))
            .body(body);
        let response = request.send().await.map_err(|error| Failed::of(&error, permit, "connecting and sending"))?;
        receive(response, limits, permit).await
    }

    fn record(&self, permit: &Permit, took: Duration, outcome: &Result<Incoming, Failed>) {
        let what = format!(
            "{} {}{}",
            permit.request().method.name(),
            place(permit),
            permit.action().map(|action| format!(" {action}")).unwrap_or_default()
        );
        let ms = took.as_secs_f64() * 1e3;
        match outcome {
            Ok(answer) => self.journal.write(
                Level::Info,
                format_args!("{what} -> {} in {ms:.1} ms, {} bytes", answer.status, answer.body.len()),
            ),
            Err(Failed { problem, .. }) => {
                self.journal.write(Level::Warn, format_args!("{what} failed after {ms:.1} ms: {problem}"));
            }
        }
    }
}

/// An attempt without an answer.
struct Failed {
    problem: Problem,
    /// Whether anything can have reached the other side.
    connected: bool,
}

impl Failed {
    fn of(error: &reqwest::Error, permit: &Permit, phase: &str) -> Self {
        let problem = problem(error, permit, phase);
        // A service that restarts refuses connections for a while; a wrong name or certificate stays wrong.
        let refused = matches!(
            innermost(error).downcast_ref::<io::Error>().map(io::Error::kind),
            Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
        );
        Self { problem, connected: !(refused && error.is_connect()) }
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self { problem, connected: true }
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        failed.problem
    }
}

/// Where a request goes, without its query, which may hold a signature.
fn place(permit: &Permit) -> String {
    let url = permit.url();
    printable(&format!("{}{}", url.origin().ascii_serialization(), url.path()), 300)
}

/// The bytes without the secrets in them; `None` when there are none.
fn mask(bytes: &[u8], secrets: &[&str]) -> Option<Vec<u8>> {
    const SHORTEST: usize = 6;
    let mut masked: Option<Vec<u8>> = None;
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        while let Some(start) = memchr::memmem::find(masked.as_deref().unwrap_or(bytes), secret.as_bytes()) {
            let text = masked.get_or_insert_with(|| bytes.to_vec());
            text.splice(start..start + secret.len(), *b"*");
        }
    }
    masked
}

async fn receive(mut response: reqwest::Response, limits: &Limits, permit: &Permit) -> Result<Incoming, Failed> {
    let too_large = || Problem::TooLarge(limits.response as u64);
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    if response.content_length().is_some_and(|length| length > limits.response as u64) {
        return Err(too_large().into());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failed::of(&error, permit, "reading the answer"))? {
        if body.len() + chunk.len() > limits.response {
            return Err(too_large().into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Incoming { status, headers, body })
}

fn http_method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// What went wrong on the way, with the endpoint and the innermost cause: the outer texts only repeat one another.
fn problem(error: &reqwest::Error, permit: &Permit, phase: &str) -> Problem {
    if let Some(denial) = causes(error).find_map(|cause| cause.downcast_ref::<Denial>()) {
        return Problem::Denied(denial.clone());
    }
    let innermost = innermost(error);
    let endpoint = permit.url().origin().ascii_serialization();
    if error.is_timeout() {
        return Problem::TimedOut(format!(
            "{endpoint} did not answer in time, {phase}: [limits] http = {{ timeout = … }} says how long that is"
        ));
    }
    if error.is_builder() {
        return Problem::Invalid(format!("the request to {endpoint} is not valid: {innermost}"));
    }
    Problem::Unreachable(format!("{endpoint} cannot be reached, {phase}: {innermost}"))
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |&cause| cause.source())
}

fn innermost(error: &reqwest::Error) -> &(dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}
