use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cpi_policy::Limits;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Problem;
use crate::lock::lock;

/// How many requests one call may have open, how fast and how many it may send, how much of them it may keep in
/// memory, and how often and how long it may try again.
pub(super) struct Budget {
    open: Semaphore,
    sent: AtomicUsize,
    most: usize,
    waiting: AtomicUsize,
    most_waiting: usize,
    /// Time between two requests, and when the next one would be due if they came in that order.
    gap: Duration,
    due: Mutex<Option<Instant>>,
    /// What is left of the tries and of the time to wait before them.
    left: Mutex<(usize, Duration)>,
    /// When the call has to be done, if that is known.
    end: Mutex<Option<Instant>>,
}

/// So many requests may come at once, as long as they do not come faster in the long run.
const BURST: Duration = Duration::from_secs(1);

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
            gap: BURST / u32::try_from(limits.per_second.max(1)).unwrap_or(u32::MAX),
            due: Mutex::new(None),
            left: Mutex::new((limits.tries, limits.waiting)),
            end: Mutex::default(),
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

    /// How long this call's next request has to wait so that not too many are begun in a second.
    pub(super) fn pace(&self) -> Duration {
        let now = Instant::now();
        let mut due = lock(&self.due);
        let turn = due.map_or(now, |due| due.max(now));
        *due = Some(turn + self.gap);
        (turn + self.gap).saturating_duration_since(now + BURST)
    }

    /// How long this call may still wait for the sake of others.
    pub(super) fn patience(&self) -> Duration {
        lock(&self.left).1
    }

    /// Takes a wait out of what is left.
    pub(super) fn waited(&self, time: Duration) {
        let mut left = lock(&self.left);
        left.1 = left.1.saturating_sub(time);
    }

    /// The call has this much time, from now on.
    pub(super) fn ends_in(&self, time: Duration) {
        *lock(&self.end) = Instant::now().checked_add(time);
    }

    /// Whether the call has this much time yet.
    pub(super) fn has(&self, time: Duration) -> bool {
        lock(&self.end).is_none_or(|end| time <= end.saturating_duration_since(Instant::now()))
    }

    /// Takes a try and the wait before it out of what is left, if they are.
    pub(super) fn try_again(&self, pause: Duration) -> bool {
        let mut left = lock(&self.left);
        match (left.0.checked_sub(1), left.1.checked_sub(pause)) {
            (Some(tries), Some(waiting)) => {
                *left = (tries, waiting);
                true
            }
            _ => false,
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.budget.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_the_rest_is_spread_over_time() {
        let budget = Budget::new(&Limits { per_second: 10, ..Limits::default() });
        let waits: Vec<_> = (0..30).map(|_| budget.pace()).collect();
        assert!(waits.iter().take(10).all(Duration::is_zero), "{waits:?}");
        assert!(waits.last().is_some_and(|wait| wait.as_secs_f64() > 1.8), "{waits:?}");
    }

    #[test]
    fn tries_and_waits_of_all_requests_count_together() {
        let second = Duration::from_secs(1);
        let budget = Budget::new(&Limits { tries: 2, waiting: 3 * second, ..Limits::default() });
        assert!(budget.try_again(second));
        assert!(!budget.try_again(3 * second));
        assert!(budget.try_again(second));
        assert!(!budget.try_again(Duration::ZERO));
        assert_eq!(budget.patience(), second);
    }

    #[test]
    fn what_takes_longer_than_the_rest_of_the_call_is_not_begun() {
        let budget = Budget::new(&Limits::default());
        assert!(budget.has(Duration::MAX));
        budget.ends_in(Duration::from_mins(1));
        assert!(budget.has(Duration::from_secs(50)) && !budget.has(Duration::from_secs(61)));
    }
}
