use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::future;
use futures_util::stream::{self, StreamExt};
use ring::digest::{Context, SHA256};
use tokio::sync::mpsc::{self, Sender};

use super::plan::{Block, BlockPlan};
use super::taken::{Taken, Uploads};
use super::{Image, Part};
use crate::{Egress, Incoming, Journal, Level, Problem};

/// What became of an image that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Blocks that the service took in this call.
    pub sent: u64,
    /// Blocks that it had taken in an earlier one.
    pub resumed: u64,
    /// Blocks of zeros that were left out.
    pub skipped: u64,
    /// SHA-256, in base64, of the SHA-256 digests of all blocks that the service has, in their order.
    pub sha256: String,
}

/// Why an image was not sent to its end.
#[derive(Debug)]
pub enum Unsent {
    /// It cannot be read, is no such archive, or was changed.
    Unreadable(String),
    /// The service answered a block with an error.
    Refused(Refused),
    /// The service did not answer, or was not asked.
    Unanswered(Problem),
}

/// A block that a service did not take.
#[derive(Debug)]
pub struct Refused {
    /// Its number.
    pub index: u64,
    /// How many blocks it took before, in this call.
    pub sent: u64,
    /// Its words.
    pub answer: Incoming,
}

/// How often an image is sent in one call: to some places, and to each of them anew.
const MOST_UPLOADS: u64 = 16;
/// How often the terminal hears of it, and the log.
const OFTEN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(30);

impl Image {
    /// Sends an image in blocks. It is read once, on a thread of its own, no faster than blocks are taken; which blocks
    /// were taken is written down, so that they are not sent again when this process is killed.
    pub async fn put_blocks(
        &self,
        plan: BlockPlan,
        egress: &Egress,
        uploads: &Uploads,
        journal: &Journal,
    ) -> Result<Receipt, Unsent> {
        let invalid = |problem: String| Unsent::Unanswered(Problem::Invalid(problem));
        plan.check(egress.limits()).map_err(invalid)?;
        if self.file.uploads.fetch_add(1, Ordering::Relaxed) >= MOST_UPLOADS {
            return Err(invalid(format!("limit-uploads: this call has sent its image {MOST_UPLOADS} times already")));
        }
        let what = self.what(&plan).await.map_err(Unsent::Unreadable)?;
        let (known, taken) = match uploads.open(&what) {
            Ok((known, taken)) => (known, Some(taken)),
            Err(error) if error.kind() == std::io::ErrorKind::ResourceBusy => {
                return Err(invalid(format!("{error}: wait until it has ended")));
            }
            Err(error) => {
                journal.write(Level::Warn, format_args!("the upload of a killed call cannot be resumed: {error}"));
                (HashSet::new(), None)
            }
        };
        let size = self.size().map_err(Unsent::Unreadable)?;
        let plan = Arc::new(plan);
        let (sender, mut blocks) = mpsc::channel(1);
        let reading = self.cut(Arc::clone(&plan), known, sender);
        let width = plan.width(egress.limits());
        let mut course = Course {
            journal,
            taken,
            size,
            sent: 0,
            bytes: 0,
            begun: Instant::now(),
            last: Instant::now(),
            logged: Instant::now(),
        };
        let sending = async {
            let answers = stream::poll_fn(move |context| blocks.poll_recv(context))
                .map(|block: Block| {
                    let request = plan.request_of(&block);
                    async move {
                        let answer = egress.send_block(request, block.bytes.clone()).await;
                        (block, answer)
                    }
                })
                .buffer_unordered(width);
            let mut answers = std::pin::pin!(answers);
            while let Some((block, answer)) = answers.next().await {
                match answer {
                    Ok(answer) if (200..300).contains(&answer.status) => course.took(&block),
                    Ok(answer) => {
                        return Err(Unsent::Refused(Refused { index: block.index, sent: course.sent, answer }));
                    }
                    Err(problem) => return Err(Unsent::Unanswered(problem)),
                }
            }
            Ok(())
        };
        let (cut, sent) = future::join(reading, sending).await;
        // Without anybody to take blocks, the reading ends with an error of its own.
        sent?;
        let cut = cut.map_err(Unsent::Unreadable)?;
        course.end(&cut);
        Ok(Receipt { sent: course.sent, ..cut })
    }

    /// What tells this upload from all others: the content, the way it is cut, and where it goes.
    async fn what(&self, plan: &BlockPlan) -> Result<String, String> {
        let whole = Self { file: Arc::clone(&self.file), part: Part::Whole };
        let facts = whole.facts().await?;
        let member = match &self.part {
            Part::Whole => "",
            Part::Member(member) => &member.name,
        };
        Ok(format!("{} {member:?} {plan:?}", facts.sha256))
    }

    /// Reads the image and hands over the blocks that are to be sent. Tells of the others, and the digest of all.
    async fn cut(&self, plan: Arc<BlockPlan>, known: HashSet<u64>, to: Sender<Block>) -> Result<Receipt, String> {
        let this = self.clone();
        self.read(move |image| {
            let mut digests = Context::new(&SHA256);
            let mut receipt = Receipt { sent: 0, resumed: 0, skipped: 0, sha256: String::new() };
            this.content(image, plan.block_size as usize, &mut |piece| {
                let Some(block) = plan.block(piece) else {
                    receipt.skipped += 1;
                    return Ok(());
                };
                digests.update(&block.sha256);
                if known.contains(&block.index) {
                    receipt.resumed += 1;
                    return Ok(());
                }
                to.blocking_send(block).map_err(|_| "nobody takes its blocks any more".to_owned())
            })?;
            Ok(Receipt { sha256: BASE64.encode(digests.finish()), ..receipt })
        })
        .await
    }
}

/// How far an upload is.
struct Course<'a> {
    journal: &'a Journal,
    taken: Option<Taken>,
    size: u64,
    sent: u64,
    bytes: u64,
    begun: Instant,
    last: Instant,
    logged: Instant,
}

impl Course<'_> {
    /// The service has one more block.
    fn took(&mut self, block: &Block) {
        self.sent += 1;
        self.bytes += block.bytes.len() as u64;
        if let Some(Err(error)) = self.taken.as_mut().map(|taken| taken.add(block.index)) {
            self.taken = None;
            self.journal
                .write(Level::Warn, format_args!("this upload cannot be resumed if the call is killed: {error}"));
        }
        if self.last.elapsed() >= OFTEN {
            self.last = Instant::now();
            let often = self.logged.elapsed() < SELDOM;
            if !often {
                self.logged = Instant::now();
            }
            let (place, size) = ((block.offset + block.bytes.len() as u64).min(self.size), self.size);
            self.journal.write(
                if often { Level::Debug } else { Level::Info },
                format_args!(
                    "the image is sent up to {} of {} MiB, {} %, {:.1} MiB/s",
                    place >> 20,
                    size >> 20,
                    place.saturating_mul(100).checked_div(size).unwrap_or(100),
                    self.rate()
                ),
            );
        }
    }

    fn end(&self, cut: &Receipt) {
        self.journal.write(
            Level::Info,
            format_args!(
                "the image of {} MiB is sent: {} blocks in {:.1} s, {:.1} MiB/s; {} blocks were there already, {} hold zeros only",
                self.size >> 20,
                self.sent,
                self.begun.elapsed().as_secs_f64(),
                self.rate(),
                cut.resumed,
                cut.skipped
            ),
        );
    }

    /// MiB in a second.
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    fn rate(&self) -> f64 {
        self.bytes as f64 / f64::from(1 << 20) / self.begun.elapsed().as_secs_f64().max(1e-3)
    }
}
