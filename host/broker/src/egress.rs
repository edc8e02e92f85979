use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cpi_policy::{Denial, Grant, Limits, Outgoing, Permit};
use cpi_protocol::printable;

use crate::lock::lock;
use crate::network::answer::Failed;
use crate::{AgentVault, CredentialError, Credentials, Journal, Level, Network, Throttle};

mod budget;
mod exchange;
mod redact;
mod tries;

use budget::Budget;
use redact::Redactor;

/// The one way out: permitted, signed, sent, capped and recorded.
pub struct Egress {
    grant: Arc<Grant>,
    credentials: Credentials,
    network: Arc<Network>,
    agents: Arc<AgentVault>,
    journal: Arc<Journal>,
    budget: Budget,
    throttle: Option<Throttle>,
    /// With how many secrets had come when it was made.
    redactor: Mutex<Option<(usize, Arc<Redactor>)>>,
    /// Bytes of images that were sent.
    carried: AtomicU64,
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
    /// The request cannot be authenticated.
    #[error(transparent)]
    NoCredentials(#[from] CredentialError),
    /// Resolution, connection or TLS failed.
    #[error("{0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("{0}")]
    TimedOut(String),
    /// The answer is larger than this many bytes.
    #[error("limit-response: the answer is larger than {0} bytes: raise [limits] http = {{ response = … }}")]
    TooLarge(u64),
    /// The plugin has more requests under way than fit into the memory meant for them.
    #[error(
        "limit-waiting: this call has more than {0} bytes of requests under way: wait for some of them first, \
         or raise [limits] http = {{ request = … }}, which is a quarter of it"
    )]
    TooMuchWaiting(usize),
    /// The call has sent as many requests as it may.
    #[error(
        "limit-requests: this call has sent {0} requests, which is the limit: raise [limits] http = {{ requests = … }}"
    )]
    OverBudget(usize),
    /// The request cannot be put on the wire.
    #[error("{0}")]
    Invalid(String),
}

impl Egress {
    /// The way out for one call.
    pub fn new(
        grant: Arc<Grant>,
        credentials: Credentials,
        network: Arc<Network>,
        agents: Arc<AgentVault>,
        journal: Arc<Journal>,
    ) -> Self {
        let budget = Budget::new(grant.limits());
        Self {
            grant,
            credentials,
            network,
            agents,
            journal,
            budget,
            throttle: None,
            redactor: Mutex::default(),
            carried: AtomicU64::new(0),
        }
    }

    /// The same, slowing down together with other calls whose service is busy.
    #[must_use]
    pub fn with_throttle(self, throttle: Throttle) -> Self {
        Self { throttle: Some(throttle), ..self }
    }

    /// The call has this much time, from now on.
    pub fn ends_in(&self, time: Duration) {
        self.budget.ends_in(time);
    }

    /// Sends a request if the grant allows it, and sends it again while the cloud is busy and the policy says so.
    pub async fn send(&self, request: Outgoing) -> Result<Incoming, Problem> {
        let method = request.method;
        let _waiting = self.budget.count(request.size())?;
        let permit = self.grant.check(request).inspect_err(|denial| {
            self.journal.write(Level::Warn, format_args!("denied {} {denial}", method.name()));
        })?;
        let body = Bytes::from(self.agents.place(&permit));
        let limit = self.grant.limits().request;
        if body.len() > limit {
            return Err(Denial::BodyTooLarge { bytes: body.len(), limit }.into());
        }
        self.send_until_final(&permit, body).await.map(|answer| self.without_secrets(answer))
    }

    /// Sends a block of an image. How many there are, the operator has decided, who named the image; so they count neither
    /// against the number of requests nor against their rate, and the log has one line for all of them.
    pub(crate) async fn send_block(&self, request: Outgoing, block: Bytes) -> Result<Incoming, Problem> {
        let method = request.method;
        let permit = self.grant.check_image(request, block.len()).inspect_err(|denial| {
            self.journal.write(Level::Warn, format_args!("denied {} {denial}", method.name()));
        })?;
        let bytes = block.len() as u64;
        let answer = self.send_until_final(&permit, block).await?;
        self.carried.fetch_add(bytes, Ordering::Relaxed);
        Ok(self.without_secrets(answer))
    }

    /// How much was sent of images, in bytes.
    pub fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }

    pub(crate) fn limits(&self) -> &Limits {
        self.grant.limits()
    }

    /// An answer in which an endpoint may have repeated what it was sent: neither credentials nor the agent's settings
    /// come to a plugin this way.
    fn without_secrets(&self, mut answer: Incoming) -> Incoming {
        if self.redactor().clean(&mut answer) {
            self.journal.write(Level::Warn, "the answer repeated a secret, which was taken out of it");
        }
        answer
    }

    /// Made anew only when a credential or an agent's settings came since the last answer: none of them ever goes.
    fn redactor(&self) -> Arc<Redactor> {
        let came = self.credentials.obtained() + self.agents.sealed();
        let mut kept = lock(&self.redactor);
        match &*kept {
            Some((before, redactor)) if *before == came => Arc::clone(redactor),
            _ => {
                let secrets = [self.credentials.secrets(), self.agents.secrets()].concat();
                let redactor = Arc::new(Redactor::new(&secrets));
                *kept = Some((came, Arc::clone(&redactor)));
                redactor
            }
        }
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
            Ok(answer) if permit.carries_image() && answer.status < 400 => {
                self.journal.detail(format_args!("{what} -> {} in {ms:.1} ms", answer.status));
            }
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

/// Where a request goes, without its query, which may hold a signature.
fn place(permit: &Permit) -> String {
    let url = permit.url();
    printable(&format!("{}{}", url.origin().ascii_serialization(), url.path()), 300)
}
