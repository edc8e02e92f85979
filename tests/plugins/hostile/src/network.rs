//! Sends what it should not.

use std::collections::BTreeMap;

use cpi_plugin_sdk::http::{self, Method, Request};
use cpi_plugin_sdk::{Call, Failure, settings};
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::{Deserialize, Serialize};

use crate::{found, scan};

type Outcome = Result<(), Failure>;

#[derive(Deserialize)]
struct Settings {
    endpoint: String,
}

pub(crate) fn endpoint(call: &Call) -> Result<String, Failure> {
    settings::parse(call).map(|Settings { endpoint }| endpoint)
}

pub(crate) async fn get(url: &str) -> Outcome {
    found(sent(http::get(url)).await)
}

pub(crate) async fn get_signed(url: &str) -> Outcome {
    found(sent(http::get(url).credential("aws")).await)
}

pub(crate) async fn get_as(argument: &str) -> Outcome {
    let mut words = argument.split(' ').map(str::to_owned);
    let mut word = || words.next().unwrap_or_default();
    let (credential, url, backwards) = (word(), word(), word());
    let answer = sent(http::get(url).credential(credential)).await;
    found((answer, scan::places(&backwards)))
}

pub(crate) async fn get_ten_as(argument: &str) -> Outcome {
    let (credential, url) = argument.split_once(' ').unwrap_or_default();
    let requests: FuturesUnordered<_> = (0..10).map(|_| sent(http::get(url).credential(credential))).collect();
    found(requests.collect::<Vec<_>>().await)
}

/// A request as a test words it, and how often it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(default)]
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    credential: Option<String>,
    /// How often the headers are there.
    #[serde(default = "once")]
    header_times: usize,
    /// How many letters are put behind the URL.
    #[serde(default)]
    longer: usize,
    #[serde(default = "once")]
    times: usize,
    /// All at the same time instead of one after the other.
    #[serde(default)]
    together: bool,
}

/// What became of a request.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Became {
    Answer { status: u16, headers: Vec<(String, String)>, body: String },
    Problem(String),
}

fn once() -> usize {
    1
}

/// Sends what a list of [`Order`]s says, and tells the outcomes as JSON.
pub(crate) async fn send(orders: &str) -> Outcome {
    let orders: Vec<Order> = settings::read(orders, "orders")?;
    let mut outcomes = Vec::new();
    for order in &orders {
        let requests = (0..order.times).map(|_| outcome(order.request()));
        if order.together {
            outcomes.extend(requests.collect::<FuturesUnordered<_>>().collect::<Vec<_>>().await);
        } else {
            for request in requests {
                outcomes.push(request.await);
            }
        }
    }
    Err(Failure::Rejected(serde_json::to_string(&outcomes).unwrap_or_default()))
}

impl Order {
    fn request(&self) -> Request {
        let method = match self.method.as_str() {
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            _ => Method::Get,
        };
        let mut request = Request::new(method, self.url.clone() + &"x".repeat(self.longer)).body(self.body.as_bytes());
        for (name, value) in (0..self.header_times).flat_map(|_| &self.headers) {
            request = request.header(name, value);
        }
        match &self.credential {
            Some(credential) => request.credential(credential),
            None => request,
        }
    }
}

async fn outcome(request: Request) -> Became {
    match request.send().await {
        Ok(answer) => Became::Answer {
            status: answer.status,
            body: answer.text().chars().take(2000).collect(),
            headers: answer.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        },
        Err(error) => Became::Problem(format!("{:?}", error.problem()).chars().take(2000).collect()),
    }
}

/// Headers that only the host may set, one request for each; the answers stand beside their names.
pub(crate) async fn smuggle(request: &Request) -> Outcome {
    let headers = [
        ("host", "evil.example"),
        ("Authorization", "AWS4-HMAC-SHA256 FORGED"),
        ("x-amz-security-token", "FORGED"),
        ("x-amz-date", "20200101T000000Z"),
        ("connection", "upgrade"),
        ("transfer-encoding", "chunked"),
        ("content-length", "1"),
        ("proxy-authorization", "FORGED"),
        ("x-a\r\nx-forged", "name"),
        ("x-a", "value\r\nx-forged: FORGED"),
        (":authority", "evil.example"),
        ("", "empty"),
    ];
    let mut answers = Vec::new();
    for (name, value) in headers {
        answers.push((name, sent(request.clone().header(name, value)).await));
    }
    found(answers)
}

/// A hundred thousand requests at the same time, and how often each answer came.
pub(crate) async fn flood(call: &Call) -> Outcome {
    let endpoint = endpoint(call)?;
    let request = |number| sent(http::get(format!("{endpoint}/open/{number}")));
    let mut requests: FuturesUnordered<_> = (0..100_000).map(request).collect();
    let mut answers = BTreeMap::<String, usize>::new();
    while let Some(answer) = requests.next().await {
        *answers.entry(answer).or_default() += 1;
    }
    // Texts may differ from request to request: the first ones are enough.
    found(answers.into_iter().take(20).collect::<Vec<_>>())
}

pub(crate) async fn large_body(call: &Call) -> Outcome {
    let url = format!("{}/open/body", endpoint(call)?);
    found(sent(http::post(url, vec![b'x'; 64 << 20])).await)
}

/// The status, headers and body of the answer, or the host's word for why there is none.
pub(crate) async fn sent(request: Request) -> String {
    match request.send().await {
        Ok(answer) => format!("status {}, headers {:?}, body {}", answer.status, answer.headers, answer.text()),
        Err(error) => format!("{:?}", error.problem()),
    }
}
