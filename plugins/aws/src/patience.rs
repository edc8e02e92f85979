use std::time::Duration;

/// How long and how often to look whether something has happened: soon at first, then less and less often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Patience {
    first: Duration,
    longest: Duration,
    total: Duration,
}

impl Patience {
    const fn new(first_ms: u64, longest_s: u64, total_s: u64) -> Self {
        Self {
            first: Duration::from_millis(first_ms),
            longest: Duration::from_secs(longest_s),
            total: Duration::from_secs(total_s),
        }
    }

    /// Volumes, snapshots, attachments.
    pub(crate) const RESOURCE: Self = Self::new(500, 15, 1600);
    /// Until EBS knows a snapshot that was just started.
    pub(crate) const SNAPSHOT_KNOWN: Self = Self::new(1000, 15, 150);
    /// Image copies take minutes, large ones from another region hours.
    pub(crate) const IMAGE: Self = Self::new(1000, 30, 3 * 3600);
    /// Until an image that was removed is not shown any more.
    pub(crate) const IMAGE_GONE: Self = Self::new(1000, 30, 1600);
    /// From the launch until the instance runs.
    pub(crate) const RUNNING: Self = Self::new(1000, 5, 780);
    /// From the order until the instance is gone.
    pub(crate) const TERMINATED: Self = Self::new(1000, 10, 600);
    /// Until a new interface can be attached.
    pub(crate) const INTERFACE: Self = Self::new(300, 5, 180);
    /// Until an interface that an instance has just let go can be deleted.
    pub(crate) const INTERFACE_RELEASED: Self = Self::new(1000, 10, 490);
    /// Until an address that a deleted VM held is free.
    pub(crate) const ADDRESS_FREE: Self = Self::new(2000, 30, 570);
    /// Until a volume that was just detached can be deleted.
    pub(crate) const VOLUME_RELEASED: Self = Self::new(1000, 15, 570);
    /// Until a volume that another VM lets go, or a VM that is just starting, takes an attachment.
    pub(crate) const ATTACHABLE: Self = Self::new(1000, 15, 390);
    /// Until every part of EC2 knows of something new.
    pub(crate) const CONSISTENT: Self = Self::new(500, 4, 20);
    /// For what may be new, but is probably not there.
    pub(crate) const SECOND_LOOK: Self = Self::new(1000, 1, 1);
    /// For an order whose answer was lost, beside the host's own tries.
    pub(crate) const ANSWER: Self = Self::new(500, 2, 4);
    /// Until the snapshots of an image that was just removed can be deleted.
    pub(crate) const SNAPSHOT_RELEASED: Self = Self::new(1000, 10, 60);

    /// The pauses between the looks; the first look comes before the first pause.
    pub(crate) fn pauses(self) -> impl Iterator<Item = Duration> {
        let mut next = self.first;
        let mut left = self.total;
        std::iter::from_fn(move || {
            let pause = next.min(self.longest).min(left);
            next = next.saturating_mul(3) / 2;
            left -= pause;
            (!pause.is_zero()).then_some(pause)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_add_up_to_the_total() {
        let pauses: Vec<_> = Patience::new(1000, 4, 20).pauses().collect();
        assert_eq!(pauses.first(), Some(&Duration::from_secs(1)));
        assert!(pauses.is_sorted_by(|a, b| a <= b || b.as_secs() < 4));
        assert_eq!(pauses.iter().max(), Some(&Duration::from_secs(4)));
        assert_eq!(pauses.iter().sum::<Duration>(), Duration::from_secs(20));
    }

    #[test]
    fn the_first_looks_come_early() {
        let early: Duration = Patience::RUNNING.pauses().take(4).sum();
        assert!(early < Duration::from_secs(10), "{early:?}");
    }
}
