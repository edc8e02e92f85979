//! A server that speaks HTTP/2, and does not stop.

use std::io::Write;
use std::time::{Duration, Instant};

use cpi_tests::coverage::Case;
use cpi_tests::{Authority, TlsEndpoint, TlsStream};

use crate::{case, tls};

const SECTION: &str = "resources";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A24i", "HTTP/2: pings, settings and resets without end", floods),
    case(SECTION, "A24j", "HTTP/2: headers without end", continuations),
    case(SECTION, "A24k", "HTTP/2: pushes, and frames that are none", broken),
];

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH: u8 = 5;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;

fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), content].concat()
}

/// Sends settings and this much more, and then the last part without end.
fn attack(first: Vec<u8>, endless: Vec<u8>) {
    let authority = Authority::new();
    let endpoint = TlsEndpoint::http2(authority.identity("localhost"), move |stream: &mut TlsStream| {
        _ = stream.write_all(&frame(SETTINGS, 0, 0, b""));
        _ = stream.write_all(&first);
        let start = Instant::now();
        while !endless.is_empty() && start.elapsed() < Duration::from_secs(15) && stream.write_all(&endless).is_ok() {}
        _ = stream.flush();
    });
    let start = Instant::now();
    let (_, answer) = tls::send(&endpoint.url(), &authority);
    let (_, message) = answer.error();
    assert!(message.contains("Unreachable(") || message.contains("TimedOut("), "{message}");
    assert!(answer.stderr.contains("/allowed/x failed after"), "{answer:?}");
    assert!(start.elapsed() < Duration::from_secs(30), "{answer:?}");
}

fn floods() {
    attack(Vec::new(), frame(PING, 0, 0, b"12345678"));
    attack(Vec::new(), frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]));
    attack(Vec::new(), frame(RESET, 0, 1, &[0, 0, 0, 8]));
    attack(Vec::new(), frame(DATA, 0, 1, b""));
}

fn continuations() {
    // A literal header without a name of the table: "x-a: b".
    const HEADER: &[u8] = b"\x00\x03x-a\x01b";
    let first = [b"\x88", HEADER].concat();
    attack(frame(HEADERS, 0, 1, &first), frame(CONTINUATION, 0, 1, &HEADER.repeat(1000)));
    attack(frame(HEADERS, 0, 1, &first), frame(CONTINUATION, 0, 1, b""));
}

fn broken() {
    let promise = [&[0, 0, 0, 2], b"\x82\x84\x87\x41\x01x".as_slice()].concat();
    attack(frame(PUSH, 4, 1, &promise), Vec::new());
    attack(frame(HEADERS, 4, 1, b"\xff\xff\xff\xff\xff"), Vec::new());
    attack(frame(HEADERS, 5, 7, b"\x88"), Vec::new());
    attack(frame(SETTINGS, 0, 0, b"123"), Vec::new());
    attack(frame(DATA, 8, 1, b"\xff"), Vec::new());
    attack(vec![0xff; 9], vec![0xff; 4096]);
}
