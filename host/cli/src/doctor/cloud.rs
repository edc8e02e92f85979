use std::sync::Arc;
use std::time::Duration;

use cpi_broker::AgentVault;
use cpi_policy::{Reach, in_words};

use super::files::Configured;
use super::finding::Findings;
use crate::{event_loop, paths};

/// Whose state is looked at: no director has this name.
const DIRECTOR: &str = "cpi-host doctor";
/// Signatures are not accepted when clocks differ by more than minutes.
const MOST_SKEW: Duration = Duration::from_mins(2);

/// Looks at what is outside of the files: the state folder, the services, the credentials.
pub(super) fn look(configured: &Configured, findings: &mut Findings) {
    let Some(runtime) = findings.keep("process", event_loop::start()) else { return };
    runtime.block_on(async {
        services(configured, findings).await;
        check(configured, findings).await;
    });
    // A name that is still being looked up must not hold back the findings.
    runtime.shutdown_background();
}

async fn services(Configured { session, .. }: &Configured, findings: &mut Findings) {
    let granted = session.grant.reach();
    if granted.is_empty() {
        findings.ok("grant", "no request to any service");
    }
    for Reach { words, places, .. } in &granted {
        findings.ok("grant", format!("{words} to {}", places.join(" or ")));
    }
    let mut services: Vec<&Reach> = Vec::new();
    for reach in &granted {
        // Where requests say which storage account they go to, there is nothing to look at yet.
        if !reach.urls.is_empty() && !services.iter().any(|known| known.urls == reach.urls) {
            services.push(reach);
        }
    }
    for (index, Reach { urls, addresses, .. }) in services.into_iter().enumerate() {
        let mut failures = Vec::new();
        let mut found = false;
        // A manifest names the places of a service in every part of a cloud; one of them is enough.
        for place in urls {
            match session.probe(place, addresses).await {
                Ok(probe) => {
                    found = true;
                    findings.ok("service", format!("{place} can be reached, status {}", probe.status));
                    if let Some(skew) = probe.skew.filter(|skew| *skew > MOST_SKEW) {
                        let words = in_words(skew);
                        findings.problem(
                            "clock",
                            format!("it differs from that of {place} by {words}: set this machine's clock"),
                        );
                    }
                    break;
                }
                Err(problem) => failures.push(problem.to_string()),
            }
        }
        match failures.join("; ") {
            _ if found => {}
            // The first is the one that every call needs; the others serve some of them.
            failures if index == 0 => findings.problem("service", failures),
            failures => findings.warning("service", format!("calls that need this one would fail: {failures}")),
        }
    }
}

async fn check(Configured { session, journal }: &Configured, findings: &mut Findings) {
    let intents = session.intents(DIRECTOR, None, "doctor", Arc::clone(journal));
    let capabilities = session.capabilities(DIRECTOR, Arc::<AgentVault>::default(), intents, Arc::clone(journal));
    let folder = session.state.display();
    match capabilities.state.acquire("doctor", Duration::ZERO).await {
        Ok(_lease) if session.state == paths::temporary_state() => {
            let text = format!(
                "'{folder}' can be written to, but it is temporary: with it go locks, and records of what killed calls left; \
                 set `state` in the host configuration"
            );
            findings.warning("state", text);
        }
        Ok(_lease) => findings.ok("state", format!("'{folder}' can be written to, by this user alone")),
        Err(error) => findings.problem("state", error.to_string()),
    }
    match session.plugin.check(capabilities, &session.limits, DIRECTOR, &session.readable).await {
        Ok(()) => findings.ok("credentials", "the plugin's own check with these settings succeeds"),
        Err(error) => findings.problem("credentials", journal.masked(error.message())),
    }
}
