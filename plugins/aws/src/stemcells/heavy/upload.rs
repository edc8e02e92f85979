use aws_sdk_ebs::types::{ChecksumAggregationMethod, ChecksumAlgorithm, Tag as EbsTag};
use aws_sdk_ec2::types::SnapshotState;
use cpi_plugin_sdk::state::{self, Lease, Problem};
use cpi_plugin_sdk::{
    ApiError, Blocks, Failure, Image, Intent, Receipt, Tag, Unsent, clock, http, log, random, smithy,
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
/// How long a call waits for another one that uploads the same stemcell.
const OTHER_CALL_MS: u32 = 60_000;
const ALGORITHM: ChecksumAlgorithm = ChecksumAlgorithm::ChecksumAlgorithmSha256;
const LINEAR: ChecksumAggregationMethod = ChecksumAggregationMethod::ChecksumAggregationLinear;

/// A snapshot that is being filled, known to the state until it has become an image.
pub(super) struct Upload<'a> {
    ec2: &'a Ec2,
    ebs: &'a Ebs,
    key: String,
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

/// Keeps two calls from filling one snapshot.
pub(super) async fn alone(digest: &str) -> Result<Lease, Failure> {
    state::acquire(key(digest), OTHER_CALL_MS).await.map_err(|problem| match problem {
        Problem::Busy => Failure::rejected("another call is uploading this stemcell: wait until it has ended"),
        other => unusable(&other),
    })
}

impl<'a> Upload<'a> {
    /// Goes on with the snapshot of an earlier call that was killed, or starts one.
    pub(super) async fn begin(
        ec2: &'a Ec2,
        ebs: &'a Ebs,
        digest: &str,
        gib: u64,
        encryption: &Encryption,
        tags: &[Tag],
    ) -> Result<Self, Failure> {
        let pairs: Vec<_> = tags.iter().map(|tag| (&tag.key, &tag.value)).collect();
        let order = json!({"gib": gib, "encrypted": encryption.encrypted, "key": encryption.kms_key, "tags": pairs});
        let key = key(digest);
        if let Some(earlier) = Earlier::of(&key, &order).await? {
            let origin = earlier.origin(ec2).await?;
            let snapshot = earlier.snapshot.filter(|_| origin != Origin::New).map(|id| (id, origin));
            // Ordered, perhaps: the same order with the same token makes nothing twice.
            if snapshot.is_some() || !earlier.was_started {
                match Self::start(ec2, ebs, key.clone(), order.clone(), tags, earlier.token, snapshot).await {
                    Err(failure) => log::warn("an earlier upload is not gone on with", &[("why", failure.message())]),
                    begun => return begun,
                }
            }
        }
        Self::start(ec2, ebs, key, order, tags, random::uuid()?, None).await
    }

    async fn start(
        ec2: &'a Ec2,
        ebs: &'a Ebs,
        key: String,
        order: Value,
        tags: &[Tag],
        token: String,
        earlier: Option<(String, Origin)>,
    ) -> Result<Self, Failure> {
        let intent = Intent::begin("stemcell-upload", &token, &json!({"resumable": true})).await?;
        keep(&key, &json!({"order": order, "token": token})).await?;
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
        let upload = Self { ec2, ebs, key, order, token, tags: tags.to_vec(), snapshot, intent, origin };
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
        let Self { key, order, token, snapshot, .. } = self;
        keep(key, &json!({"order": order, "token": token, "snapshot": snapshot, "complete": is_complete})).await
    }

    /// It has become an image, or is gone.
    pub(super) async fn forget(&self) {
        let forgotten = match state::get(self.key.clone()).await {
            Ok(Some(entry)) => state::delete(self.key.clone(), entry.version).await,
            Ok(None) => Ok(()),
            Err(problem) => Err(problem),
        };
        if let Err(problem) = forgotten {
            // The next upload finds the snapshot complete or gone, and starts anew.
            log::warn("an upload is not forgotten", &[("problem", &format!("{problem:?}"))]);
        }
    }

    async fn anew(&self) -> Result<Self, Failure> {
        snapshots::delete::delete(self.ec2, &self.snapshot).await?;
        self.intent.removed();
        let token = random::uuid()?;
        Self::start(self.ec2, self.ebs, self.key.clone(), self.order.clone(), &self.tags, token, None).await
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
    async fn of(key: &str, order: &Value) -> Result<Option<Self>, Failure> {
        let entry = state::get(key.to_owned()).await.map_err(|problem| unusable(&problem))?;
        let Some(known) = entry.and_then(|entry| serde_json::from_slice::<Value>(&entry.value).ok()) else {
            return Ok(None);
        };
        let text = |name: &str| known.get(name).and_then(Value::as_str).map(str::to_owned);
        let snapshot = text("snapshot");
        let is_complete = known.get("complete").and_then(Value::as_bool) == Some(true);
        Ok(text("token").filter(|_| known.get("order") == Some(order)).map(|token| Self {
            token,
            was_started: snapshot.is_some(),
            snapshot,
            is_complete,
        }))
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

fn key(digest: &str) -> String {
    format!("stemcell-upload {digest}")
}

async fn keep(key: &str, value: &Value) -> Result<(), Failure> {
    let before = state::get(key.to_owned()).await.map_err(|problem| unusable(&problem))?;
    let version = before.map_or(0, |entry| entry.version);
    let kept = state::put(key.to_owned(), value.to_string().into_bytes(), version).await;
    kept.map(drop).map_err(|problem| unusable(&problem))
}

fn unusable(problem: &Problem) -> Failure {
    Failure::rejected(match problem {
        Problem::Unavailable(why) => why.clone(),
        Problem::Full => "what the plugin keeps is full: raise [limits] state in the host's configuration".to_owned(),
        Problem::Conflict | Problem::Busy => "another call is uploading this stemcell".to_owned(),
    })
}
