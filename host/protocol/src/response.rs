use serde_json::{Value, json};

use crate::CpiError;

/// The one answer of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    outcome: Result<Value, CpiError>,
}

impl Response {
    /// The answer that a call's outcome makes.
    pub fn new(outcome: Result<Value, CpiError>) -> Self {
        Self { outcome }
    }

    /// What the call came to.
    pub fn outcome(&self) -> Result<&Value, &CpiError> {
        self.outcome.as_ref()
    }

    /// One line of JSON: `result`, `error`, `log`, in this order, always all three.
    ///
    /// `log` stays empty: directors show stderr beside it, and the same text would appear twice.
    pub fn to_line(&self) -> String {
        let document = match &self.outcome {
            Ok(result) => json!({"result": result, "error": null, "log": ""}),
            Err(error) => json!({"result": null, "error": error.to_json(), "log": ""}),
        };
        format!("{document}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorType;

    #[test]
    fn members_stand_in_the_order_that_suites_compare() {
        assert_eq!(Response::new(Ok(json!(true))).to_line(), "{\"result\":true,\"error\":null,\"log\":\"\"}\n");
        assert_eq!(
            Response::new(Err(CpiError::new(ErrorType::CloudError, "no"))).to_line(),
            "{\"result\":null,\"error\":{\"type\":\"Bosh::Clouds::CloudError\",\"message\":\"no\",\
             \"ok_to_retry\":false},\"log\":\"\"}\n"
        );
    }
}
