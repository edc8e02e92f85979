//! Behaves, for once: what a provider does that asks for ten things at the same time.

use cpi_plugin_sdk::{Call, Failure, http};
use futures_util::future::join_all;

use crate::{found, network};

/// So many requests at the same time, all of which must be answered.
pub(crate) async fn requests(call: &Call, number: &str) -> Result<(), Failure> {
    let endpoint = network::endpoint(call)?;
    let request = |index| network::sent(http::get(format!("{endpoint}/open/{index}")));
    let answers = join_all((0..number.parse().unwrap_or(10)).map(request)).await;
    match answers.into_iter().find(|answer| !answer.starts_with("status 200")) {
        Some(other) => found(other),
        None => Ok(()),
    }
}
