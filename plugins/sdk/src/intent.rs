use crate::Failure;
use crate::bindings::bosh::cpi::intents as host;

/// Something that this call is about to make, on record with the host: when the call is killed or fails, operators find
/// it with `cpi-host orphans`. When the call succeeds and its answer is delivered, the host forgets it.
///
/// ```no_run
/// # use cpi_plugin_sdk::{Failure, Intent, random};
/// # async fn order(name: &str) -> Result<String, Failure> { Ok(String::new()) }
/// # async fn example() -> Result<String, Failure> {
/// let name = random::uuid()?;
/// let intent = Intent::begin("disk", &name, &serde_json::json!({})).await?;
/// let id = order(&name).await.inspect_err(|_| intent.removed())?;
/// intent.created(&id);
/// # Ok(id)
/// # }
/// ```
///
/// Say [`removed`](Self::removed) only when it is certain that nothing is there: not after a request without an answer.
#[derive(Debug)]
#[must_use = "say what became of it: created, and removed when it is gone again"]
pub struct Intent(host::Pending);

impl Intent {
    /// Writes down what is about to be made. Send the request only after this.
    ///
    /// `kind` is a word of BOSH or of the cloud, `key` is by what the thing is found without its identifier, and `note`
    /// (a JSON object without secrets) is for [`Provider::find_leftover`](crate::Provider::find_leftover).
    pub async fn begin(kind: &str, key: &str, note: &serde_json::Value) -> Result<Self, Failure> {
        let intent = host::Intent { kind: kind.to_owned(), key: key.to_owned(), note: note.to_string() };
        let begun = host::begin(intent).await;
        begun.map(Self).map_err(|why| Failure::rejected(format!("nothing was made, because {why}")))
    }

    /// It exists, under this identifier.
    pub fn created(&self, id: &str) {
        self.0.created(id);
    }

    /// It was not made after all, or is gone again.
    pub fn removed(&self) {
        self.0.removed();
    }
}
