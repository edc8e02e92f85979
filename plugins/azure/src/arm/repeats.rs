use std::time::Duration;

use cpi_plugin_sdk::ApiError;

use super::error::{is_in_the_way, is_outdated};
use super::operation::{Ended, Pace};
use crate::errors;

/// Other operations on the same resource end within minutes, or not soon.
const IN_THE_WAY: Duration = Duration::from_mins(4);
/// So often Azure may have the same request sent again whose operation failed.
const FAILED: usize = 3;

/// When the same request is sent again.
#[derive(Debug)]
pub(super) struct Repeats {
    /// The request names the version that it changes.
    names_version: bool,
    /// So often more a conflict is not believed.
    conflicts: usize,
    pace: Pace,
    failed: usize,
}

impl Repeats {
    pub(super) fn new(names_version: bool, conflicts: usize) -> Self {
        Self { names_version, conflicts, pace: Pace::new(), failed: 0 }
    }

    /// Why and when to send it again after it ended like this, if it is to be sent again. `status` is that of Azure's answer,
    /// and `told` the pause that it asks for.
    pub(super) fn next(
        &mut self,
        ended: &Result<Ended, ApiError>,
        status: u16,
        told: Option<Duration>,
    ) -> Option<(ApiError, Duration)> {
        let (error, again) = match ended {
            Ok(Ended::Done) => return None,
            Ok(Ended::Failed { error, again }) => (error, *again),
            Ok(Ended::Canceled(error)) | Err(error) => (error, None),
        };
        if self.will_pass(error) && self.pace.waited() < IN_THE_WAY {
            let pause = self.pace.pause(again.or(told))?;
            return Some((error.clone(), pause));
        }
        if status == 409 && self.conflicts > 0 {
            self.conflicts -= 1;
            return Some((error.clone(), Duration::ZERO));
        }
        let pause = again.filter(|pause| *pause <= IN_THE_WAY)?;
        // Where there is no room, waiting in this place is the wrong thing to do.
        if errors::lacks_room(error) || self.failed == FAILED {
            return None;
        }
        self.failed += 1;
        Some((error.clone(), pause))
    }

    /// A version that is no more never comes back: its reader has to look again.
    fn will_pass(&self, error: &ApiError) -> bool {
        is_in_the_way(error) || is_outdated(error) && !self.names_version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str) -> ApiError {
        ApiError::Service { operation: "op".into(), code: code.into(), message: "m".into(), request_id: None }
    }

    fn refused(code: &str) -> Result<Ended, ApiError> {
        Err(error(code))
    }

    fn pauses(mut repeats: Repeats, ended: &Result<Ended, ApiError>, told: Option<Duration>) -> Vec<Duration> {
        std::iter::from_fn(|| repeats.next(ended, 409, told)).map(|(_, pause)| pause).collect()
    }

    #[test]
    fn what_is_in_the_way_is_waited_for_with_or_without_a_version() {
        for names_version in [false, true] {
            for code in ["AnotherOperationInProgress", "ConflictingConcurrentWriteNotAllowed", "RetryableError"] {
                let pauses = pauses(Repeats::new(names_version, 0), &refused(code), None);
                let all: Duration = pauses.iter().sum();
                assert!(
                    pauses.len() > 40 && all >= IN_THE_WAY && all < IN_THE_WAY + Duration::from_secs(10),
                    "{all:?}"
                );
            }
        }
    }

    #[test]
    fn azure_says_how_long() {
        let told = Some(Duration::from_secs(30));
        let pauses = pauses(Repeats::new(true, 0), &refused("AnotherOperationInProgress"), told);
        assert_eq!(pauses.iter().max(), told.as_ref());
    }

    #[test]
    fn a_version_that_is_no_more_is_not_waited_for() {
        assert!(pauses(Repeats::new(true, 0), &refused("PreconditionFailed"), None).is_empty());
        assert!(!pauses(Repeats::new(false, 0), &refused("PreconditionFailed"), None).is_empty());
    }

    #[test]
    fn some_conflicts_are_not_believed_at_once() {
        let twice = |code: &str| pauses(Repeats::new(false, 1), &refused(code), None);
        assert_eq!(twice("OperationNotAllowed"), [Duration::ZERO]);
        let mut repeats = Repeats::new(false, 1);
        assert!(repeats.next(&refused("AuthorizationFailed"), 403, None).is_none());
        let failed = Ok(Ended::Failed { error: error("InternalExecutionError"), again: None });
        assert!(repeats.next(&failed, 202, None).is_none());
    }

    #[test]
    fn what_failed_is_sent_again_three_times_where_azure_wants_it() {
        let failed = |code: &str, seconds: Option<u64>| {
            let again = seconds.map(Duration::from_secs);
            pauses(Repeats::new(false, 0), &Ok(Ended::Failed { error: error(code), again }), None)
        };
        assert_eq!(failed("InternalExecutionError", Some(240)), [Duration::from_secs(240); FAILED]);
        for (code, again) in
            [("InternalExecutionError", None), ("InternalExecutionError", Some(241)), ("AllocationFailed", Some(1))]
        {
            assert!(failed(code, again).is_empty(), "{code} {again:?}");
        }
        assert!(pauses(Repeats::new(false, 0), &Ok(Ended::Done), None).is_empty());
        assert!(pauses(Repeats::new(false, 0), &refused("InvalidParameter"), Some(Duration::ZERO)).is_empty());
    }
}
