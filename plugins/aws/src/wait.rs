use std::time::SystemTime;

use cpi_plugin_sdk::{ApiError, Failure, clock};

use crate::errors::{self, MaybeThrottled};
use crate::patience::Patience;

/// Looks until there is something to see; `None` when patience runs out. Being told to slow down is not an end.
pub(crate) async fn until<T, E: MaybeThrottled>(
    patience: Patience,
    mut look: impl AsyncFnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let mut pauses = patience.pauses();
    loop {
        let seen = look().await;
        match (seen, pauses.next()) {
            (Ok(None), Some(pause)) => clock::sleep(pause).await,
            (Err(error), Some(pause)) if error.is_throttled() => clock::sleep(pause).await,
            (seen, _) => return seen,
        }
    }
}

/// Tries again while the error is one that passes; the last error when patience runs out.
pub(crate) async fn retry<T>(
    patience: Patience,
    transient: impl Fn(&ApiError) -> bool,
    mut attempt: impl AsyncFnMut() -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let mut pauses = patience.pauses();
    loop {
        match attempt().await {
            Err(error) if transient(&error) => match pauses.next() {
                Some(pause) => clock::sleep(pause).await,
                None => return Err(error),
            },
            other => return other,
        }
    }
}

/// Uses something that was just made: until every part of EC2 knows of it, some say that there is no such thing.
pub(crate) async fn until_known<T>(attempt: impl AsyncFnMut() -> Result<T, ApiError>) -> Result<T, ApiError> {
    retry(Patience::CONSISTENT, errors::not_known_yet, attempt).await
}

/// Gives an order that makes nothing twice, such as one with a token, again while its answer cannot be read.
pub(crate) async fn until_answered<T>(order: impl AsyncFnMut() -> Result<T, ApiError>) -> Result<T, ApiError> {
    let unreadable = |error: &ApiError| matches!(error, ApiError::Client { .. });
    retry(Patience::ANSWER, unreadable, order).await
}

/// Gives an order, and where the answer is lost, `look` tells whether it was carried out; if it was not, it is given again.
/// An order that is then refused may be refused because of the first one, so that is looked at as well.
pub(crate) async fn carried_out<T>(
    mut order: impl AsyncFnMut() -> Result<T, ApiError>,
    mut look: impl AsyncFnMut() -> Result<Option<T>, ApiError>,
) -> Result<T, ApiError> {
    let mut pauses = Patience::ANSWER.pauses();
    let mut lost = false;
    loop {
        let error = match order().await {
            Err(error) if lost || error.may_have_arrived() => error,
            other => return other,
        };
        lost = true;
        // What cannot be looked at may still be answered the next time.
        if let Ok(Some(done)) = look().await {
            return Ok(done);
        }
        match pauses.next() {
            Some(pause) => clock::sleep(pause).await,
            None => return Err(error),
        }
    }
}

/// Measures a wait for messages.
pub(crate) struct Stopwatch(SystemTime);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(clock::now())
    }

    pub(crate) fn timed_out(&self, what: &str, target: &str) -> Failure {
        Failure::rejected(format!("Timed out waiting for {what} to be {target}, took {}s", self.seconds()))
    }

    pub(crate) fn wrong_state(&self, what: &str, state: &str, target: &str) -> Failure {
        Failure::rejected(format!("{what} state is {state}, expected {target}, took {}s", self.seconds()))
    }

    fn seconds(&self) -> u64 {
        clock::now().duration_since(self.0).map_or(0, |elapsed| elapsed.as_secs())
    }
}
