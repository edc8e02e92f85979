use std::time::SystemTime;

use cpi_plugin_sdk::{ApiError, Failure, clock};

use crate::errors::MaybeThrottled;
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
