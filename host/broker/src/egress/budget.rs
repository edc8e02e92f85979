use std::sync::atomic::{AtomicUsize, Ordering};

use cpi_policy::Limits;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Problem;

/// How many requests one call may have open, and how many it may send at all.
pub(super) struct Budget {
    open: Semaphore,
    sent: AtomicUsize,
    most: usize,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            open: Semaphore::new(limits.in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            sent: AtomicUsize::new(0),
            most: limits.requests,
        }
    }

    /// Waits for a place among the open requests; it is free again when the permit is dropped.
    pub(super) async fn take(&self) -> Result<SemaphorePermit<'_>, Problem> {
        if self.sent.fetch_add(1, Ordering::Relaxed) >= self.most {
            return Err(Problem::OverBudget(self.most));
        }
        self.open.acquire().await.map_err(|closed| Problem::Unreachable(closed.to_string()))
    }
}
