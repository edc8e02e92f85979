//! Names whose addresses change, or are not what they should be. Everything is asked of the system's own resolver.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{LazyLock, Mutex};
use std::thread;

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Authority, Host, request};
use serde_json::json;

use crate::altered::{Installed, install, with_manifest};
use crate::case;
use crate::scene::whole;

const SECTION: &str = "egress";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A07", "a name at a private address", private),
    case(SECTION, "A07b", "a name at a public and a private address", mixed),
    case(SECTION, "A07c", "an alias of an internal name", alias),
    case(SECTION, "A07d", "a name whose address changes within a call", rebinding),
    case(SECTION, "A07e", "a server of names that does not answer", silent),
    case(SECTION, "A07f", "a private address that the operator opened", opened),
    case(SECTION, "A07g", "a private address of a domain that only the manifest names", fallen_back),
];

/// What a name is answered with, one after the other, the last one from then on: addresses and aliases.
static NAMES: LazyLock<Mutex<BTreeMap<String, Vec<Records>>>> = LazyLock::new(|| {
    let socket = UdpSocket::bind("127.0.0.1:53").unwrap();
    thread::spawn(move || serve(&socket));
    Mutex::default()
});

#[derive(Clone)]
struct Records {
    alias: Option<&'static str>,
    addresses: Vec<Ipv4Addr>,
}

/// An address of the internet, which leads back here like every other.
const PUBLIC: &str = "52.95.0.1";

fn at(addresses: &[&str]) -> Records {
    Records { alias: None, addresses: addresses.iter().map(|text| text.parse().unwrap()).collect() }
}

fn serve(socket: &UdpSocket) {
    let mut query = [0; 512];
    while let Ok((length, asker)) = socket.recv_from(&mut query) {
        if let Some(answer) = answer(&query[..length]) {
            _ = socket.send_to(&answer, asker);
        }
    }
}

/// An answer with a time to live of zero; `None` for a name that nobody has heard of.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    const ADDRESS: [u8; 2] = [0, 1];
    const ALIAS: [u8; 2] = [0, 5];
    let (name, end) = name_of(query)?;
    let for_v4 = query[end..end + 2] == ADDRESS;
    let mut names = NAMES.lock().unwrap();
    let turns = names.get_mut(&name)?;
    let records = turns[0].clone();
    // Both kinds of addresses are asked for at once; a turn is over when the one that has an answer was asked for.
    if for_v4 && turns.len() > 1 {
        turns.remove(0);
    }
    drop(names);
    let addresses: &[Ipv4Addr] = if for_v4 { &records.addresses } else { &[] };
    let count = u8::try_from(addresses.len() + usize::from(records.alias.is_some())).unwrap();
    let mut bytes = query[..2].to_vec();
    bytes.extend([0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0]);
    bytes.extend(&query[12..end + 4]);
    let head = |kind: [u8; 2]| [[0xc0, 12].as_slice(), &kind, &[0, 1, 0, 0, 0, 0]].concat();
    let mut owner = head(ADDRESS)[..2].to_vec();
    if let Some(alias) = records.alias {
        bytes.extend(head(ALIAS));
        let target = written(alias);
        bytes.extend(u16::try_from(target.len()).unwrap().to_be_bytes());
        bytes.extend(&target);
        owner = target;
    }
    for address in addresses {
        bytes.extend(&owner);
        bytes.extend(&head(ADDRESS)[2..]);
        bytes.extend([0, 4]);
        bytes.extend(address.octets());
    }
    Some(bytes)
}

/// The name that is asked for, and where it ends.
fn name_of(query: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*query.get(at)?);
        let label = query.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if length == 0 {
            return Some((labels.join(".").to_ascii_lowercase(), at));
        }
        labels.push(String::from_utf8_lossy(label).into_owned());
    }
}

fn written(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat());
    labels.chain([0]).collect()
}

/// A host whose plugin may reach one name at one port by https, where a server of this process has a certificate.
struct Named {
    installed: Installed,
    url: String,
    authority: Authority,
    received: std::sync::Arc<Mutex<Vec<std::net::IpAddr>>>,
    host: Host,
}

impl Named {
    fn new(label: &str, turns: Vec<Records>, settings: &str) -> Self {
        let name = format!("{label}.example.com");
        NAMES.lock().unwrap().insert(name.clone(), turns);
        let authority = Authority::new();
        let received = std::sync::Arc::<Mutex<Vec<_>>>::default();
        let log = std::sync::Arc::clone(&received);
        let address = cpi_tests::listen("0.0.0.0:0", authority.identity(&name), &["http/1.1"], move |stream| {
            if cpi_tests::read_request(stream).is_some() {
                log.lock().unwrap().push(stream.sock.local_addr().unwrap().ip());
                // Closed, so that the next request asks for the name again.
                let answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
                _ = std::io::Write::write_all(stream, answer);
            }
        });
        let base = format!("https://{name}:{}", address.port());
        let installed = install(&with_manifest("\"https://ec2.us-east-1.amazonaws.com\"", &format!("\"{base}\"")));
        let host =
            installed.host("", "").with_config(r#"{"cloud": {"plugin": "hostile", "properties": {"hostile": {}}}}"#);
        let host = host.with_more_settings(settings);
        authority.write(&host.path("ca.pem"));
        Self { url: format!("{base}/open/x"), installed, authority, received, host }
    }

    fn send(&self, times: usize) -> Answer {
        let orders = json!([{"url": self.url, "times": times}]);
        let mut command = self.host.command();
        let mut child = command.env("BOSH_CA_CERT_FILE", self.host.path("ca.pem")).spawn().unwrap();
        let input = request("has_vm", &json!([format!("send:{orders}")])).to_string();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let start = std::time::Instant::now();
        let answer = Answer::of(child.wait_with_output().unwrap(), start.elapsed());
        // Both are needed until here.
        _ = (&self.installed, &self.authority);
        whole(&self.host, answer)
    }

    fn dialled(&self) -> Vec<String> {
        self.received.lock().unwrap().iter().map(ToString::to_string).collect()
    }
}

fn private() {
    for (label, address) in
        [("a", "127.0.0.1"), ("b", "169.254.169.254"), ("c", "10.0.0.1"), ("d", "100.64.0.1"), ("e", "0.0.0.0")]
    {
        let named = Named::new(&format!("{label}-private"), vec![at(&[address])], "");
        let answer = named.send(1);
        assert!(answer.error().1.contains("address-not-granted"), "{answer:?}");
        assert!(answer.stderr.contains(&format!("is at {address}:")), "{answer:?}");
        assert!(answer.stderr.contains("[egress] allow-private"), "{answer:?}");
        assert!(named.dialled().is_empty());
    }
}

fn mixed() {
    for (label, addresses) in [("a", ["127.0.0.1", PUBLIC]), ("b", [PUBLIC, "169.254.169.254"])] {
        let named = Named::new(&format!("{label}-mixed"), vec![at(&addresses)], "");
        let answer = named.send(1);
        assert!(answer.error().1.contains("\"status\":200"), "{answer:?}");
        assert_eq!(named.dialled(), [PUBLIC]);
    }
}

fn alias() {
    let internal = Records { alias: Some("vault.service.internal"), ..at(&["10.0.0.5"]) };
    let named = Named::new("alias", vec![internal], "");
    let answer = named.send(1);
    assert!(answer.error().1.contains("address-not-granted"), "{answer:?}");
    assert!(named.dialled().is_empty());
}

fn rebinding() {
    let named = Named::new("rebinding", vec![at(&[PUBLIC]), at(&["127.0.0.1"])], "");
    let answer = named.send(3);
    let (_, message) = answer.error();
    assert!(message.contains("\"status\":200") && message.contains("address-not-granted"), "{answer:?}");
    assert_eq!(named.dialled(), [PUBLIC]);
}

fn silent() {
    let named = Named::new("silent", vec![at(&[])], "");
    // Nobody answers for a name that is not in the list.
    NAMES.lock().unwrap().remove("silent.example.com");
    let answer = named.send(1);
    assert!(answer.error().1.contains("cannot be reached"), "{answer:?}");
    assert!(answer.took < std::time::Duration::from_mins(1), "{answer:?}");
}

fn opened() {
    let named = Named::new("opened", vec![at(&["127.0.0.1"])], "[egress]\nallow-private = [\"127.0.0.0/8\"]\n");
    let answer = named.send(1);
    assert!(answer.error().1.contains("\"status\":200"), "{answer:?}");
    assert_eq!(named.dialled(), ["127.0.0.1"]);
}

/// What the misbehaving plugin hears when it goes to the endpoint that its manifest makes of these settings.
fn made(section: serde_json::Value, name: &str, address: &str, settings: &str) -> String {
    NAMES.lock().unwrap().insert(name.to_owned(), vec![at(&[address])]);
    let host = Host::hostile_with(&section).with_more_settings(settings);
    let orders = json!([{"url": format!("https://{name}/open/x")}]);
    crate::scene::send(&host, &orders).1[0]["problem"].as_str().unwrap().to_owned()
}

fn fallen_back() {
    let fallback = || json!({"private": "yes"});
    let named = || json!({"private": "yes", "domain": "corp.example.com"});
    let (default, own) = ("api.fallback.example.com", "api.corp.example.com");
    for (section, name, address, settings, word) in [
        (fallback(), default, "127.0.0.1", "", "address-not-granted"),
        (fallback(), default, "10.0.0.1", "", "address-not-granted"),
        // Nobody listens there: it was dialled.
        (fallback(), default, "127.0.0.1", "[egress]\nallow-private = [\"127.0.0.1:443\"]\n", "Unreachable("),
        (named(), own, "127.0.0.1", "", "Unreachable("),
        (named(), own, "169.254.169.254", "", "address-not-granted"),
        (named(), default, "127.0.0.1", "", "host-not-granted"),
        (json!({"domain": "corp.example.com"}), own, "127.0.0.1", "", "host-not-granted"),
        (named(), own, "127.0.0.1", "[plugin.hostile]\nhosts = []\n", "excluded-by-operator"),
    ] {
        let problem = made(section, name, address, settings);
        assert!(problem.contains(word), "{name} at {address}: {problem}");
    }
}
