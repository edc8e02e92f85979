//! What the host does for each request of a plugin: gate, budget, signature, log.

use std::time::Duration;

use cpi_broker::Egress;
use cpi_catalog::Catalog;
use cpi_policy::{HostConfig, Method, Outgoing};
use cpi_tests::{Ec2, dist};
use serde_json::json;

use crate::local::{Parts, quiet, runtime};
use crate::report::Report;
use crate::series::{Series, computed, shown};

const BODY: &str = "Action=DescribeInstances&Version=2016-11-15&InstanceId.1=i-0123456789abcdef0";

pub(crate) fn run(report: &mut Report) {
    let sender = Sender::new();
    let (host, bare) = runtime().block_on(async {
        let (mut host, mut bare) = (Series::default(), Series::default());
        // In turn, so that a busy moment of the machine is shared.
        for _ in 0..100 {
            host.push(cpu_of(20, || sender.through_the_host()).await);
            bare.push(cpu_of(20, || sender.bare()).await);
        }
        (host.median(), bare.median())
    });
    let overhead = host.saturating_sub(bare);
    let measured = format!("{} ({} with it, {} for the HTTP client alone)", shown(overhead), shown(host), shown(bare));
    let what = "gate, budget, signature and log of a request: CPU time, the HTTP client's taken off";
    report.target("B4", what, measured, "≤ 60 µs", overhead <= Duration::from_micros(60));
}

/// Sends the same request through the host and past it, over connections that stay open.
pub(crate) struct Sender {
    ec2: Ec2,
    egress: Egress,
    client: reqwest::Client,
}

impl Sender {
    pub(crate) fn new() -> Self {
        let ec2 = Ec2::plain();
        let manifest =
            Catalog::new(dist().join("plugins"), &HostConfig::default()).open("aws").expect("it is installed").manifest;
        let properties = json!({"aws": {
            "access_key_id": "AKIATESTKEY00000001", "secret_access_key": "test-secret-access-key-0123456789abcdef",
            "region": "us-east-1", "ec2_endpoint": ec2.url(), "credentials_source": "static",
        }});
        let egress =
            Parts::new(manifest, &properties, "http = { requests = 1000000, per-second = 60000 }").egress(&quiet());
        // There is no TLS here, but the client wants to know whose it would be. A second one changes nothing.
        _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { ec2, egress, client }
    }

    pub(crate) async fn through_the_host(&self) {
        let request = Outgoing {
            method: Method::Post,
            url: self.ec2.url() + "/",
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
            body: BODY.as_bytes().to_vec(),
            credential: Some("aws".to_owned()),
            timeout_ms: None,
        };
        let answer = self.egress.send(request).await.expect("an answer");
        assert_eq!(answer.status, 200);
    }

    pub(crate) async fn bare(&self) {
        let request = self.client.post(self.ec2.url() + "/").timeout(Duration::from_mins(1));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(BODY);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect("a body");
    }
}

/// CPU time of this thread for each of so many sends.
async fn cpu_of(times: u32, mut send: impl AsyncFnMut()) -> Duration {
    let before = computed();
    for _ in 0..times {
        send().await;
    }
    computed().saturating_sub(before) / times
}
