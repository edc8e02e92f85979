use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use crate::endpoint::read_request;
use crate::moto::Account;
use crate::service::Asked;

/// Stands before an account of moto's, keeps every request, and does with each what it is told. An order with a client
/// token that was carried out already is answered as it was then: EC2 does so, moto does not.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What becomes of a request.
pub enum Turn {
    /// It is answered by the server.
    Pass,
    /// It is answered with this status and body; the server never sees it.
    Answer(u16, String),
    /// The server does what it is asked for, and this is the answer.
    AnswerAfter(u16, String),
    /// The connection ends; the server never sees it.
    Drop,
    /// The server does what it is asked for, and then the connection ends.
    DropAfter,
    /// It is answered by the server, with another body.
    Change(Box<dyn FnOnce(&str) -> String + Send>),
}

type Script = Box<dyn FnMut(&Asked) -> Turn + Send>;

struct Shared {
    account: Account,
    asked: Mutex<Vec<Asked>>,
    script: Mutex<Script>,
    /// Answers by action and client token.
    carried_out: Mutex<HashMap<(String, String), Vec<u8>>>,
}

impl Turn {
    /// EC2's answer when it refuses something.
    pub fn refuse(status: u16, code: &str, message: &str) -> Self {
        Self::Answer(status, refusal(code, message))
    }

    /// The same answer to something that was done.
    pub fn refuse_after(status: u16, code: &str, message: &str) -> Self {
        Self::AnswerAfter(status, refusal(code, message))
    }

    /// The server's answer with a text in the place of another one.
    pub fn replace(from: &'static str, to: impl Into<String>) -> Self {
        let to = to.into();
        Self::Change(Box::new(move |body| body.replace(from, &to)))
    }
}

impl Relay {
    /// A relay that lets everything pass.
    pub fn before(account: Account) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let script: Script = Box::new(|_| Turn::Pass);
        let shared = Arc::new(Shared {
            account,
            asked: Mutex::default(),
            script: Mutex::new(script),
            carried_out: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                // A caller that is gone, or a server that ends, ends the connection and nothing else.
                thread::spawn(move || _ = shared.serve(client));
            }
        });
        Self { address, shared }
    }

    /// Its address as an endpoint.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Forgets the requests so far, and does from now on what this says.
    pub fn script(&self, script: impl FnMut(&Asked) -> Turn + Send + 'static) {
        self.take();
        *self.shared.script.lock().expect("no panic") = Box::new(script);
    }

    /// Does this with the next requests of an action, one after the other, and lets everything else pass.
    pub fn script_for(&self, action: &'static str, turns: Vec<Turn>) {
        let mut turns = turns.into_iter();
        self.script(move |asked| {
            let next = if asked.field("Action") == action { turns.next() } else { None };
            next.unwrap_or(Turn::Pass)
        });
    }

    /// Does this with the request of this number, from 0, and lets everything else pass. What is returned has the action
    /// of that request, once it came.
    pub fn script_at(&self, number: usize, turn: Turn) -> Arc<OnceLock<String>> {
        let met = Arc::<OnceLock<String>>::default();
        let (told, mut turn, mut seen) = (Arc::clone(&met), Some(turn), 0);
        self.script(move |asked| {
            seen += 1;
            let Some(turn) = turn.take_if(|_| seen > number) else { return Turn::Pass };
            told.get_or_init(|| asked.field("Action"));
            turn
        });
        met
    }

    /// The requests since the last time, in the order in which they came.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.asked.lock().expect("no panic"))
    }
}

impl Shared {
    /// One request on one connection.
    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let Some(request) = read_request(&mut client) else { return Ok(()) };
        let Some(asked) = Asked::read(&request) else { return Ok(()) };
        let turn = self.script.lock().expect("no panic")(&asked);
        let key = (asked.field("Action"), asked.field("ClientToken"));
        self.asked.lock().expect("no panic").push(asked);
        match turn {
            Turn::Pass => client.write_all(&self.forward(&request, key)?),
            Turn::Answer(status, body) => client.write_all(answer(&status.to_string(), &body).as_bytes()),
            Turn::AnswerAfter(status, body) => {
                self.forward(&request, key)?;
                client.write_all(answer(&status.to_string(), &body).as_bytes())
            }
            Turn::Drop => Ok(()),
            Turn::DropAfter => self.forward(&request, key).map(drop),
            Turn::Change(change) => {
                let whole = String::from_utf8(self.forward(&request, key)?).map_err(io::Error::other)?;
                let (head, body) = whole.split_once("\r\n\r\n").unwrap_or_default();
                let status = head.split(' ').nth(1).unwrap_or_default();
                client.write_all(answer(status, &change(body)).as_bytes())
            }
        }
    }

    fn forward(&self, request: &str, key: (String, String)) -> io::Result<Vec<u8>> {
        if let Some(answer) = self.carried_out.lock().expect("no panic").get(&key) {
            return Ok(answer.clone());
        }
        let mut server = TcpStream::connect(self.account.address())?;
        let more = format!("\r\nConnection: close\r\n{}\r\n", self.account.header());
        server.write_all(request.replacen("\r\n", &more, 1).as_bytes())?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        if !key.1.is_empty() && answer.starts_with(b"HTTP/1.1 200") {
            self.carried_out.lock().expect("no panic").insert(key, answer.clone());
        }
        Ok(answer)
    }
}

fn refusal(code: &str, message: &str) -> String {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    format!("<Response><Errors>{error}</Errors><RequestID>refused</RequestID></Response>")
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
