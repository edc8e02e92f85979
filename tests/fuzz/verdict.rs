use cpi_tests::{Answer, ERROR_TYPES};
use serde_json::Value;

/// What messages say when the host or the plugin broke down instead of refusing.
const BREAKDOWNS: [&str; 4] = ["cpi-host failed", "panicked", "plugin 'sim' failed", "took longer than"];

/// The response, if a director could read it and nothing broke down.
pub(crate) fn of(answer: &Answer) -> Result<Value, String> {
    let ensure = |holds: bool, problem: &str| if holds { Ok(()) } else { Err(problem.to_owned()) };
    ensure(answer.status == 0, "the exit status is not 0")?;
    ensure(answer.stdout.ends_with('\n') && answer.stdout.lines().count() == 1, "stdout is not one line")?;
    let response: Value =
        serde_json::from_str(&answer.stdout).map_err(|error| format!("stdout is no JSON: {error}"))?;
    let members: Vec<_> = response.as_object().into_iter().flat_map(|object| object.keys()).collect();
    ensure(members == ["result", "error", "log"], "the response has other members")?;
    ensure(response["log"].is_string(), "log is no text")?;
    if !response["error"].is_null() {
        let error = &response["error"];
        ensure(response["result"].is_null(), "there is a result beside the error")?;
        ensure(error["type"].as_str().is_some_and(|kind| ERROR_TYPES.contains(&kind)), "no director knows this error")?;
        ensure(error["ok_to_retry"].is_boolean(), "ok_to_retry is not a boolean")?;
        let message = error["message"].as_str().unwrap_or_default();
        ensure(!message.is_empty(), "the error has no message")?;
        ensure(!BREAKDOWNS.iter().any(|words| message.contains(words)), "something broke down")?;
    }
    ensure(!answer.stderr.contains("panicked"), "something panicked")?;
    // Every line begins with the time: nothing of a request looks like a line of its own.
    ensure(answer.stderr.lines().all(|line| line.starts_with("20")), "the log has a line that is not the host's")?;
    Ok(response)
}

/// `result`, or the type of the error.
pub(crate) fn kind(response: &Value) -> String {
    response["error"]["type"].as_str().unwrap_or("result").to_owned()
}
