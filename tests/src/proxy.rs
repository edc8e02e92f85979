use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use crate::endpoint::read_request;

/// Stands before a server and can hold one request, so that its caller is killed at that very moment.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// Where a request is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The server never sees it.
    Before,
    /// The server has answered, and the caller does not hear of it.
    After,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Requests since [`Proxy::hold`].
    seen: usize,
    hold: Option<(usize, Held)>,
    holding: bool,
}

impl Proxy {
    /// A proxy before a server of this address (`http://127.0.0.1:PORT`).
    pub fn before(url: &str) -> Self {
        let upstream: SocketAddr = url.strip_prefix("http://").expect("http").parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::<Shared>::default();
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                thread::spawn(move || shared.serve(client, upstream));
            }
        });
        Self { address, shared }
    }

    /// Its address as an endpoint.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Counts anew, and holds the request of this number (from 1) from now on.
    pub fn hold(&self, number: usize, held: Held) {
        *self.shared.lock() = State { seen: 0, hold: Some((number, held)), holding: false };
    }

    /// Lets everything pass; a request that is held is dropped.
    pub fn release(&self) {
        *self.shared.lock() = State::default();
        self.shared.changed.notify_all();
    }

    /// Waits until the request is held, or `over` says that it will never come.
    pub fn wait(&self, mut over: impl FnMut() -> bool) -> bool {
        let start = Instant::now();
        let mut state = self.shared.lock();
        while !state.holding {
            assert!(start.elapsed() < Duration::from_mins(1), "no request {:?} came", state.hold);
            if over() {
                return false;
            }
            state = self.shared.changed.wait_timeout(state, Duration::from_millis(5)).expect("no panic").0;
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    /// One request on one connection.
    fn serve(&self, mut client: TcpStream, upstream: SocketAddr) {
        let Some(request) = read_request(&mut client) else { return };
        let number = {
            let mut state = self.lock();
            state.seen += 1;
            state.seen
        };
        if self.held(number, Held::Before) {
            return;
        }
        let mut server = TcpStream::connect(upstream).expect("the server");
        let request = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        server.write_all(request.as_bytes()).expect("the server reads");
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).expect("the server answers");
        if !self.held(number, Held::After) {
            // The caller may be gone.
            _ = client.write_all(&answer);
        }
    }

    /// Waits when this is the request; true when it shall not go on.
    fn held(&self, number: usize, held: Held) -> bool {
        let mut state = self.lock();
        if state.hold != Some((number, held)) {
            return false;
        }
        state.holding = true;
        self.changed.notify_all();
        while state.holding {
            state = self.changed.wait(state).expect("no panic");
        }
        true
    }
}
