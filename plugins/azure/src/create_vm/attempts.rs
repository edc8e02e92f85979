use cpi_plugin_sdk::ApiError;

use super::request::Candidate;
use crate::errors;

/// So often Azure is asked for a VM that it begins and does not bring up.
const TRIES: usize = 3;

/// Sizes and places for a VM, in the order in which they are tried.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    candidates: Vec<Candidate<'a>>,
    /// How many were in vain.
    vain: usize,
    /// What an earlier call of the same agent left was removed.
    replaced: bool,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(candidates: Vec<Candidate<'a>>) -> Self {
        Self { candidates, vain: 0, replaced: false }
    }

    /// The one to try now: after the last one the first again.
    pub(crate) fn current(&self) -> Option<Candidate<'a>> {
        self.candidates.get(self.vain % self.candidates.len().max(1)).copied()
    }

    /// Whether there is one to try after this error; what there is of the VM has to be removed before. `begun`: Azure
    /// accepted the order, and the VM did not come up.
    pub(crate) fn go_on(&mut self, error: &ApiError, begun: bool) -> bool {
        // The VM of an earlier call cannot become this one; with it gone, the same size and place may do.
        if error.is(&["PropertyChangeNotAllowed"]) && !self.replaced {
            self.replaced = true;
            return true;
        }
        self.vain += 1;
        let elsewhere = self.vain < self.candidates.len() && (begun || errors::may_pass(error));
        elsewhere || begun && self.vain < TRIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(size: &str) -> Candidate<'_> {
        Candidate { size, zone: None, spot: None }
    }

    fn error(code: &str) -> ApiError {
        ApiError::Service { operation: "op".into(), code: code.into(), message: "m".into(), request_id: None }
    }

    fn size(attempts: &Attempts<'_>) -> String {
        attempts.current().unwrap().size.to_owned()
    }

    #[test]
    fn a_vm_that_did_not_come_up_is_tried_three_times() {
        let mut attempts = Attempts::new(vec![candidate("A")]);
        let broken = error("OSProvisioningTimedOut");
        assert_eq!([true, true, false], [(); 3].map(|()| attempts.go_on(&broken, true)));
        assert_eq!(size(&attempts), "A");
    }

    #[test]
    fn every_size_is_tried_where_there_is_no_room() {
        let mut attempts = Attempts::new(["A", "B", "C", "D"].map(candidate).to_vec());
        let full = error("AllocationFailed");
        for next in ["B", "C", "D"] {
            assert!(attempts.go_on(&full, false));
            assert_eq!(size(&attempts), next);
        }
        assert!(!attempts.go_on(&full, false) && !attempts.go_on(&full, true));
    }

    #[test]
    fn what_is_wrong_everywhere_is_tried_once() {
        let mut attempts = Attempts::new(["A", "B"].map(candidate).to_vec());
        assert!(!attempts.go_on(&error("InvalidParameter"), false));
        assert!(Attempts::new(Vec::new()).current().is_none());
    }

    #[test]
    fn what_is_left_of_an_earlier_call_costs_no_attempt_and_is_replaced_once() {
        let mut attempts = Attempts::new(vec![candidate("A")]);
        let left = error("PropertyChangeNotAllowed");
        assert!(attempts.go_on(&left, false));
        assert_eq!(size(&attempts), "A");
        assert!(!attempts.go_on(&left, false));
    }
}
