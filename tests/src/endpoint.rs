use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A server on loopback that behaves as it is told, and remembers what it was sent.
pub struct Endpoint {
    address: SocketAddr,
    received: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Endpoint {
    /// A port on which nobody listens.
    pub fn refusing() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}", listener.local_addr().expect("its address"))
    }

    /// Takes requests and never answers.
    pub fn hanging() -> Self {
        Self::serve(|_| thread::sleep(Duration::from_mins(10)))
    }

    /// Answers every request with these bytes and closes.
    pub fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::serve(move |stream| _ = stream.write_all(&bytes))
    }

    /// Answers every request with these bytes, so much later.
    pub fn slow(after: Duration, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::serve(move |stream| {
            thread::sleep(after);
            _ = stream.write_all(&bytes);
        })
    }

    /// Answers every request with these bytes, but none before as many are there as the barrier waits for.
    pub fn behind(barrier: Arc<Barrier>, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::serve(move |stream| {
            barrier.wait();
            _ = stream.write_all(&bytes);
        })
    }

    /// Answers one request after the other with these statuses and bodies, the last one from then on.
    pub fn in_turn(answers: &[(u16, &str)]) -> Self {
        let answers: Vec<String> = answers.iter().map(|(status, body)| response(*status, body)).collect();
        let next = AtomicUsize::new(0);
        Self::serve(move |stream| {
            let turn = next.fetch_add(1, Ordering::Relaxed).min(answers.len().saturating_sub(1));
            _ = stream.write_all(answers.get(turn).expect("an answer").as_bytes());
        })
    }

    /// Takes so many requests in a second, some at once, and refuses all others with these words of the cloud.
    pub fn throttling(per_second: f64, burst: f64, answer: &str, refusal: &str) -> Self {
        let (answer, refusal) = (response(200, answer), response(503, refusal));
        let bucket = Mutex::new((burst, Instant::now()));
        Self::serve(move |stream| {
            let mut bucket = bucket.lock().expect("no panic");
            let filled = (bucket.0 + bucket.1.elapsed().as_secs_f64() * per_second).min(burst);
            let taken = filled >= 1.0;
            *bucket = (if taken { filled - 1.0 } else { filled }, Instant::now());
            drop(bucket);
            _ = stream.write_all(if taken { &answer } else { &refusal }.as_bytes());
        })
    }

    /// Sends a proper start of an answer and then zeros without end.
    pub fn flooding() -> Self {
        Self::serve(|stream| {
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n");
            let zeros = vec![b'0'; 1 << 16];
            while stream.write_all(&zeros).is_ok() {}
        })
    }

    /// Its address as an endpoint.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How often somebody connected, whatever came of it.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Heads and bodies of the requests so far.
    pub fn received(&self) -> Vec<String> {
        self.received.lock().expect("no panic").clone()
    }

    /// Answers each request with what is made of it, and closes.
    pub fn replying(reply: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::listen(move |request, stream| _ = stream.write_all(&reply(request)))
    }

    /// Does with the connection of each request what it is told, and closes.
    pub fn serve(answer: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::listen(move |_, stream| answer(stream))
    }

    fn listen(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let received = Arc::<Mutex<Vec<String>>>::default();
        let connections = Arc::<AtomicUsize>::default();
        let (log, answer, count) = (Arc::clone(&received), Arc::new(answer), Arc::clone(&connections));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                thread::spawn(move || {
                    if let Some(request) = read_request(&mut stream) {
                        log.lock().expect("no panic").push(request.clone());
                        answer(&request, &mut stream);
                    }
                });
            }
        });
        Self { address, received, connections }
    }
}

fn response(status: u16, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// Head and body of a request, the body as long as its head says.
pub fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => bytes.extend_from_slice(buffer.get(..count)?),
            _ => return None,
        }
    }
}
