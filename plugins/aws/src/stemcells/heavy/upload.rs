use aws_sdk_ebs::types::{ChecksumAggregationMethod, ChecksumAlgorithm, Tag as EbsTag};
use aws_sdk_ec2::types::SnapshotState;
use cpi_plugin_sdk::{
    ApiError, Blocks, Failure, Image, Intent, Receipt, Tag, Unsent, UploadNote, clock, http, log, random, smithy,
};
use serde_json::{Value, json};

use super::client::Ebs;
use super::refusal;
use crate::client::Ec2;
use crate::encryption::Encryption;
use crate::leftovers::note;
use crate::patience::Patience;
use crate::wait::Stopwatch;
use crate::{images, snapshots};

/// What EBS cuts snapshots into. Simulators name other sizes in their answers, AWS takes no other.
const BLOCK: u32 = 512 << 10;
/// EBS wants many at the same time: each takes some tens of milliseconds.
const WIDTH: u8 = 32;
/// How long EBS waits for a block before it gives a snapshot up: time enough to come back after a kill.
const TIMEOUT_MINUTES: i32 = 24 * 60;
const ALGORITHM: ChecksumAlgorithm = ChecksumAlgorithm::ChecksumAlgorithmSha256;
const LINEAR: ChecksumAggregationMethod = ChecksumAggregationMethod::ChecksumAggregationLinear;

/// A snapshot that is being filled, known to the state until it has become an image.
pub(super) struct Upload<'a> {
    ec2: &'a Ec2,
    ebs: &'a Ebs,
    note: UploadNote,
    order: Value,
    token: String,
    tags: Vec<Tag>,
    pub(super) snapshot: String,
    pub(super) intent: Intent,
    origin: Origin,
}

/// Where a snapshot comes from.
#[derive(Clone, Copy, PartialEq)]
enum Origin {
    New,
    /// An earlier call was killed while it filled it.
    Begun,
    /// An earlier call was killed after it was complete.
    Complete,
}

impl<'a> Upload<'a> {
    /// Goes on with the snapshot of an earlier call that was killed, or starts one.
    pub(super) async fn begin(
        ec2: &'a Ec2,
        ebs: &'a Ebs,
        note: UploadNote,
        gib: u64,
        encryption: &Encryption,
        tags: &[Tag],
    ) -> Result<Self, Failure> {
        let pairs: Vec<_> = tags.iter().map(|tag| (&tag.key, &tag.value)).collect();
        let order = json!({"gib": gib, "encrypted": encryption.encrypted, "key": encryption.kms_key, "tags": pairs});
        if let Some(earlier) = note.read(&order).await?.as_ref().and_then(Earlier::of) {
            let origin = earlier.origin(ec2).await?;
            let snapshot = earlier.snapshot.filter(|_| origin != Origin::New).map(|id| (id, origin));
            // Ordered, perhaps: the same order with the same token makes nothing twice.
            if snapshot.is_some() || !earlier.was_started {
                match Self::start(ec2, ebs, note.clone(), order.clone(), tags, earlier.token, snapshot).await {
                    Err(failure) => log::warn("an earlier upload is not gone on with", &[("why", failure.message())]),
                    begun => return begun,
                }
            }
        }
        Self::start(ec2, ebs, note, order, tags, random::uuid()?, None).await
    }

    async fn start(
        ec2: &'a Ec2,
        ebs: &'a Ebs,
        note: UploadNote,
        order: Value,
        tags: &[Tag],
        token: String,
        earlier: Option<(String, Origin)>,
    ) -> Result<Self, Failure> {
        let intent = Intent::begin("stemcell-upload", &token, &json!({"resumable": true})).await?;
        note.write(&json!({"order": order, "token": token})).await?;
        let (snapshot, origin) = if let Some((snapshot, origin)) = earlier {
            log::info("going on with the upload of an earlier call", &[("snapshot", &snapshot)]);
            (snapshot, origin)
        } else {
            let ordered = order_snapshot(ebs, &order, tags, &token).await.inspect_err(|error| {
                if !error.may_have_arrived() {
                    intent.removed();
                }
            })?;
            (ordered, Origin::New)
        };
        intent.created(&snapshot);
        let upload = Self { ec2, ebs, note, order, token, tags: tags.to_vec(), snapshot, intent, origin };
        upload.keep(origin == Origin::Complete).await?;
        Ok(upload)
    }

    /// Sends the image, and waits until the snapshot is complete.
    pub(super) async fn fill(self, image: &Image) -> Result<Self, (Self, Failure)> {
        if self.origin == Origin::Complete {
            return Ok(self);
        }
        let (upload, filled) = match self.send_and_complete(image).await {
            Err(refused) if self.origin == Origin::Begun && refused.is_closed() => {
                // It is gone, or its time is over. What is left of it goes, and the image is sent from the start.
                log::warn("the snapshot of an earlier call takes no more", &[("snapshot", &self.snapshot)]);
                let anew = match self.anew().await {
                    Ok(anew) => anew,
                    Err(failure) => return Err((self, failure)),
                };
                let filled = anew.send_and_complete(image).await;
                (anew, filled)
            }
            filled => (self, filled),
        };
        let completed = match filled {
            Ok(()) => upload.completed().await,
            Err(refused) => Err(refused.into()),
        };
        match completed {
            Ok(()) => Ok(upload),
            Err(failure) => Err((upload, failure)),
        }
    }

    async fn send_and_complete(&self, image: &Image) -> Result<(), Unfilled> {
        let receipt = self.send(image).await.map_err(Unfilled::Unsent)?;
        self.complete(&receipt).await
    }

    async fn completed(&self) -> Result<(), Failure> {
        let watch = Stopwatch::start();
        if !snapshots::create::wait_completed(self.ec2, &self.snapshot).await? {
            return Err(watch.timed_out(&self.snapshot, "completed"));
        }
        self.keep(true).await
    }

    async fn keep(&self, is_complete: bool) -> Result<(), Failure> {
        let Self { note, order, token, snapshot, .. } = self;
        note.write(&json!({"order": order, "token": token, "snapshot": snapshot, "complete": is_complete})).await
    }

    /// It has become an image, or is gone.
    pub(super) async fn forget(&self) {
        self.note.forget().await;
    }

    async fn anew(&self) -> Result<Self, Failure> {
        snapshots::delete::delete(self.ec2, &self.snapshot).await?;
        self.intent.removed();
        let token = random::uuid()?;
        Self::start(self.ec2, self.ebs, self.note.clone(), self.order.clone(), &self.tags, token, None).await
    }

    /// A new snapshot is not known everywhere at once.
    async fn send(&self, image: &Image) -> Result<Receipt, Unsent> {
        let mut pauses = Patience::SNAPSHOT_KNOWN.pauses();
        loop {
            let url = format!("{}/snapshots/{}/blocks/{{index}}", self.ebs.url, self.snapshot);
            let request = http::put(url, [])
                .header("content-type", "application/octet-stream")
                .header("x-amz-data-length", "{length}")
                .header("x-amz-checksum", "{sha256}")
                .header("x-amz-checksum-algorithm", "SHA256")
                .credential("aws");
            match Blocks::new(request, BLOCK).width(WIDTH).skip_zeros().pad().send(image).await {
                Err(unsent) if self.origin == Origin::New && refusal::is_not_known_yet(&unsent) => {
                    match pauses.next() {
                        Some(pause) => clock::sleep(pause).await,
                        None => return Err(unsent),
                    }
                }
                sent => return sent,
            }
        }
    }

    async fn complete(&self, receipt: &Receipt) -> Result<(), Unfilled> {
        let blocks = i32::try_from(receipt.sent + receipt.resumed).unwrap_or(i32::MAX);
        let request = self
            .ebs
            .complete_snapshot()
            .snapshot_id(&self.snapshot)
            .changed_blocks_count(blocks)
            .checksum(&receipt.sha256)
            .checksum_algorithm(ALGORITHM)
            .checksum_aggregation_method(LINEAR);
        match request.send().await.map_err(smithy::error("CompleteSnapshot")) {
            Ok(_) => Ok(()),
            // It may have been completed although nobody heard of it: its state tells.
            Err(error) if error.may_have_arrived() => {
                log::warn("no answer to the completion of a snapshot", &[("error", &error.to_string())]);
                Ok(())
            }
            Err(error) => Err(Unfilled::Incomplete(error)),
        }
    }
}

/// Why a snapshot was not filled.
enum Unfilled {
    Unsent(Unsent),
    Incomplete(ApiError),
}

impl Unfilled {
    fn is_closed(&self) -> bool {
        match self {
            Self::Unsent(unsent) => refusal::is_closed(unsent),
            Self::Incomplete(error) => error.is(&refusal::CLOSED),
        }
    }
}

impl From<Unfilled> for Failure {
    fn from(unfilled: Unfilled) -> Self {
        match unfilled {
            Unfilled::Unsent(unsent) => refusal::failure(unsent),
            Unfilled::Incomplete(error) => error.into(),
        }
    }
}

/// What the state tells of an upload that was ordered like this one.
struct Earlier {
    token: String,
    was_started: bool,
    snapshot: Option<String>,
    is_complete: bool,
}

impl Earlier {
    fn of(known: &Value) -> Option<Self> {
        let text = |name: &str| known.get(name).and_then(Value::as_str).map(str::to_owned);
        let snapshot = text("snapshot");
        let is_complete = known.get("complete").and_then(Value::as_bool) == Some(true);
        Some(Self { token: text("token")?, was_started: snapshot.is_some(), snapshot, is_complete })
    }

    /// How far it came; new when there is nothing to go on with.
    async fn origin(&self, ec2: &Ec2) -> Result<Origin, Failure> {
        let Some(snapshot) = &self.snapshot else { return Ok(Origin::New) };
        let state = snapshots::create::describe(ec2, snapshot).await?.and_then(|snapshot| snapshot.state);
        Ok(match state {
            Some(SnapshotState::Pending) if !self.is_complete => Origin::Begun,
            // That of an image belongs to it, whoever made that.
            Some(SnapshotState::Completed) if self.is_complete && !images::uses(ec2, snapshot).await? => {
                Origin::Complete
            }
            _ => Origin::New,
        })
    }
}

async fn order_snapshot(ebs: &Ebs, order: &Value, tags: &[Tag], token: &str) -> Result<String, ApiError> {
    let tags = tags.iter().map(|tag| EbsTag::builder().key(&tag.key).value(&tag.value).build()).collect();
    let encrypted = order["encrypted"] == true;
    let answer = ebs
        .start_snapshot()
        .volume_size(order["gib"].as_i64().unwrap_or_default())
        .set_tags(Some(tags).filter(|tags: &Vec<_>| !tags.is_empty()))
        .description(note::description(token))
        .client_token(token)
        .timeout(TIMEOUT_MINUTES)
        .set_encrypted(encrypted.then_some(true))
        .set_kms_key_arn(order["key"].as_str().filter(|_| encrypted).map(str::to_owned))
        .send()
        .await
        .map_err(smithy::error("StartSnapshot"))?;
    answer.snapshot_id.ok_or_else(|| ApiError::Client {
        operation: "StartSnapshot".to_owned(),
        message: "the answer names no snapshot".to_owned(),
    })
}
