//! Time, as the host tells it.

use std::time::{Duration, SystemTime};

use crate::bindings::bosh::cpi::clock as host;

/// The time of day.
#[must_use]
pub fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(host::unix_ms())
}

/// Waits. The call's own time limit goes on running.
pub async fn sleep(duration: Duration) {
    host::sleep(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)).await;
}
