use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A moto server on a port of its own, ended when this is dropped.
pub struct Moto {
    process: Child,
    port: u16,
}

/// One of the accounts that a moto server has: nothing in it is seen in another one.
#[derive(Debug, Clone)]
pub struct Account {
    port: u16,
    id: String,
}

/// The number of the account of those who name none.
const DEFAULT: &str = "123456789012";

impl Moto {
    /// Starts a server from the checkout's Python environment and waits until it answers.
    pub fn start() -> Self {
        Self::with_environment(&[])
    }

    /// Starts a server whose images are those of a file of JSON, instead of thousands.
    pub fn with_images(file: &Path) -> Self {
        Self::with_environment(&[("MOTO_AMIS_PATH", file)])
    }

    fn with_environment(variables: &[(&str, &Path)]) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(".venv").join("bin/moto_server");
        assert!(program.exists(), "there is no {}: run `make test`", program.display());
        let port = free_port();
        let process = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let moto = Self { process, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_mins(1), "moto does not answer");
            thread::sleep(Duration::from_millis(50));
        }
        moto
    }

    /// Its address as an endpoint.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Moto {
    /// The account of those who name none.
    pub fn own_account(&self) -> Account {
        self.account(DEFAULT)
    }

    /// The account of this number.
    pub fn account(&self, id: &str) -> Account {
        Account { port: self.port, id: id.to_owned() }
    }

    /// Asks EC2 something, past everything of ours: an action and its parameters, as a form. Returns the XML.
    pub fn ec2(&self, form: &str) -> String {
        self.own_account().ec2(form)
    }

    /// Everything in EC2 that costs something or stands in the way: ids of what is there, and destinations of routes.
    pub fn inventory(&self) -> BTreeSet<String> {
        self.own_account().inventory()
    }
}

impl Account {
    /// The account of the same server that requests without a word about one belong to.
    #[must_use]
    pub fn unnamed(&self) -> Self {
        Self { port: self.port, id: DEFAULT.to_owned() }
    }

    /// Where the server listens.
    pub fn address(&self) -> (&'static str, u16) {
        ("127.0.0.1", self.port)
    }

    /// The line of a request's head that names the account.
    pub(crate) fn header(&self) -> String {
        format!("x-moto-account-id: {}", self.id)
    }

    /// Asks EC2 something, past everything of ours: an action and its parameters, as a form. Returns the XML.
    pub fn ec2(&self, form: &str) -> String {
        self.ask("ec2", "2016-11-15", form)
    }

    /// Asks a service something.
    pub fn ask(&self, service: &str, version: &str, form: &str) -> String {
        let body = format!("{form}&Version={version}");
        let (length, header) = (body.len(), self.header());
        let request = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{header}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=00\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut server = TcpStream::connect(self.address()).expect("moto");
        server.write_all(request.as_bytes()).expect("moto reads");
        let mut answer = String::new();
        server.read_to_string(&mut answer).expect("moto answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        assert!(head.starts_with("HTTP/1.1 200"), "{form}: {answer}");
        body.to_owned()
    }

    /// Asks EBS direct for something: a path below `/snapshots/`.
    pub fn ebs(&self, path: &str) -> Vec<u8> {
        let header = self.header();
        let request = format!(
            "GET /snapshots/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{header}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/ebs/aws4_request, \
             SignedHeaders=host, Signature=00\r\n\r\n"
        );
        let mut server = TcpStream::connect(self.address()).expect("moto");
        server.write_all(request.as_bytes()).expect("moto reads");
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).expect("moto answers");
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("an answer");
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{path}: {}", String::from_utf8_lossy(&answer));
        answer.split_off(end + 4)
    }

    /// Everything in EC2 that costs something or stands in the way: ids of what is there, and destinations of routes.
    pub fn inventory(&self) -> BTreeSet<String> {
        let alive = "Filter.1.Name=instance-state-name&Filter.1.Value.1=pending&Filter.1.Value.2=running\
                     &Filter.1.Value.3=stopping&Filter.1.Value.4=stopped";
        // moto's own images are many, and make it slow.
        let own = format!("Filter.1.Name=owner-id&Filter.1.Value.1={}", self.id);
        let questions = [
            (format!("DescribeInstances&{alive}"), "instanceId"),
            ("DescribeNetworkInterfaces".to_owned(), "networkInterfaceId"),
            ("DescribeVolumes".to_owned(), "volumeId"),
            (format!("DescribeSnapshots&{own}"), "snapshotId"),
            (format!("DescribeImages&{own}"), "imageId"),
            ("DescribeAddresses".to_owned(), "associationId"),
            ("DescribeRouteTables".to_owned(), "destinationCidrBlock"),
        ];
        let ask = |(action, element): (String, &str)| texts(&self.ec2(&format!("Action={action}")), element);
        questions.into_iter().flat_map(ask).collect()
    }
}

/// The texts of all elements of a name.
pub fn texts(xml: &str, element: &str) -> Vec<String> {
    let open = format!("<{element}>");
    xml.split(&open)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('<')?.0.to_owned()))
        .filter(|text| !text.is_empty())
        .collect()
}

impl Drop for Moto {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}
