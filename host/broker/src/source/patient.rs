use std::time::Duration;

use super::CredentialError;
use crate::Incoming;
use crate::network::{Network, OwnRequest};

/// How often a service that gives secrets is asked while it is busy.
pub(super) const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Asks a service, and asks again while it is busy, or silent so many times. `passing` are statuses that pass, apart from
/// the usual ones. The last answer, and how often it was asked.
pub(super) async fn ask(
    network: &Network,
    service: &str,
    request: &OwnRequest,
    passing: &[u16],
    attempts_in_silence: u32,
) -> Result<(Incoming, u32), CredentialError> {
    let is_busy = |status| matches!(status, 408 | 429 | 500..=599) || passing.contains(&status);
    let mut tried = 1;
    loop {
        let pause = match network.send(request.clone()).await {
            Ok(answer) if is_busy(answer.status) && tried < ATTEMPTS => pause(told(&answer), tried),
            Ok(answer) => return Ok((answer, tried)),
            Err(_) if tried < attempts_in_silence => pause(None, tried),
            Err(problem) => {
                let problem = format!("{problem}. Please make sure the CPI has proper network access to Azure");
                return Err(CredentialError::Unreachable { service: service.to_owned(), problem });
            }
        };
        tokio::time::sleep(pause).await;
        tried += 1;
    }
}

/// How long the service wants to be left alone.
fn told(answer: &Incoming) -> Option<Duration> {
    let (_, value) = answer.headers.iter().find(|(name, _)| name == "retry-after")?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// As long as the service says, or twice as long each time.
fn pause(told: Option<Duration>, tried: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(tried.saturating_sub(1)));
    told.unwrap_or(doubled).min(LONGEST_PAUSE)
}
