//! Azure Resource Manager: resources by their names, JSON in and out, and operations that take their time.

mod error;
mod kind;
mod link;
mod operation;
mod repeats;
mod resource;

#[cfg(target_family = "wasm")]
mod change;
#[cfg(target_family = "wasm")]
mod client;

#[cfg(target_family = "wasm")]
pub(crate) use client::Arm;
pub(crate) use error::{is_gone, is_outdated};
pub(crate) use kind::Kind;
pub(crate) use operation::Ended;
pub(crate) use resource::{Provisioned, Resource, Tagged, nullable, same_id};
