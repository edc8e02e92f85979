use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::read_request;

/// Signs certificates for servers of tests.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, as servers present it.
#[derive(Clone)]
pub struct Identity {
    certificate: Certificate,
    key: Arc<dyn SigningKey>,
}

/// A TLS server on loopback that behaves as it is told, and remembers what it was sent.
pub struct TlsEndpoint {
    address: SocketAddr,
    received: Arc<Mutex<Vec<String>>>,
}

/// A connection after its handshake.
pub type TlsStream = StreamOwned<ServerConnection, TcpStream>;

impl Authority {
    /// An authority that nobody knows yet.
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let parameters = of_authority(CertificateParams::default());
        Self(CertifiedIssuer::self_signed(parameters, key).expect("a certificate"))
    }

    /// Writes its certificate where a program can be told to trust it.
    pub fn write(&self, path: &Path) {
        std::fs::write(path, self.0.pem()).expect("a certificate");
    }

    /// A certificate for a name.
    pub fn identity(&self, name: &str) -> Identity {
        self.sign(&parameters(name))
    }

    /// A certificate for a name that was good for a day, long ago.
    pub fn expired(&self, name: &str) -> Identity {
        self.sign(&long_ago(parameters(name)))
    }

    /// A certificate of another authority, for a name.
    pub fn authority(&self, name: &str) -> Identity {
        self.sign(&of_authority(parameters(name)))
    }

    fn sign(&self, parameters: &CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        Identity::new(parameters.signed_by(&key, &self.0).expect("a certificate"), &key)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Identity {
    /// A certificate for a name that only its own key vouches for.
    pub fn self_signed(name: &str) -> Self {
        Self::own(&parameters(name))
    }

    /// The same, of an authority: what `openssl req -x509` makes.
    pub fn authority(name: &str) -> Self {
        Self::own(&of_authority(parameters(name)))
    }

    /// The same, which was good for a day, long ago.
    pub fn expired_authority(name: &str) -> Self {
        Self::own(&long_ago(of_authority(parameters(name))))
    }

    /// The same certificate, shown by somebody who has the key of another one.
    #[must_use]
    pub fn with_key_of(&self, other: &Self) -> Self {
        Self { certificate: self.certificate.clone(), key: Arc::clone(&other.key) }
    }

    /// Writes the certificate where a program can be told to trust it.
    pub fn write(&self, path: &Path) {
        std::fs::write(path, self.certificate.pem()).expect("a certificate");
    }

    fn own(parameters: &CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        Self::new(parameters.self_signed(&key).expect("a certificate"), &key)
    }

    fn new(certificate: Certificate, key: &KeyPair) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        Self { certificate, key: any_supported_type(&key).expect("a key") }
    }
}

impl TlsEndpoint {
    /// Reads a request of HTTP/1.1 and answers it with these bytes.
    pub fn answering(identity: Identity, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let received = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&received);
        let address = listen("127.0.0.1:0", identity, &["http/1.1"], move |stream| {
            if let Some(request) = read_request(stream) {
                log.lock().expect("no panic").push(request);
                _ = stream.write_all(&bytes);
                stream.conn.send_close_notify();
                _ = stream.flush();
            }
        });
        Self { address, received }
    }

    /// Speaks HTTP/2 up to the client's preface, and then as it is told.
    pub fn http2(identity: Identity, speak: impl Fn(&mut TlsStream) + Send + Sync + 'static) -> Self {
        let address = listen("127.0.0.1:0", identity, &["h2"], move |stream| {
            const PREFACE: usize = 24;
            if stream.read_exact(&mut [0; PREFACE]).is_ok() {
                speak(stream);
            }
        });
        Self { address, received: Arc::default() }
    }

    /// Its address as an endpoint, by a name.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Heads and bodies of the requests so far.
    pub fn received(&self) -> Vec<String> {
        self.received.lock().expect("no panic").clone()
    }
}

/// Accepts connections for ever, and speaks after the handshake.
pub fn listen(
    address: &str,
    identity: Identity,
    protocols: &[&str],
    speak: impl Fn(&mut TlsStream) + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind(address).expect("a port");
    let address = listener.local_addr().expect("its address");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // Whether the key is that of the certificate, the client has to find out.
    let shown = CertifiedKey::new(vec![identity.certificate.der().clone()], identity.key);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let (config, speak) = (Arc::new(config), Arc::new(speak));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, speak) = (Arc::clone(&config), Arc::clone(&speak));
            thread::spawn(move || {
                let connection = ServerConnection::new(config).expect("a connection");
                speak(&mut StreamOwned::new(connection, stream));
            });
        }
    });
    address
}

fn parameters(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).expect("a name")
}

fn of_authority(mut parameters: CertificateParams) -> CertificateParams {
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters
}

fn long_ago(mut parameters: CertificateParams) -> CertificateParams {
    parameters.not_before = date_time_ymd(2020, 1, 1);
    parameters.not_after = date_time_ymd(2020, 1, 2);
    parameters
}
