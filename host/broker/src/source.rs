//! Where the secrets come from: settings, services that give them for a while, and what is kept of these.

pub(crate) mod account_keys;
pub(crate) mod aws;
pub(crate) mod entra;
mod error;
mod held;
mod kept;
mod patient;

pub use entra::stack_certificates;
pub use error::CredentialError;
pub(crate) use held::{Fresh, Held};
pub(crate) use kept::Place;
pub use kept::TokenCache;

/// A random UUID, for names that must not meet again.
pub(crate) fn random_uuid() -> Result<uuid::Uuid, CredentialError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| CredentialError::Unreachable {
        service: "this machine".to_owned(),
        problem: format!("it has no random numbers: {error}"),
    })?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}
