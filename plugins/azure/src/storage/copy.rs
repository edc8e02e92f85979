use std::time::Duration;

use cpi_plugin_sdk::http::Method;
use cpi_plugin_sdk::{Failure, clock, log};

use super::Blob;
use super::blob::CopyState;

/// Between two looks at a copy: as long as the rest seems to take, within these.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
const UNKNOWN: Duration = Duration::from_secs(5);

impl Blob {
    /// Copies a blob of another account here, and returns when the service is done. What did not become whole is removed.
    pub(crate) async fn copy_from(&self, source: &Self) -> Result<(), Failure> {
        if !source.account.takes_keys() {
            return Err(Failure::not_supported(format!(
                "the storage account '{}' takes no keys, and without one the service cannot be let read '{}' for a copy \
                 into '{}': keep stemcells in an account of each location, or allow keys",
                source.account.name, source.name, self.account.name
            )));
        }
        log::info("copying a blob", &[("from", &source.url), ("to", &self.url)]);
        match self.copied(source).await {
            Ok(()) => Ok(()),
            Err(failure) => {
                if let Err(error) = self.delete().await {
                    log::warn("a copy is left behind", &[("blob", &self.url), ("error", &error.to_string())]);
                }
                Err(failure)
            }
        }
    }

    async fn copied(&self, source: &Self) -> Result<(), Failure> {
        // The host lets the service read it.
        let request = || self.request(Method::Put, "").header("x-ms-copy-source", source.url.clone());
        let answer = self.in_container("Copy Blob", request).await?;
        let id = answer.header("x-ms-copy-id").unwrap_or_default().to_owned();
        let begun = clock::now();
        let mut status = answer.header("x-ms-copy-status").unwrap_or("success").to_owned();
        let mut description = String::new();
        while status == "pending" {
            let found = self.find().await?;
            let Some(CopyState { id: other, status: now, progress, description: why }) =
                found.and_then(|found| found.copy)
            else {
                return Err(self.failed("the blob vanished while it was copied"));
            };
            if other != id {
                return Err(self.failed("The progress of copying the blob was interrupted by other copy operations"));
            }
            (status, description) = (now, why.unwrap_or_default());
            if status == "pending" {
                let elapsed = clock::now().duration_since(begun).unwrap_or_default();
                clock::sleep(pause(progress.as_deref(), elapsed)).await;
            }
        }
        if status == "success" {
            return Ok(());
        }
        Err(self.failed(&format!("status '{status}', {description}")))
    }

    fn failed(&self, why: &str) -> Failure {
        Failure::rejected(format!(
            "Failed to copy the blob '{}' to the account '{}': {why}",
            self.name, self.account.name
        ))
    }
}

/// By what is copied so far, `done/all`.
fn pause(progress: Option<&str>, elapsed: Duration) -> Duration {
    let parts = progress.and_then(|progress| progress.split_once('/'));
    let parts = parts.and_then(|(done, all)| Some((done.parse::<u64>().ok()?, all.parse::<u64>().ok()?)));
    let rest = match parts {
        Some((done, all)) if done > 0 => {
            let ms = u128::from(all.saturating_sub(done)) * elapsed.as_millis() / u128::from(done);
            Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
        }
        _ => UNKNOWN,
    };
    rest.clamp(SHORTEST, LONGEST)
}
