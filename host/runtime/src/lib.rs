//! Runs plugins: WebAssembly components that export the world `bosh:cpi/plugin`.
//!
//! [`Engine`] is made once, [`Plugin`] is a component made ready, and [`Plugin::run`] answers one call with a fresh
//! instance under the limits of its grant. What the instance reaches is in [`Capabilities`] and nowhere else.

mod bindings;
mod call;
mod check;
mod compiled;
mod engine;
mod failure;
mod host;
mod leftovers;
mod limiter;
mod plugin;
mod results;
mod stderr;
mod tape;
mod trap;
mod wasi;

pub use call::About;
pub use compiled::{CompileError, compile};
pub use engine::Engine;
pub use host::Capabilities;
pub use plugin::{LoadError, Plugin};
pub use tape::{Difference, Player, Recorder, RecordingError, Start, Tape};
pub use wasi::is_provided;
