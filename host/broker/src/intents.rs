//! What calls are about to make, written down first.
//!
//! One file for each call that makes something: lines of JSON, its last ones what became of the call. The call holds a
//! lock on it, which the kernel gives back whatever ends the process; so a file that can be locked tells of a call that
//! is over. A call that succeeds removes its file when its answer is delivered.

mod error;
mod ledger;
mod line;
mod log;
mod record;

pub use error::IntentError;
pub use ledger::{Ledger, Listed};
pub use line::{Intent, Origin};
pub use log::IntentLog;
pub use record::{Ended, LeftBehind, Record};

/// Name of the folder beside a plugin's state for a director.
const FOLDER: &str = "intents";
/// End of the names of its files.
const SUFFIX: &str = ".jsonl";
