use cpi_plugin_sdk::{ApiError, Failure, Retriable};

use crate::errors;

/// A launch that EC2 answered with an error.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub spot: bool,
    pub instance_type: String,
    pub zone: String,
    pub error: ApiError,
}

impl Refusal {
    pub(crate) fn describe(&self) -> String {
        let Self { instance_type, zone, error, .. } = self;
        let market = if self.spot { " (spot)" } else { "" };
        format!("{instance_type} in {zone}{market}: {error}")
    }

    fn failure(self) -> Failure {
        match errors::launch(self.error) {
            Failure::VmNotCreated(Retriable { message, retry }) if self.spot => Failure::vm_not_created(
                format!("Spot instance creation failed: Failed to launch spot instance: {message}"),
                retry,
            ),
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
            let retry = refusals.iter().any(|refusal| errors::is_capacity(&refusal.error));
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
        Refusal { spot, instance_type: instance_type.into(), zone: "a".into(), error }
    }

    #[test]
    fn one_refusal_speaks_for_itself() {
        let failed = failure(vec![refusal(false, "t", "InsufficientInstanceCapacity")]);
        assert_eq!(failed, Failure::vm_not_created("RunInstances: InsufficientInstanceCapacity: no", true));
        let failed = failure(vec![refusal(true, "t", "Unsupported")]);
        let message = "Spot instance creation failed: Failed to launch spot instance: RunInstances: Unsupported: no";
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
}
