use cpi_plugin_sdk::{ApiError, Failure, Retriable};

use super::candidates::Reach;
use crate::errors;

/// A candidate that was not launched.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub spot: bool,
    pub instance_type: String,
    pub zone: String,
    pub cause: Cause,
}

/// Why a candidate was not launched.
#[derive(Debug)]
pub(crate) enum Cause {
    /// What came of the launch.
    Launch(ApiError),
    /// The subnet has no address left for an interface.
    SubnetFull(Failure),
    /// Something on the way to the launch.
    Other(Failure),
}

impl From<Failure> for Cause {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl Cause {
    /// An answer that was lost leaves open whether there is an instance, so there shall be no second one.
    pub(crate) fn reach(&self) -> Reach {
        match self {
            Self::Launch(error @ ApiError::Service { .. }) if errors::no_room(error) => Reach::Candidate,
            Self::Launch(ApiError::Service { .. }) => Reach::Market,
            Self::SubnetFull(_) => Reach::Place,
            Self::Launch(_) | Self::Other(_) => Reach::All,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Launch(error) => error.to_string(),
            Self::SubnetFull(failure) | Self::Other(failure) => failure.describe(),
        }
    }

    fn may_pass(&self) -> bool {
        match self {
            Self::Launch(error) => errors::is_capacity(error),
            Self::SubnetFull(failure) | Self::Other(failure) => {
                matches!(failure, Failure::VmNotCreated(Retriable { retry: true, .. }))
            }
        }
    }
}

impl Refusal {
    pub(crate) fn describe(&self) -> String {
        format!("{}{}: {}", self.what(), if self.spot { " (spot)" } else { "" }, self.cause.describe())
    }

    fn what(&self) -> String {
        format!("{} in {}", self.instance_type, self.zone)
    }

    fn failure(self) -> Failure {
        let what = self.what();
        let error = match self.cause {
            Cause::Launch(error) => error,
            Cause::SubnetFull(failure) | Cause::Other(failure) => return failure,
        };
        let market = if self.spot { "Spot instance creation failed: Failed to launch spot instance: " } else { "" };
        match errors::launch(error) {
            // EC2 itself does not always say which type it is about.
            failure @ Failure::VmNotCreated(_) => failure.within(&format!("{market}{what}")),
            other => other,
        }
    }
}

/// Why there is no VM, after everything that could be tried. Another attempt may go well if one of them lacked room.
pub(crate) fn failure(refusals: Vec<Refusal>) -> Failure {
    match <[Refusal; 1]>::try_from(refusals) {
        Ok([only]) => only.failure(),
        Err(refusals) => {
            let all: Vec<_> = refusals.iter().map(Refusal::describe).collect();
            let retry = refusals.iter().any(|refusal| refusal.cause.may_pass());
            Failure::vm_not_created(format!("nothing that could be tried was launched: {}", all.join("; ")), retry)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(spot: bool, instance_type: &str, code: &str) -> Refusal {
        let error = ApiError::Service {
            operation: "RunInstances".into(),
            code: code.into(),
            message: "no".into(),
            request_id: None,
        };
        Refusal { spot, instance_type: instance_type.into(), zone: "a".into(), cause: Cause::Launch(error) }
    }

    #[test]
    fn one_refusal_speaks_for_itself() {
        let failed = failure(vec![refusal(false, "t", "InsufficientInstanceCapacity")]);
        assert_eq!(failed, Failure::vm_not_created("t in a: RunInstances: InsufficientInstanceCapacity: no", true));
        let failed = failure(vec![refusal(true, "t", "Unsupported")]);
        let message = "Spot instance creation failed: Failed to launch spot instance: t in a: \
                       RunInstances: Unsupported: no";
        assert_eq!(failed, Failure::vm_not_created(message, false));
    }

    #[test]
    fn several_are_told_one_by_one() {
        let failed =
            failure(vec![refusal(true, "t", "InsufficientInstanceCapacity"), refusal(false, "u", "Unsupported")]);
        let message = "nothing that could be tried was launched: t in a (spot): RunInstances: \
                       InsufficientInstanceCapacity: no; u in a: RunInstances: Unsupported: no";
        assert_eq!(failed, Failure::vm_not_created(message, true));
    }

    #[test]
    fn what_fails_later_hides_nothing() {
        let full = Refusal { cause: Cause::SubnetFull(Failure::rejected("full")), ..refusal(false, "u", "") };
        assert_eq!(full.cause.reach(), Reach::Place);
        let failed = failure(vec![refusal(false, "t", "InsufficientInstanceCapacity"), full]);
        let message = "nothing that could be tried was launched: t in a: RunInstances: InsufficientInstanceCapacity: \
                       no; u in a: full";
        assert_eq!(failed, Failure::vm_not_created(message, true));
        let alone = Refusal { cause: Cause::Other(Failure::rejected("full")), ..refusal(true, "u", "") };
        assert_eq!(failure(vec![alone]), Failure::rejected("full"));
    }
}
