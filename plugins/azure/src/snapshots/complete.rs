use std::time::Duration;

use cpi_plugin_sdk::{Failure, clock};
use serde::Deserialize;

use crate::arm::{Arm, Resource, nullable};

/// Between two looks at a snapshot of a fast disk, which is copied in the background.
const LOOK: Duration = Duration::from_secs(2);
/// Azure says a day; a director does not wait that long.
const MOST_LOOKS: usize = 900;

#[derive(Deserialize)]
struct Snapshot {
    #[serde(default, deserialize_with = "nullable")]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    completion_percent: Option<f64>,
}

/// Waits until a snapshot has all of its disk.
pub(crate) async fn wait(arm: &Arm, snapshot: &Resource) -> Result<(), Failure> {
    for _ in 0..MOST_LOOKS {
        let Some(Snapshot { properties }) = arm.read(snapshot).await? else { break };
        if properties.completion_percent.is_none_or(|percent| percent >= 100.0) {
            return Ok(());
        }
        clock::sleep(LOOK).await;
    }
    Err(Failure::rejected(format!("the snapshot '{}' does not become complete", snapshot.id)))
}
