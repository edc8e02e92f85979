use cpi_plugin_sdk::{ApiError, Failure, Intent, Tag, clock, random};
use serde_json::json;

use super::note::{self, Trace};
use crate::client::Ec2;

/// Something that is on record and about to be ordered.
pub(crate) struct Declared {
    pub intent: Intent,
    /// Also the client token, so that an order that is sent again makes nothing twice.
    pub key: String,
    /// What to tag it with.
    pub tags: Vec<Tag>,
}

impl Declared {
    /// Something that will be found by a tag of its own, or, where the settings want none, among its like.
    pub(crate) async fn by_tag(
        ec2: &Ec2,
        kind: &str,
        tags: Vec<Tag>,
        like: &[(&str, String)],
    ) -> Result<Self, Failure> {
        let key = random::uuid()?;
        let (tags, note) = Trace::leave(ec2.settings.intent_tags, tags, &key, clock::now(), like);
        Ok(Self { intent: Intent::begin(kind, &key, &note).await?, key, tags })
    }

    /// Something that will be found by its description.
    pub(crate) async fn by_description(kind: &str) -> Result<Self, Failure> {
        let key = random::uuid()?;
        Ok(Self { intent: Intent::begin(kind, &key, &json!({})).await?, key, tags: Vec::new() })
    }

    pub(crate) fn description(&self) -> String {
        note::description(&self.key)
    }

    /// An order that certainly made nothing needs no record.
    pub(crate) fn failed(&self, error: &ApiError) {
        if !error.may_have_arrived() {
            self.intent.removed();
        }
    }
}
