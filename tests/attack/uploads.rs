//! Images on their way: where they may go, and what happens to them meanwhile.

use std::fs::{self, File};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use cpi_tests::coverage::Case;
use cpi_tests::ebs::Ebs;
use cpi_tests::{Answer, Host, archive, request};
use serde_json::{Value, json};

use crate::case;
use crate::scene::{SECRET_KEY, hostile, peak, whole};

const SECTION: &str = "files and images";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A35b", "an image that is changed while it is sent", changed),
    case(SECTION, "A36d", "an image sent where no image may go", elsewhere),
    case(SECTION, "A36e", "wrong plans for an upload", wrong_plans),
    case(SECTION, "A36f", "an image sent again and again, and large blocks at once", again),
    case(SECTION, "A36g", "a service that repeats the credential in its answer to a block", repeated),
];

fn order(server: &Ebs, path: &str) -> Value {
    json!({"url": format!("{}{path}", server.url()), "block_size": 4096, "width": 4})
}

fn put(host: &Host, order: &Value, times: usize) -> Answer {
    let properties = json!({"trick": "put", "order": order, "times": times});
    whole(host, host.call("create_stemcell", &json!([host.path("image"), properties])))
}

/// A host with an image of so many bytes.
fn with_image(server: &Ebs, bytes: u64, more: &str) -> Host {
    let host = hostile(&server.url(), more);
    archive::sparse(&host.path("image"), bytes, bytes >> 16);
    host
}

fn changed() {
    let server = Ebs::start();
    let half = Arc::new(AtomicBool::new(false));
    let reached = Arc::clone(&half);
    server.behind(move |world, _, _| {
        if world.snapshots.get("image").is_some_and(|image| image.puts == 20) {
            reached.store(true, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(500));
        }
        None
    });
    let host = with_image(&server, 4 << 20, "");
    let image = host.path("image");
    let call = request("create_stemcell", &json!([image, {"trick": "put", "order": order(&server, "/image/{index}")}]));
    let child = host.start(call.to_string().as_bytes());
    while !half.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(1));
    }
    File::options().append(true).open(&image).unwrap().write_all(b"more").unwrap();
    let answer = whole(&host, Answer::of(child.wait_with_output().unwrap(), Duration::ZERO));
    let (_, message) = answer.error();
    assert!(message.contains("Unreadable(") && message.contains("was changed while it was read"), "{message}");
}

fn elsewhere() {
    let server = Ebs::start();
    let host = with_image(&server, 1 << 20, "");
    let allowed = json!({"post": true, "url": format!("{}/allowed/{{index}}", server.url()), "block_size": 4096});
    for (order, code) in [
        (allowed, "image-not-granted"),
        (order(&server, "/other/{index}"), "path-not-granted"),
        (json!({"url": "http://169.254.169.254/image/{index}", "block_size": 4096}), "host-not-granted"),
        (json!({"url": format!("{}/image/{{sha256}}{{index}}", server.url()), "block_size": 4096}), "invalid-url"),
    ] {
        let (_, message) = put(&host, &order, 1).error();
        assert!(message.contains("Unanswered(") && message.contains(code), "{order}: {message}");
        assert!(code != "image-not-granted" || message.contains("`image = true` in the [[http]] block"), "{message}");
    }
    // What is filled in cannot lead out of what is granted either.
    let headers = [("authorization", "{sha256}"), ("host", "{index}"), ("x-amz-date", "{md5}"), ("a", "\n{index}")];
    for (name, value) in headers {
        let mut order = order(&server, "/image/{index}");
        order["headers"] = json!([[name, value]]);
        let (_, message) = put(&host, &order, 1).error();
        assert!(message.contains("forbidden-header"), "{name}: {message}");
    }
    assert!(server.world().snapshots.is_empty());
}

fn wrong_plans() {
    let server = Ebs::start();
    let host = with_image(&server, 1 << 20, "");
    for (key, value, problem) in [
        ("block_size", json!(0), "a block of 0 bytes: it must be a multiple of 512"),
        ("block_size", json!(1000), "a block of 1000 bytes"),
        ("block_size", json!(u32::MAX - 511), "at most 16777216"),
        ("url", json!(format!("{}/image/x", server.url())), "blocks could not be told apart"),
        ("body", json!("x"), "has a body of its own"),
    ] {
        let mut order = order(&server, "/image/{index}");
        order[key] = value;
        let (_, message) = put(&host, &order, 1).error();
        assert!(message.contains("Invalid(") && message.contains(problem), "{message}");
    }
    fs::write(host.path("image"), "").unwrap();
    let (_, message) = put(&host, &order(&server, "/image/{index}"), 1).error();
    assert!(message.contains("Ok(Receipt { sent: 0, resumed: 0, skipped: 0"), "{message}");
    assert!(server.world().snapshots.is_empty());
}

fn again() {
    let server = Ebs::start();
    let host = with_image(&server, 64 << 20, "wall = { create_stemcell = \"100s\" }\n");
    let mut order = order(&server, "/image/{offset}");
    order["block_size"] = json!(8 << 20);
    order["width"] = json!(255);
    let arguments = json!([host.path("image"), {"trick": "put", "order": order, "times": 20}]);
    let (answer, mib) = peak(&host, "create_stemcell", &arguments);
    let (_, message) = answer.error();
    assert!(message.contains("Ok(Receipt { sent: 8, resumed: 0"), "{message}");
    assert_eq!(message.matches("Ok(Receipt { sent: 0, resumed: 8").count(), 15, "{message}");
    assert!(message.contains("limit-uploads: this call has sent its image 16 times already"), "{message}");
    assert!(mib < 100, "{mib} MiB");
    assert!(server.world().busiest <= 3, "{}", server.world().busiest);
}

fn repeated() {
    let server = Ebs::start();
    server.behind(|_, _, _| Some((400, format!("x-echo: {SECRET_KEY}\r\n"), format!("wrong: {SECRET_KEY}"))));
    let host = with_image(&server, 1 << 20, "");
    let (_, message) = put(&host, &order(&server, "/image/{index}"), 1).error();
    assert!(message.contains("Refused") && message.contains("status: 400"), "{message}");
}
