use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the form of recordings.
pub(super) const FORMAT: u32 = 1;

/// One line of a recording, a JSON object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Line {
    /// The first line.
    Start(Start),
    /// A capability was called, and takes its time.
    Call { number: u64, name: String, with: Value },
    /// It answered.
    Return { number: u64, value: Value },
    /// A capability was called, and answered at once.
    Now { name: String, with: Value, value: Value },
    /// What the plugin wrote to the log. A replay does not look at it.
    Log { level: String, message: String },
    /// The last line: what the call came to, `{"result": …}` or `{"error": …}`.
    Answer(Value),
}

/// What a plugin was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Start {
    /// Version of the form of the recording.
    pub format: u32,
    /// Version of the host that recorded it.
    pub host: String,
    /// Name of the plugin.
    pub plugin: String,
    /// The author's version of it.
    pub version: String,
    /// BLAKE3 of the component, in hexadecimal.
    pub digest: String,
    /// When it was recorded (RFC 3339).
    pub at: String,
    /// What random numbers are made of.
    pub seed: String,
    /// The request as far as it reaches the plugin.
    pub request: Value,
    /// The settings that the plugin reads.
    pub settings: Value,
}

impl Start {
    /// The form that this program writes.
    pub const FORMAT: u32 = FORMAT;
}
