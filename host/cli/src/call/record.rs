use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::time::SystemTime;

use cpi_broker::Journal;
use cpi_protocol::{CpiError, Method, Request};
use cpi_runtime::{Recorder, Start};
use serde_json::{Value, json};

use super::Options;
use crate::session::Session;

/// Begins the recording that `--record` asks for. A file that is there already is left alone.
pub(super) fn begin(
    options: &Options,
    session: &Session,
    request: &Request,
    journal: &Arc<Journal>,
) -> Result<Option<Arc<Recorder>>, CpiError> {
    let Some(path) = &options.record else { return Ok(None) };
    let failed = |error: &dyn std::fmt::Display| {
        CpiError::host(format!("the recording '{}' cannot be made: {error}; name another file", path.display()))
    };
    let file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| failed(&error))?;
    let mut seed = [0; 16];
    getrandom::fill(&mut seed).map_err(|error| failed(&error))?;
    let manifest = session.manifest();
    let start = Start {
        format: Start::FORMAT,
        host: env!("CARGO_PKG_VERSION").to_owned(),
        plugin: manifest.plugin.name.clone(),
        version: manifest.plugin.version.clone(),
        digest: session.digest.clone(),
        at: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        seed: format!("{:032x}", u128::from_be_bytes(seed)),
        request: public(request),
        settings: serde_json::from_str(&session.readable).map_err(|error| failed(&error))?,
    };
    Ok(Some(Arc::new(Recorder::new(file, start, Arc::clone(journal)))))
}

/// A request as far as it reaches a plugin: of the properties of its context nothing, of `env` the tags and groups.
fn public(request: &Request) -> Value {
    const ENV: usize = 5;
    let mut arguments = request.arguments.clone();
    if let (Method::CreateVm, Some(env)) = (request.method, arguments.get_mut(ENV)) {
        let bosh = env.get("bosh").and_then(Value::as_object);
        let public = |key: &&str| matches!(*key, "tags" | "group" | "groups");
        let kept = bosh.into_iter().flatten().filter(|(key, _)| public(&key.as_str()));
        *env = json!({"bosh": kept.map(|(key, value)| (key.clone(), value.clone())).collect::<cpi_protocol::Object>()});
    }
    let context = &request.context;
    json!({
        "method": request.method.name(),
        "arguments": arguments,
        "context": {
            "director_uuid": context.director_uuid,
            "request_id": context.request_id,
            "vm": {"stemcell": {"api_version": context.stemcell_api_version}},
        },
        "api_version": request.api_version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_reach_the_plugin_is_not_recorded() {
        let env = json!({"bosh": {"password": "secret", "tags": {"a": "b"}, "groups": ["g"]}, "mine": "secret"});
        let text = json!({
            "method": "create_vm",
            "arguments": ["agent", "stemcell", {}, {}, [], env],
            "context": {"director_uuid": "d", "access_key": "secret", "vm": {}},
        });
        let recorded = public(&Request::parse(text.to_string().as_bytes()).unwrap());
        assert!(!recorded.to_string().contains("secret"), "{recorded}");
        assert_eq!(recorded["arguments"][5], json!({"bosh": {"tags": {"a": "b"}, "groups": ["g"]}}));
        assert!(Request::parse(recorded.to_string().as_bytes()).is_ok());
    }
}
