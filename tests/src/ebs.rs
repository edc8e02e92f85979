//! A server for uploads of images.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

mod answers;

/// EBS direct, and EC2 as far as images and snapshots go, in this process and at one address: fast enough for images of
/// gigabytes. It checks what AWS checks: lengths, checksums, counts, and that a snapshot is still being filled.
///
/// Whatever is `PUT` below `/image/` is taken as well, for plugins that know no AWS.
pub struct Ebs {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
}

/// What is there, and what was asked for.
#[derive(Default)]
pub struct World {
    /// By identifier.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// Identifier and the form of its `RegisterImage`.
    pub images: BTreeMap<String, String>,
    /// `StartSnapshot`, `PutSnapshotBlock`, … and the actions of EC2, in order.
    pub actions: Vec<String>,
    /// The last forms of EC2's actions, by action.
    pub forms: BTreeMap<String, String>,
    /// Connections under way with a block.
    busy: usize,
    /// The most of them that there were.
    pub busiest: usize,
    made: usize,
    gate: Option<Gate>,
}

/// A snapshot, or what was put below `/image/`.
#[derive(Default, Clone)]
pub struct Snapshot {
    /// `pending`, `completed`.
    pub state: String,
    /// What it was started with.
    pub order: Value,
    /// SHA-256 of each block.
    pub blocks: BTreeMap<u64, Vec<u8>>,
    /// How often a block was put, whether it was there or not.
    pub puts: usize,
    /// Heads of the last request for a block.
    pub head: String,
}

/// Decides about a request before anything else does: an answer to give instead, with its headers.
type Gate = Arc<dyn Fn(&World, &str, &str) -> Option<(u16, String, String)> + Send + Sync>;

/// What EBS cuts snapshots into.
pub const BLOCK: usize = 512 << 10;

struct Request {
    method: String,
    path: String,
    head: String,
    body: Vec<u8>,
}

impl Ebs {
    /// A server that has nothing yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let world = Arc::<Mutex<World>>::default();
        let shared = Arc::clone(&world);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let world = Arc::clone(&shared);
                // A client that goes away ends its connection and nothing else.
                thread::spawn(move || _ = serve(stream, &world));
            }
        });
        Self { address, world }
    }

    /// Its address as an endpoint.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A look at everything.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no panic")
    }

    /// Has requests answered by a function of method and path, or action of EC2; `None` for the usual answer. It may take
    /// its time.
    pub fn behind(&self, gate: impl Fn(&World, &str, &str) -> Option<(u16, String, String)> + Send + Sync + 'static) {
        self.world().gate = Some(Arc::new(gate));
    }

    /// The only snapshot.
    pub fn snapshot(&self) -> Snapshot {
        let world = self.world();
        assert_eq!(world.snapshots.len(), 1, "{:?}", world.snapshots.keys());
        world.snapshots.values().next().expect("a snapshot").clone()
    }
}

/// An error of EBS direct.
pub fn refusal(status: u16, code: &str, message: &str, reason: Option<&str>) -> (u16, String, String) {
    (status, format!("x-amzn-errortype: {code}\r\n"), json!({"Message": message, "Reason": reason}).to_string())
}

/// The same of EC2.
pub fn refusal_of_ec2(status: u16, code: &str) -> (u16, String, String) {
    let xml = format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>so says the test</Message></Error></Errors></Response>"
    );
    (status, "Content-Type: text/xml\r\n".to_owned(), xml)
}

/// The block of a path that puts one.
pub fn block_of(path: &str) -> Option<u64> {
    path.rsplit_once('/').and_then(|(_, index)| index.parse().ok())
}

fn serve(stream: TcpStream, world: &Mutex<World>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(64 << 10, stream);
    while let Some(request) = read(&mut stream)? {
        let gate = {
            let mut world = world.lock().expect("no panic");
            world.busy += 1;
            world.busiest = world.busiest.max(world.busy);
            world.gate.clone()
        };
        // Hashing is what takes time; nobody waits for it.
        let sha256 = digest(&SHA256, &request.body).as_ref().to_vec();
        let mut world = world.lock().expect("no panic");
        let gated = gate.and_then(|gate| gate(&world, &request.method, request.target()));
        let (status, head, body) = gated.unwrap_or_else(|| answers::of(&mut world, &request, sha256));
        world.busy -= 1;
        drop(world);
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} X\r\n{head}Content-Length: {length}\r\n\r\n{body}");
        stream.get_mut().write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn read(stream: &mut impl BufRead) -> io::Result<Option<Request>> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let start = head.len();
        if stream.read_line(&mut head)? == 0 {
            return Ok(None);
        }
        match head.get(start..).unwrap_or_default().trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            None if head.ends_with("\r\n\r\n") => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    Ok(Some(Request { method, path, head, body }))
}

impl Request {
    /// The path, or the action of EC2, all of which have the same path.
    fn target(&self) -> &str {
        let form = std::str::from_utf8(&self.body).ok().filter(|_| self.path == "/").unwrap_or_default();
        let action = form.split('&').find_map(|field| field.strip_prefix("Action="));
        action.unwrap_or(&self.path)
    }

    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
    }
}

impl Snapshot {
    /// SHA-256 of all the blocks' digests in their order, in base64.
    pub fn linear(&self) -> String {
        BASE64.encode(digest(&SHA256, &self.blocks.values().flatten().copied().collect::<Vec<_>>()))
    }
}
