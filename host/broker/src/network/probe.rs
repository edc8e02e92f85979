use std::time::{Duration, SystemTime};

use cpi_policy::AddressRule;
use url::Url;

use super::{Network, OwnRequest};
use crate::Problem;

/// That a service is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// HTTP status of its answer to a request that carries nothing.
    pub status: u16,
    /// How far its clock is from this machine's; `None` when it does not say what time it has.
    pub skew: Option<Duration>,
}

impl Network {
    /// Whether a service can be reached: its name, its addresses, its certificate, and an answer of whatever kind.
    pub async fn probe(&self, url: &Url, addresses: &AddressRule) -> Result<Probe, Problem> {
        let request = OwnRequest {
            method: reqwest::Method::GET,
            url: url.clone(),
            addresses: addresses.clone(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(10),
        };
        let answer = self.send(request).await?;
        let date = answer.headers.iter().find(|(name, _)| name == "date").map(|(_, value)| value);
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let now = SystemTime::now();
        let skew = date.map(|date| now.duration_since(date).unwrap_or_else(|error| error.duration()));
        Ok(Probe { status: answer.status, skew })
    }
}
