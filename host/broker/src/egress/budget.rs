use std::sync::atomic::{AtomicUsize, Ordering};

use cpi_policy::Limits;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Problem;

/// How many requests one call may have open, how many it may send at all, and how much it may keep waiting.
pub(super) struct Budget {
    open: Semaphore,
    sent: AtomicUsize,
    most: usize,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// Bytes of requests that are counted as long as this lives.
pub(super) struct Waiting<'a> {
    budget: &'a Budget,
    bytes: usize,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            open: Semaphore::new(limits.in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            sent: AtomicUsize::new(0),
            most: limits.requests,
            waiting: AtomicUsize::new(0),
            most_waiting: limits.request.saturating_mul(4),
        }
    }

    /// Counts a request, whatever becomes of it, and the memory that it takes until it is done.
    pub(super) fn count(&self, bytes: usize) -> Result<Waiting<'_>, Problem> {
        if self.sent.fetch_add(1, Ordering::Relaxed) >= self.most {
            return Err(Problem::OverBudget(self.most));
        }
        let waiting = Waiting { budget: self, bytes };
        if self.waiting.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > self.most_waiting {
            return Err(Problem::TooMuchWaiting(self.most_waiting));
        }
        Ok(waiting)
    }

    /// Waits for a place among the open requests; it is free again when the permit is dropped.
    pub(super) async fn open(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.open.acquire().await.map_err(|closed| Problem::Unreachable(closed.to_string()))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.budget.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
