use std::collections::BTreeMap;

use cpi_plugin_sdk::http::{Method, Request, Response};
use cpi_plugin_sdk::{ApiError, Blocks, Failure, Image, Receipt, Unsent};

use super::{Account, error, service};
use crate::arm::Arm;

/// A page blob, or the place for one.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    pub account: Account,
    pub container: &'static str,
    pub name: String,
    /// Without a query.
    pub url: String,
    pub(super) base: String,
}

/// What is known of a blob that is there.
#[derive(Debug)]
pub(crate) struct Found {
    pub size: u64,
    /// By names in lower case.
    pub metadata: BTreeMap<String, String>,
    /// Of the copy that it is the target of.
    pub(super) copy: Option<CopyState>,
}

/// How far a copy is.
#[derive(Debug)]
pub(super) struct CopyState {
    pub id: String,
    pub status: String,
    pub progress: Option<String>,
    pub description: Option<String>,
}

/// Azure's own bound for one request, as the Ruby CPI sets it.
const TIMEOUT: &str = "timeout=120";
/// Bytes of one request. Azure takes twice as many; smaller ones leave out more zeros.
const PAGES: u32 = 2 << 20;
const CONTAINER_MISSING: [&str; 1] = ["ContainerNotFound"];
const CONTAINER_THERE: [&str; 2] = ["ContainerAlreadyExists", "ContainerBeingCreated"];

impl Blob {
    /// A blob by its name with its ending, such as `x.vhd`.
    pub(crate) fn new(arm: &Arm, account: &Account, container: &'static str, name: String) -> Result<Self, Failure> {
        let base = account.blobs(&arm.settings).ok_or_else(|| {
            Failure::rejected(format!("The storage account '{}' has no endpoint for blobs", account.name))
        })?;
        let url = format!("{base}/{container}/{name}");
        Ok(Self { account: account.clone(), container, name, url, base })
    }

    /// Makes it, empty, with pages that read as zeros; the container too where that is missing. One that is there under
    /// this name is replaced.
    pub(crate) async fn create(&self, size: u64, metadata: &BTreeMap<String, String>) -> Result<(), ApiError> {
        let request = || {
            let request = self
                .request(Method::Put, TIMEOUT)
                .header("x-ms-blob-type", "PageBlob")
                .header("x-ms-blob-content-length", size.to_string())
                .header("x-ms-blob-content-type", "application/octet-stream");
            with_metadata(request, metadata)
        };
        self.in_container("Put Blob", request).await.map(drop)
    }

    /// Fills it with an image, so many requests at the same time. Pages of zeros are left out; those that an earlier call
    /// wrote, which was killed, too.
    pub(crate) async fn fill(&self, image: &Image, width: u8) -> Result<Receipt, ApiError> {
        let operation = || self.named("Put Page");
        let request = self
            .request(Method::Put, &format!("comp=page&{TIMEOUT}"))
            .header("x-ms-page-write", "update")
            .header("x-ms-range", "bytes={offset}-{end}");
        Blocks::new(request, PAGES).width(width).skip_zeros().send(image).await.map_err(|unsent| match unsent {
            Unsent::Unreadable(message) => ApiError::Client { operation: operation(), message },
            Unsent::Unanswered(error) => ApiError::Host { operation: operation(), error },
            Unsent::Refused { response, .. } => error::of_answer(&operation(), &response),
        })
    }

    /// What is known of it, if it is there.
    pub(crate) async fn find(&self) -> Result<Option<Found>, ApiError> {
        let answer = service::send(&self.named("Get Blob Properties"), self.request(Method::Head, ""), &[404]).await?;
        Ok((answer.status != 404).then(|| found(&answer)))
    }

    /// Removes it with its snapshots; whether it was there.
    pub(crate) async fn delete(&self) -> Result<bool, ApiError> {
        let request = self.request(Method::Delete, "").header("x-ms-delete-snapshots", "include");
        Ok(service::send(&self.named("Delete Blob"), request, &[404]).await?.status != 404)
    }

    /// Writes pages: a multiple of 512 bytes.
    pub(crate) async fn write(&self, offset: u64, pages: Vec<u8>) -> Result<(), ApiError> {
        let end = offset + pages.len().saturating_sub(1) as u64;
        let request = self
            .request(Method::Put, &format!("comp=page&{TIMEOUT}"))
            .header("x-ms-page-write", "update")
            .header("x-ms-range", format!("bytes={offset}-{end}"))
            .body(pages);
        service::send(&self.named("Put Page"), request, &[]).await.map(drop)
    }

    /// Replaces its metadata.
    pub(crate) async fn set_metadata(&self, metadata: &BTreeMap<String, String>) -> Result<(), ApiError> {
        let request = with_metadata(self.request(Method::Put, "comp=metadata"), metadata);
        service::send(&self.named("Set Blob Metadata"), request, &[]).await.map(drop)
    }

    /// Makes a snapshot, and returns its time, which is its name.
    pub(crate) async fn snapshot(&self, metadata: &BTreeMap<String, String>) -> Result<String, ApiError> {
        let request = with_metadata(self.request(Method::Put, "comp=snapshot"), metadata);
        let answer = service::send(&self.named("Snapshot Blob"), request, &[]).await?;
        let missing =
            || ApiError::Client { operation: self.named("Snapshot Blob"), message: "no x-ms-snapshot".to_owned() };
        answer.header("x-ms-snapshot").map(str::to_owned).ok_or_else(missing)
    }

    /// Removes the snapshot of this time; whether it was there.
    pub(crate) async fn delete_snapshot(&self, time: &str) -> Result<bool, ApiError> {
        let request = self.request(Method::Delete, &format!("snapshot={}", time.replace(':', "%3A")));
        Ok(service::send(&self.named("Delete Blob"), request, &[404]).await?.status != 404)
    }

    /// Sends a request that makes the blob, and makes the container when that is what is missing.
    pub(super) async fn in_container(
        &self,
        operation: &str,
        request: impl Fn() -> Request,
    ) -> Result<Response, ApiError> {
        let operation = self.named(operation);
        match service::send(&operation, request(), &[]).await {
            Err(error) if error.is(&CONTAINER_MISSING) => {}
            sent => return sent,
        }
        let url = format!("{}/{}?restype=container", self.base, self.container);
        let made =
            service::send(&self.named("Create Container"), service::blobs(&self.account, Method::Put, url), &[]).await;
        match made {
            Err(error) if !error.is(&CONTAINER_THERE) => Err(error),
            _ => service::send(&operation, request(), &[]).await,
        }
    }

    /// What is done, and with which blob.
    fn named(&self, operation: &str) -> String {
        format!("{operation} '{}/{}/{}'", self.account.name, self.container, self.name)
    }

    pub(super) fn request(&self, method: Method, query: &str) -> Request {
        let url = if query.is_empty() { self.url.clone() } else { format!("{}?{query}", self.url) };
        service::blobs(&self.account, method, url)
    }
}

fn found(answer: &Response) -> Found {
    const META: &str = "x-ms-meta-";
    let text = |name: &str| answer.header(name).map(str::to_owned);
    let metadata = answer.headers.iter().filter_map(|header| {
        let name = header.name.to_ascii_lowercase();
        Some((name.strip_prefix(META)?.to_owned(), header.value.clone()))
    });
    let copy = text("x-ms-copy-id").map(|id| CopyState {
        id,
        status: text("x-ms-copy-status").unwrap_or_default(),
        progress: text("x-ms-copy-progress"),
        description: text("x-ms-copy-status-description"),
    });
    Found {
        size: text("content-length").and_then(|size| size.parse().ok()).unwrap_or_default(),
        metadata: metadata.collect(),
        copy,
    }
}

fn with_metadata(request: Request, metadata: &BTreeMap<String, String>) -> Request {
    metadata.iter().fold(request, |request, (key, value)| request.header(format!("x-ms-meta-{key}"), value))
}
