use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::endpoint::read_request;

/// The registry of old stemcells: settings of agents by VM, behind basic authentication.
pub struct Registry {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    settings: BTreeMap<String, Value>,
    requests: Vec<String>,
    failing: Option<(&'static str, u16)>,
}

/// `admin` and `registry-password`, as a client sends them.
const AUTHORIZATION: &str = "basic ywrtaw46cmvnaxn0cnktcgfzc3dvcmq=";

impl Registry {
    /// The name that it asks for.
    pub const USER: &str = "admin";
    /// The password that it asks for.
    pub const PASSWORD: &str = "registry-password";

    /// An empty registry on a port of its own.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let inner = Arc::<Mutex<Inner>>::default();
        let shared = Arc::clone(&inner);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if let Some(request) = read_request(&mut stream) {
                    let (status, body) = shared.lock().expect("no panic").answer(&request);
                    let length = body.len();
                    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                    _ = stream.write_all((head + &body).as_bytes());
                }
            }
        });
        Self { address, inner }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `cloud.properties.registry` for it.
    pub fn properties(&self) -> Value {
        json!({"endpoint": self.url(), "user": Self::USER, "password": Self::PASSWORD})
    }

    /// What it holds of a VM.
    pub fn settings(&self, vm: &str) -> Option<Value> {
        self.inner.lock().expect("no panic").settings.get(vm).cloned()
    }

    /// Methods and paths of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.inner.lock().expect("no panic").requests.clone()
    }

    /// Answers this method with this status from now on.
    pub fn fail(&self, method: &'static str, status: u16) {
        self.inner.lock().expect("no panic").failing = Some((method, status));
    }
}

impl Inner {
    fn answer(&mut self, request: &str) -> (u16, String) {
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
        let mut line = head.lines().next().unwrap_or_default().split(' ');
        let (method, path) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
        self.requests.push(format!("{method} {path}"));
        if !head.lines().any(|line| line.to_ascii_lowercase() == format!("authorization: {AUTHORIZATION}")) {
            return (401, String::new());
        }
        if let Some((_, status)) = self.failing.filter(|(failing, _)| *failing == method) {
            return (status, String::new());
        }
        let Some(vm) = path.strip_prefix("/instances/").and_then(|rest| rest.strip_suffix("/settings")) else {
            return (404, String::new());
        };
        match method {
            "PUT" => {
                let json = head.to_ascii_lowercase().contains("content-type: application/json");
                let Some(settings) = serde_json::from_str(body).ok().filter(|_| json) else {
                    return (400, String::new());
                };
                self.settings.insert(vm.to_owned(), settings);
                (201, String::new())
            }
            "GET" => match self.settings.get(vm) {
                Some(settings) => (200, json!({"status": "ok", "settings": settings.to_string()}).to_string()),
                None => (404, String::new()),
            },
            "DELETE" => (if self.settings.remove(vm).is_some() { 200 } else { 404 }, String::new()),
            _ => (405, String::new()),
        }
    }
}
