//! What the author of a provider plugin depends on.
//!
//! A plugin is a WebAssembly component that turns BOSH's calls into requests to one cloud. It has no sockets, no files
//! and no secrets: everything goes through the host, which checks, signs, sends and records it. `docs/plugins.md` in the
//! repository leads to a first plugin in ten minutes, and has every key of the manifest; `plugins/example` is that plugin.
//!
//! # A plugin
//!
//! ```toml
//! # Cargo.toml
//! [lib]
//! crate-type = ["cdylib", "rlib"]      # the component, and the same code for native unit tests
//! ```
//!
//! ```no_run
//! use cpi_plugin_sdk::{About, ApiError, Call, Failure, Provider, http, log, settings};
//! use serde::Deserialize;
//!
//! #[derive(Default)]
//! struct Example;
//!
//! /// The keys that the manifest lists under `settings`.
//! #[derive(Deserialize)]
//! struct Settings {
//!     endpoint: String,
//! }
//!
//! impl Provider for Example {
//!     fn info(&self) -> About {
//!         About { stemcell_formats: vec!["example-raw".into()], api_version: 3 }
//!     }
//!
//!     async fn has_vm(&self, call: &Call, vm: &str) -> Result<bool, Failure> {
//!         let Settings { endpoint } = settings::parse(call)?;
//!         let answer = http::get(format!("{endpoint}/vms/{}", http::escape(vm)))
//!             .credential("example")
//!             .send()
//!             .await
//!             .map_err(|error| error.into_failure("GetVM"))?;
//!         log::info("looked for a VM", &[("vm", vm)]);
//!         match answer.status {
//!             200 => Ok(true),
//!             404 => Ok(false),
//!             // Neither yes nor no: a director that is told "no" makes the VM anew.
//!             _ => Err(ApiError::of_answer("GetVM", &answer).into()),
//!         }
//!     }
//! }
//! # #[cfg(target_family = "wasm")]
//! cpi_plugin_sdk::export!(Example, manifest: "plugin.toml");
//! # fn main() {}
//! ```
//!
//! Build it with `cargo build --target wasm32-wasip2`. The manifest says what the plugin may do: which hosts it talks
//! to, how its requests are signed, which settings it reads; see [`export!`].
//!
//! # Rules
//!
//! * Every method except [`Provider::info`] answers [`Failure::NotImplemented`] until you write it.
//! * One instance serves one call: keep no state in statics, use [`state`].
//! * Retrying throttled requests is the host's work. Waiting for a resource is yours: poll with [`clock::sleep`].
//! * An answer is what its status says: tell those that you know apart, and make [`ApiError::of_answer`] of all others.
//! * Nothing goes into a URL that is not escaped: [`http::escape`].
//! * Declare everything that outlives the call with [`Intent::begin`] before you make it, and write
//!   [`Provider::find_leftover`] and [`Provider::remove_leftover`] for it. Otherwise a killed call leaves things behind
//!   that nobody finds.
//! * Check everything that can be checked before the first resource is made. `create_vm` removes what it made before it
//!   returns a failure.
//! * Messages are for operators: name the operation, the cloud's code and the resource.
//! * Modules that do not talk to the host compile and test natively. On a native target the host's functions panic,
//!   except [`log`], which writes to standard error.

mod adapter;
mod api_error;
pub mod bindings;
pub mod clock;
mod export;
mod failure;
pub mod http;
mod image;
mod intent;
pub mod log;
mod note;
pub mod properties;
mod provider;
pub mod random;
pub mod settings;
#[cfg(all(feature = "aws", target_family = "wasm"))]
pub mod smithy;
pub mod tags;
mod upload_note;

#[doc(hidden)]
pub use adapter::Adapter;
pub use api_error::ApiError;
pub use image::{Blocks, Facts, Image, Receipt, Unsent};
pub use intent::Intent;
pub use note::Note;
pub use provider::Provider;
pub use upload_note::UploadNote;

pub use bindings::bosh::cpi::intents::Intent as IntentRecord;
pub use bindings::bosh::cpi::types::{
    Call, CloudFailure, Failure, Missing, Network, NetworkKind, Retriable, Tag, Thing,
};
pub use bindings::bosh::cpi::{agents, state};
pub use bindings::exports::bosh::cpi::leftovers::Leftover;
pub use bindings::exports::bosh::cpi::networks::{Created as NetworkCreated, Spec as NetworkSpec};
pub use bindings::exports::bosh::cpi::provider::About;
pub use bindings::exports::bosh::cpi::vms::{Plan, Size};
