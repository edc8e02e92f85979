//! A proxy in front of a cloud that answers one chosen request with an error, and remembers the actions.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use cpi_tests::read_request;

pub(crate) struct Faults {
    url: String,
    log: Arc<Mutex<Vec<String>>>,
    failed: Arc<AtomicBool>,
}

const REFUSED: &str = "<Response><Errors><Error><Code>InjectedFault</Code><Message>a fault of the test</Message></Error></Errors></Response>";

impl Faults {
    /// Forwards to `cloud`, all but the request of this number, counted from zero.
    pub(crate) fn at(cloud: &str, number: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::<Mutex<Vec<String>>>::default();
        let failed = Arc::<AtomicBool>::default();
        let (seen, fault, cloud) = (Arc::clone(&log), Arc::clone(&failed), cloud.replace("http://", ""));
        let count = Arc::<AtomicUsize>::default();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (seen, fault, cloud, count) =
                    (Arc::clone(&seen), Arc::clone(&fault), cloud.clone(), Arc::clone(&count));
                thread::spawn(move || {
                    let Some(request) = read_request(&mut stream) else { return };
                    seen.lock().unwrap().push(action(&request));
                    let answer = if count.fetch_add(1, Ordering::SeqCst) == number {
                        fault.store(true, Ordering::SeqCst);
                        let length = REFUSED.len();
                        format!("HTTP/1.1 400 X\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{REFUSED}")
                            .into_bytes()
                    } else {
                        forward(&cloud, &request)
                    };
                    _ = stream.write_all(&answer);
                });
            }
        });
        Self { url, log, failed }
    }

    /// Forwards everything.
    pub(crate) fn none(cloud: &str) -> Self {
        Self::at(cloud, usize::MAX)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The actions so far.
    pub(crate) fn actions(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Whether the chosen request came.
    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }
}

fn action(request: &str) -> String {
    let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
    let pairs = url::form_urlencoded::parse(body.as_bytes());
    pairs.into_iter().find(|(key, _)| key == "Action").map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn forward(cloud: &str, request: &str) -> Vec<u8> {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut stream = TcpStream::connect(cloud).unwrap();
    stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n{body}").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}
