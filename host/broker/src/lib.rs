//! Everything a plugin does to the world goes through here.
//!
//! [`Egress`] takes a permitted request, puts the agent's settings in place, signs it, sends it and caps what comes
//! back. [`AgentVault`] makes the settings of a new VM's agent, which no plugin reads. [`StateStore`] keeps notes and
//! leases. [`Image`] is a stemcell image whose bytes stay here. [`Journal`] writes what happened, without secrets.

#![forbid(unsafe_code)]

mod agents;
mod egress;
mod image;
mod journal;
mod lock;
mod sign;
mod source;
mod state;
mod stderr;

pub use agents::{AgentContext, AgentFacts, AgentVault, Disks, Interface, Sealed};
pub use egress::{Egress, Incoming, Problem};
pub use image::{Image, ImageFacts};
pub use journal::{Journal, Level};
pub use state::{Entry, Lease, StateError, StateStore};
pub use stderr::Stderr;
