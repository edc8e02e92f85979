//! Everything a plugin does to the world goes through here.
//!
//! [`Egress`] takes a permitted request, puts the agent's settings in place, authenticates it with the [`Credentials`]
//! of the call, sends it over the [`Network`] and caps what comes back; [`Throttle`] lets calls slow down together.
//! [`AgentVault`] makes the settings of a new VM's agent, which no plugin reads, and a [`Registry`] serves them to agents
//! of old stemcells. [`StateStore`] keeps notes and leases, [`IntentLog`] what a call is about to make. [`Image`] is a
//! stemcell image whose bytes stay here. [`Journal`] writes what happened, without secrets.

#![forbid(unsafe_code)]

mod agents;
mod credentials;
mod egress;
mod folder;
mod hex;
mod image;
mod intents;
mod journal;
mod lock;
mod network;
mod registry;
mod sign;
mod source;
mod state;
mod stderr;
mod throttle;

pub use agents::{AgentContext, AgentFacts, AgentVault, Disks, Interface, Sealed};
pub use credentials::Credentials;
pub use egress::{Egress, Incoming, Problem};
pub use image::{BlockPlan, Image, ImageFacts, ImageRules, Receipt, Refused, Unsent, Uploads};
pub use intents::{Ended, Intent, IntentError, IntentLog, Ledger, LeftBehind, Listed, Origin, Record};
pub use journal::{Journal, Level};
pub use network::{Network, Probe};
pub use registry::{Registry, RegistryError, Via, add_disk, remove_disk};
pub use source::{CredentialError, TokenCache, stack_certificates};
pub use state::{Entry, Lease, StateError, StateStore};
pub use stderr::Stderr;
pub use throttle::Throttle;
