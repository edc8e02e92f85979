//! Misuses the stemcell's image.

use std::time::Duration;

use cpi_plugin_sdk::http::{Method, Request};
use cpi_plugin_sdk::{Blocks, Failure, Image, clock, settings};
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::Deserialize;

use crate::found;

#[derive(Deserialize)]
struct Properties {
    trick: String,
    #[serde(default)]
    times: usize,
    /// Of an archive, for `member` and `put`; without it, `put` sends the whole image.
    member: Option<String>,
    #[serde(default)]
    order: Order,
}

/// How and where an image is to be sent.
#[derive(Deserialize, Default)]
struct Order {
    #[serde(default)]
    post: bool,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    block_size: u32,
    #[serde(default)]
    width: u8,
    #[serde(default)]
    skip_zeros: bool,
    #[serde(default)]
    pad: bool,
}

/// The cloud properties choose:
///
/// * `peek`: asks for parts that are not there, then for the facts;
/// * `copy`: peeks from the start to the end, and tells how many bytes came and what ended it;
/// * `head`: the first bytes, as a text;
/// * `facts`: asks for the facts so often, all at once;
/// * `facts-later`: facts, a pause, and facts again;
/// * `member`: size and facts of a member, a first peek into it, and a peek far behind it;
/// * `put`: sends the image, or a member, as the `order` says, so often one after the other;
/// * `quote`: repeats the cloud properties.
pub(crate) async fn create_stemcell(image: &Image, properties: &str) -> Result<String, Failure> {
    let Properties { trick, times, member, order } = settings::read(properties, "cloud_properties")?;
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
        "member" => {
            let member = match image.member(member.unwrap_or_default()).await {
                Ok(member) => member,
                Err(problem) => return found(problem),
            };
            found((
                member.size().await,
                facts(&member).await,
                member.peek(0, 16).await.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
                member.peek(1 << 40, 16).await,
            ))
        }
        "put" => {
            let member = match member {
                Some(name) => match image.member(name).await {
                    Ok(member) => Some(member),
                    Err(problem) => return found(problem),
                },
                None => None,
            };
            let mut outcomes = Vec::new();
            for _ in 0..times.max(1) {
                outcomes.push(put(member.as_ref().unwrap_or(image), &order).await);
            }
            found(outcomes)
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

async fn put(image: &Image, order: &Order) -> String {
    let method = if order.post { Method::Post } else { Method::Put };
    let request = Request::new(method, &order.url).credential("aws").body(order.body.as_bytes());
    let request = order.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    let blocks = Blocks::new(request, order.block_size).width(order.width);
    let blocks = if order.skip_zeros { blocks.skip_zeros() } else { blocks };
    let blocks = if order.pad { blocks.pad() } else { blocks };
    format!("{:?}", blocks.send(image).await)
}

async fn facts(image: &Image) -> Result<(u64, String), String> {
    image.facts().await.map(|facts| (facts.size, facts.sha256))
}
