use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

mod answers;

/// EC2 as far as a plain `has_vm` and `create_vm` go, in this process: it answers within microseconds, so that what is
/// measured against it is the other side.
pub struct Ec2 {
    address: SocketAddr,
    certificate: Option<String>,
    actions: Arc<Mutex<Vec<String>>>,
}

impl Ec2 {
    /// A server without TLS.
    pub fn plain() -> Self {
        Self::start(None, None)
    }

    /// A server with TLS and a certificate of its own, for its address and for `cloud.invalid`.
    pub fn with_tls() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "cloud.invalid".to_owned()])
            .expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
            .expect("TLS");
        Self::start(Some(Arc::new(config)), Some(made.cert.pem()))
    }

    /// Its address as an endpoint.
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Writes what a client has to trust, and returns the file for `BOSH_CA_CERT_FILE`.
    pub fn write_certificate<'a>(&self, file: &'a Path) -> &'a Path {
        std::fs::write(file, self.certificate.as_deref().unwrap_or_default()).expect("a file");
        file
    }

    /// The actions that it was asked for since the last time.
    pub fn take_actions(&self) -> Vec<String> {
        std::mem::take(&mut self.actions.lock().expect("no panic"))
    }

    fn start(tls: Option<Arc<ServerConfig>>, certificate: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let actions = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&actions);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, log) = (tls.clone(), Arc::clone(&log));
                thread::spawn(move || {
                    // A client that goes away, or does not trust the certificate, ends its connection and nothing else.
                    _ = stream.set_nodelay(true);
                    _ = connection(stream, tls, &log);
                });
            }
        });
        Self { address, certificate, actions }
    }
}

fn connection(stream: TcpStream, tls: Option<Arc<ServerConfig>>, log: &Mutex<Vec<String>>) -> io::Result<()> {
    match tls {
        None => serve(stream, log),
        Some(config) => {
            let connection = ServerConnection::new(config).map_err(io::Error::other)?;
            serve(StreamOwned::new(connection, stream), log)
        }
    }
}

/// Answers the requests of a connection until its client closes it.
fn serve(stream: impl Read + Write, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(body) = read_request(&mut stream)? {
        let action = field(&body, "Action").to_owned();
        let (status, answer) = answers::of(&action, &body);
        log.lock().expect("no panic").push(action);
        let head = format!("HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", answer.len());
        stream.get_mut().write_all((head + &answer).as_bytes())?;
        stream.get_mut().flush()?;
    }
    Ok(())
}

/// The body of the next request; `None` when there is none.
fn read_request(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            None if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    String::from_utf8(body).map(Some).map_err(io::Error::other)
}

/// A field of a form, as it is written there.
fn field<'a>(form: &'a str, name: &str) -> &'a str {
    let mut fields = form.split('&').filter_map(|field| field.split_once('='));
    fields.find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}
