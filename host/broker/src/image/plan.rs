use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use cpi_policy::{Limits, Outgoing};
use md5::{Digest, Md5};
use ring::digest::{SHA256, digest};

use super::content::Piece;

/// How an image is cut into blocks, each of which is the body of a request of its own.
#[derive(Debug, Clone)]
pub struct BlockPlan {
    /// The request of every block. In its URL `{index}`, `{offset}`, `{end}` and `{length}` stand for what is the block's
    /// own, and in the values of its headers `{sha256}` and `{md5}` too.
    pub request: Outgoing,
    /// Bytes of a block.
    pub block_size: u32,
    /// How many are under way at the same time.
    pub width: u8,
    /// Whether blocks of zeros are left out.
    pub skip_zeros: bool,
    /// Whether zeros make the last block as long as the others.
    pub pad: bool,
}

/// A block that is to be sent.
pub(super) struct Block {
    pub(super) index: u64,
    pub(super) offset: u64,
    /// SHA-256 of its bytes.
    pub(super) sha256: Vec<u8>,
    /// In base64, if the plan wants it.
    md5: Option<String>,
    pub(super) bytes: Bytes,
}

/// Disks have sectors of so many bytes, and services count in them.
const SECTOR: u32 = 512;
/// Blocks in memory at the same time, in bytes.
const MOST_UNDER_WAY: usize = 24 << 20;

impl BlockPlan {
    /// What is wrong with it: the plugin is at fault.
    pub(super) fn check(&self, limits: &Limits) -> Result<(), String> {
        let size = self.block_size;
        if size == 0 || !size.is_multiple_of(SECTOR) || size as usize > limits.request {
            return Err(format!(
                "a block of {size} bytes: it must be a multiple of {SECTOR}, at most {} ([limits] http request)",
                limits.request
            ));
        }
        if !self.request.body.is_empty() {
            return Err("the request of a block has a body of its own".to_owned());
        }
        let texts = self.request.headers.iter().map(|(_, value)| value).chain([&self.request.url]);
        if !texts.into_iter().any(|text| text.contains("{index}") || text.contains("{offset}")) {
            return Err(
                "neither the URL nor a header has `{index}` or `{offset}`: blocks could not be told apart".to_owned()
            );
        }
        Ok(())
    }

    /// How many requests are under way at the same time.
    pub(super) fn width(&self, limits: &Limits) -> usize {
        let fit = MOST_UNDER_WAY / (self.block_size as usize).max(1);
        usize::from(self.width).min(fit).min(limits.in_flight).max(1)
    }

    /// What is sent of a piece; none when it is left out.
    pub(super) fn block(&self, piece: Piece) -> Option<Block> {
        let mut bytes = match piece.bytes {
            Some(bytes) => bytes,
            None if self.skip_zeros => return None,
            None => vec![0; piece.length],
        };
        if self.pad {
            bytes.resize(self.block_size as usize, 0);
        }
        let wants_md5 = self.request.headers.iter().any(|(_, value)| value.contains("{md5}"));
        Some(Block {
            index: piece.index,
            offset: piece.index * u64::from(self.block_size),
            sha256: digest(&SHA256, &bytes).as_ref().to_vec(),
            md5: wants_md5.then(|| BASE64.encode(Md5::digest(&bytes))),
            bytes: bytes.into(),
        })
    }

    /// The request of one block, without its body.
    pub(super) fn request_of(&self, block: &Block) -> Outgoing {
        let length = block.bytes.len() as u64;
        let numbers = [
            ("{index}", block.index),
            ("{offset}", block.offset),
            ("{end}", block.offset + length.saturating_sub(1)),
            ("{length}", length),
        ];
        let fill = |text: &str| {
            numbers.iter().fold(text.to_owned(), |text, (name, number)| text.replace(name, &number.to_string()))
        };
        let header = |value: &str| {
            let value = fill(value).replace("{sha256}", &BASE64.encode(&block.sha256));
            block.md5.as_ref().map_or(value.clone(), |md5| value.replace("{md5}", md5))
        };
        let headers = self.request.headers.iter().map(|(name, value)| (name.clone(), header(value))).collect();
        Outgoing { url: fill(&self.request.url), headers, ..self.request.clone() }
    }
}

#[cfg(test)]
mod tests {
    use cpi_policy::Method;

    use super::*;

    fn plan(pad: bool) -> BlockPlan {
        let headers = [("x-ms-range", "bytes={offset}-{end}"), ("content-md5", "{md5}"), ("x-sum", "{sha256} {other}")];
        BlockPlan {
            request: Outgoing {
                method: Method::Put,
                url: "https://a.b/blocks/{index}?n={length}".to_owned(),
                headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
                body: Vec::new(),
                credential: None,
                timeout_ms: None,
            },
            block_size: 1024,
            width: 200,
            skip_zeros: true,
            pad,
        }
    }

    #[test]
    fn what_is_a_blocks_own_is_filled_in() {
        let piece = || Piece { index: 2, length: 512, bytes: Some(vec![1; 512]) };
        let plain = plan(false);
        let request = plain.request_of(&plain.block(piece()).unwrap());
        assert_eq!(request.url, "https://a.b/blocks/2?n=512");
        assert_eq!(request.headers[0].1, "bytes=2048-2559");
        assert_eq!(request.headers[1].1, "OToPoPNI+wOHGrk3JgV93A==");
        assert!(request.headers[2].1.ends_with("= {other}"), "{:?}", request.headers);
        let padded = plan(true);
        let request = padded.request_of(&padded.block(piece()).unwrap());
        assert_eq!((request.headers[0].1.as_str(), request.url.ends_with("n=1024")), ("bytes=2048-3071", true));
        assert!(plain.block(Piece { index: 0, length: 512, bytes: None }).is_none());
    }

    #[test]
    fn blocks_stay_small_and_different() {
        let limits = Limits::default();
        plan(false).check(&limits).unwrap();
        assert_eq!(plan(false).width(&limits), limits.in_flight);
        assert_eq!(BlockPlan { block_size: 8 << 20, ..plan(false) }.width(&limits), 3);
        for size in [0, 100, 32 << 20] {
            assert!(
                BlockPlan { block_size: size, ..plan(false) }.check(&limits).unwrap_err().contains("multiple of 512")
            );
        }
        let request = Outgoing { url: "https://a.b/".to_owned(), headers: Vec::new(), ..plan(false).request };
        assert!(BlockPlan { request, ..plan(false) }.check(&limits).unwrap_err().contains("told apart"));
    }
}
