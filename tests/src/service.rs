use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use url::form_urlencoded;

use crate::endpoint::read_request;

/// A service on loopback that answers as a function says, and remembers what it was asked.
pub struct Service {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Such as `GET`.
    pub method: String,
    /// What follows the method: path and query, or a whole URL for a proxy.
    pub target: String,
    head: String,
    /// The body, as text.
    pub body: String,
}

/// One answer.
pub struct Reply {
    status: u16,
    /// Lines of the head, each with its end.
    head: String,
    body: String,
}

impl From<(u16, String)> for Reply {
    fn from((status, body): (u16, String)) -> Self {
        Self { status, head: String::new(), body }
    }
}

impl Reply {
    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.head.extend([name, ": ", value, "\r\n"]);
        self
    }
}

impl Service {
    /// A service that answers with this function.
    pub fn start<R: Into<Reply>>(answer: impl Fn(&Asked) -> R + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || {
                    let Some(request) = read_request(&mut stream).as_deref().and_then(Asked::read) else { return };
                    let Reply { status, head, body } = answer(&request).into();
                    log.lock().expect("no panic").push(request);
                    let length = body.len();
                    // Whoever asked may be gone.
                    _ = write!(
                        stream,
                        "HTTP/1.1 {status} X\r\n{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                    );
                });
            }
        });
        Self { address, asked }
    }

    /// Its address as an endpoint.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }
}

impl Asked {
    /// A request with its head and its body.
    pub(crate) fn read(request: &str) -> Option<Self> {
        let (head, body) = request.split_once("\r\n\r\n")?;
        let (line, head) = head.split_once("\r\n")?;
        let mut parts = line.split(' ');
        let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self { method, target, head: head.to_owned(), body: body.to_owned() })
    }

    /// A header's value; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
    }

    /// A field of the form in the body; empty when it is missing.
    pub fn field(&self, name: &str) -> String {
        value(&self.body, name)
    }

    /// All fields of the form in the body, in the order in which they stand there.
    pub fn fields(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// A field of the query; empty when it is missing.
    pub fn query(&self, name: &str) -> String {
        self.target.split_once('?').map(|(_, query)| value(query, name)).unwrap_or_default()
    }
}

fn value(form: &str, name: &str) -> String {
    let mut fields = form_urlencoded::parse(form.as_bytes());
    fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}
