use cpi_protocol::Object;
use serde::{Deserialize, Serialize};

/// Version of the format of the files.
pub(super) const FORMAT: u32 = 1;

/// Something that a call is about to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// A word of BOSH or of the cloud.
    pub kind: String,
    /// By what it is found without its identifier.
    pub key: String,
    /// Whatever else the plugin wants to know of it.
    pub note: Object,
}

/// The call that makes it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// Name of the plugin.
    pub plugin: String,
    /// UUID of the director.
    pub director: String,
    /// The director's number for the call.
    pub request_id: Option<String>,
    /// The method.
    pub method: String,
    /// The settings that tell this cloud and account from another; none is secret.
    pub configuration: Object,
}

/// A line of the file of a call.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Line {
    /// The first line.
    Call { format: u32, origin: Origin },
    /// About to be made.
    Begin { number: u32, at: String, intent: Intent },
    /// Made.
    Created { number: u32, id: String },
    /// Not made, or gone again.
    Removed { number: u32 },
    /// The call failed, and said so.
    Failed { message: String },
    /// The answer is being written: whoever ends the call now does not know whether the caller has it.
    Answering,
}
