//! A service that is silent once does not end a call; one that stays silent does, soon.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use cpi_tests::{Answer, Authority, Endpoint, Host, TlsEndpoint, request};
use serde_json::{Value, json};

const NO_VM: &str = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>";
const VOLUME: &str = "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-0123456789abcdef0</volumeId>\
    <status>available</status></item></volumeSet></DescribeVolumesResponse>";
/// A service whose answers begin so, one after the other; the last is whole, the others end in silence.
fn silent(answers: &[&str]) -> Endpoint {
    let answers: Vec<_> = answers.iter().map(|&answer| answer.to_owned()).collect();
    let next = AtomicUsize::new(0);
    Endpoint::serve(move |stream| {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        _ = stream.write_all(answers.get(turn).map(String::as_bytes).unwrap_or_default());
        if turn + 1 != answers.len() {
            thread::sleep(Duration::from_mins(10));
        }
    })
}

fn whole(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn call(endpoint: &Endpoint, limits: &str, method: &str, arguments: &Value) -> Answer {
    let host = Host::aws(&endpoint.url()).with_setting("aws", "max_retries", &json!(8));
    host.with_more_settings(&format!("[limits]\n{limits}\n")).call(method, arguments)
}

fn has_vm(endpoint: &Endpoint, limits: &str) -> Answer {
    call(endpoint, limits, "has_vm", &json!(["i-0123456789abcdef0"]))
}

const SHORT: &str = "http = { timeout = \"1s\" }";

#[test]
fn a_request_to_read_is_sent_once_more_when_there_is_no_answer() {
    for begun in ["", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n<Describe"] {
        let endpoint = silent(&[begun, &whole(NO_VM)]);
        let answer = has_vm(&endpoint, SHORT);
        assert_eq!(answer.result(), false, "{begun}");
        assert_eq!(endpoint.received().len(), 2);
        assert!(answer.stderr.contains("1 of 1 times"), "{answer:?}");
    }
}

#[test]
fn who_is_silent_twice_is_silent() {
    let endpoint = silent(&["", "", &whole(NO_VM)]);
    let answer = has_vm(&endpoint, SHORT);
    assert!(answer.error().1.contains("limit-time"), "{answer:?}");
    assert_eq!(endpoint.received().len(), 2);
    assert!(answer.took < Duration::from_secs(4), "{answer:?}");
}

#[test]
fn a_call_without_time_for_both_says_what_happened() {
    let endpoint = silent(&["", &whole(NO_VM)]);
    let answer = has_vm(&endpoint, "http = { timeout = \"1s\" }\nwall = { default = \"2s\" }");
    assert!(answer.error().1.contains("limit-time"), "{answer:?}");
    assert_eq!(endpoint.received().len(), 1);
}

#[test]
fn what_may_have_been_done_is_not_sent_once_more() {
    let endpoint = silent(&[&whole(VOLUME).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), "", ""]);
    let answer = call(&endpoint, SHORT, "snapshot_disk", &json!(["vol-0123456789abcdef0", {}]));
    answer.error();
    crate::retries::assert_looked_between(&endpoint.received());
}

/// One request of the misbehaving plugin to a server that this authority vouches for.
fn get(url: &str, authority: &Authority, limits: &str) -> Answer {
    let host = Host::hostile(url).with_more_settings(&format!("[limits]\n{limits}\n"));
    authority.write(&host.path("ca.pem"));
    let mut command = host.command();
    command.env("BOSH_CA_CERT_FILE", host.path("ca.pem"));
    let call = request("has_vm", &json!([format!("http:{url}/open/x")]));
    Host::exchange(&mut command, call.to_string().as_bytes())
}

#[test]
fn a_connection_that_does_not_come_about_is_tried_once_more() {
    let authority = Authority::new();
    let server = TlsEndpoint::answering(authority.identity("localhost"), whole("ok"));
    let behind: u16 = server.url().rsplit(':').next().unwrap().parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        // The first one is held open, without a word of TLS.
        let _first = listener.accept().unwrap();
        for (mut client, _) in std::iter::repeat_with(|| listener.accept().unwrap()) {
            let mut server = TcpStream::connect(("127.0.0.1", behind)).unwrap();
            let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || io::copy(&mut from_client, &mut to_server));
            _ = io::copy(&mut server, &mut client);
        }
    });
    let answer = get(&url, &authority, "wall = { default = \"3m\" }");
    assert!(answer.error().1.contains("status 200"), "{answer:?}");
    assert!(answer.stderr.contains("there was no connection within 15s"), "{answer:?}");
}
