use crate::bindings::bosh::cpi::images as host;
pub use host::{Facts, Image, Receipt};

use crate::http;

/// An image on its way: cut into blocks, each of which is the body of a request of its own. The bytes never come into the
/// plugin.
///
/// ```no_run
/// # use cpi_plugin_sdk::{Blocks, Image, Receipt, Unsent, http};
/// # async fn example(image: &Image, blob: &str) -> Result<Receipt, Unsent> {
/// let request = http::put(format!("{blob}?comp=page"), [])
///     .header("x-ms-page-write", "update")
///     .header("x-ms-range", "bytes={offset}-{end}")
///     .credential("storage");
/// Blocks::new(request, 4 << 20).skip_zeros().send(image).await
/// # }
/// ```
///
/// In the URL and in headers, `{index}`, `{offset}`, `{end}` and `{length}` stand for what is the block's own, in headers
/// `{sha256}` and `{md5}` (base64) too. The manifest's block for it needs `image = true`.
///
/// The host remembers which blocks were taken: when a call is killed, the same request for the same image sends only the
/// missing ones. So keep in [`state`](crate::state) what is being filled, and start anew when it is gone.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before `send`"]
pub struct Blocks(host::BlockPlan);

/// Why an image was not sent to its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Unsent {
    /// It cannot be read, is no such archive, or was changed.
    Unreadable(String),
    /// The service's final answer to a block is an error.
    Refused {
        /// The block, from zero.
        index: u64,
        /// Blocks that were taken before, in this call.
        sent: u64,
        /// What the service says.
        response: http::Response,
    },
    /// There is no answer to a block.
    Unanswered(http::Error),
}

impl Blocks {
    /// Blocks of so many bytes, eight at the same time, zeros as well.
    pub fn new(request: http::Request, block_size: u32) -> Self {
        let request = request.into_host();
        Self(host::BlockPlan { request, block_size, width: 8, skip_zeros: false, pad: false })
    }

    /// How many are under way at the same time; fewer where the host's limits ask for that.
    pub fn width(mut self, width: u8) -> Self {
        self.0.width = width;
        self
    }

    /// Leaves out blocks of zeros, for services where what was never written reads as zeros.
    pub fn skip_zeros(mut self) -> Self {
        self.0.skip_zeros = true;
        self
    }

    /// Makes the last block as long as the others, with zeros.
    pub fn pad(mut self) -> Self {
        self.0.pad = true;
        self
    }

    /// Sends them all.
    pub async fn send(self, image: &Image) -> Result<Receipt, Unsent> {
        image.put_blocks(self.0).await.map_err(|unsent| match unsent {
            host::Unsent::Unreadable(why) => Unsent::Unreadable(why),
            host::Unsent::Unanswered(problem) => Unsent::Unanswered(problem.into()),
            host::Unsent::Refused(host::Refusal { index, sent, response }) => {
                Unsent::Refused { index, sent, response: response.into() }
            }
        })
    }
}
