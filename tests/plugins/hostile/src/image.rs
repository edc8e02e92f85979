//! Misuses the stemcell's image.

use std::time::Duration;

use cpi_plugin_sdk::{Failure, Image, clock, settings};
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::Deserialize;

use crate::found;

#[derive(Deserialize)]
struct Properties {
    trick: String,
    #[serde(default)]
    times: usize,
}

/// The cloud properties choose:
///
/// * `peek`: asks for parts that are not there, then for the facts;
/// * `copy`: peeks from the start to the end, and tells how many bytes came and what ended it;
/// * `head`: the first bytes, as a text;
/// * `facts`: asks for the facts so often, all at once;
/// * `facts-later`: facts, a pause, and facts again;
/// * `quote`: repeats the cloud properties.
pub(crate) async fn create_stemcell(image: &Image, properties: &str) -> Result<String, Failure> {
    let Properties { trick, times } = settings::read(properties, "cloud_properties")?;
    match trick.as_str() {
        "peek" => found((
            image.peek(0, 16).await,
            image.peek(u64::MAX, u32::MAX).await,
            image.peek(u64::MAX, 16).await,
            image.peek(0, u32::MAX).await.map(|bytes| bytes.len()),
            facts(image).await,
        )),
        "copy" => copy(image).await,
        "head" => found(image.peek(0, 4096).await.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())),
        "facts" => {
            let asked: FuturesUnordered<_> = (0..times).map(|_| facts(image)).collect();
            let mut answers: Vec<_> = asked.collect().await;
            answers.dedup();
            found(answers)
        }
        "facts-later" => {
            let before = facts(image).await;
            clock::sleep(Duration::from_secs(1)).await;
            found((before, facts(image).await))
        }
        "quote" => found(properties),
        other => found(format!("no such trick: {other}")),
    }
}

async fn copy(image: &Image) -> Result<String, Failure> {
    const MIB: u32 = 1 << 20;
    let mut copied: u64 = 0;
    loop {
        match image.peek(copied, MIB).await {
            Ok(bytes) if bytes.is_empty() => return found((copied, "the end")),
            Ok(bytes) => copied += bytes.len() as u64,
            Err(problem) => return found((copied, problem)),
        }
    }
}

async fn facts(image: &Image) -> Result<(u64, String), String> {
    image.facts().await.map(|facts| (facts.size, facts.sha256))
}
