//! Paths of stemcell images, and what a plugin learns of the files there.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;
use std::time::Duration;

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Host, request};
use serde_json::json;

use crate::case;
use crate::scene::{NOWHERE, hostile, peak, whole};

const SECTION: &str = "files and images";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A33", "paths that are no image", no_images),
    case(SECTION, "A33b", "images outside of the operator's folders", outside_of_roots),
    case(SECTION, "A33c", "parts of an image that are not there", wrong_parts),
    case(SECTION, "A35", "an image that is changed or swapped while it is read", changed),
    case(SECTION, "A36", "an image copied through peeks", copied),
    case(SECTION, "A36b", "a digest asked for a thousand times", digests),
    case(SECTION, "A36c", "an image of a tebibyte", endless_image),
];

fn create_stemcell(host: &Host, path: &Path, trick: &str) -> Answer {
    whole(host, host.call("create_stemcell", &json!([path, {"trick": trick, "times": 1000}])))
}

fn no_images() {
    let host = hostile(NOWHERE, "");
    let image = host.path("image");
    fs::write(&image, "the bytes of an image").unwrap();
    assert!(create_stemcell(&host, &image, "head").error().1.contains("the bytes of an image"));
    let (link, pipe, socket) = (host.path("link"), host.path("pipe"), host.path("socket"));
    symlink(&image, &link).unwrap();
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _listener = UnixListener::bind(&socket).unwrap();
    for (path, problem) in [
        (link.as_path(), "is not a regular file"),
        (&pipe, "is not a regular file"),
        (&socket, "is not a regular file"),
        (&host.path("."), "is not a regular file"),
        (Path::new("/dev/zero"), "is not a regular file"),
        (Path::new("/dev/stdin"), "is not a regular file"),
        (Path::new("/dev/fd/0"), "is not a regular file"),
        (Path::new("/proc/self/exe"), "is not a regular file"),
        (Path::new("/proc/self/environ"), "one that the kernel generates"),
        (Path::new("/proc/self/mem"), "one that the kernel generates"),
        (Path::new("/proc/self/maps"), "one that the kernel generates"),
        (Path::new("/proc/self/task/../environ"), "one that the kernel generates"),
        (Path::new("/proc/kcore"), ""),
        (Path::new("/sys/kernel/notes"), ""),
        (&host.path("gone"), "No such file"),
        (Path::new(""), "cannot be read"),
    ] {
        for trick in ["head", "facts"] {
            let answer = create_stemcell(&host, path, trick);
            let (_, message) = answer.error();
            assert!(message.contains("stemcell image '") && message.contains(problem), "{}: {message}", path.display());
            assert!(message.contains("Err("), "{message}");
        }
    }
    let answer = whole(&host, host.call("create_stemcell", &json!(["nul\u{0}byte", {"trick": "head"}])));
    assert!(answer.error().1.contains("Err("), "{answer:?}");
}

fn outside_of_roots() {
    let host = hostile(NOWHERE, "");
    let root = host.path("images");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("image"), "inside").unwrap();
    fs::write(host.path("image"), "outside").unwrap();
    symlink(host.path("."), root.join("out")).unwrap();
    // Relative to the file that names it.
    let host = host.with_more_settings("[images]\nroots = [\"images\", \"/nowhere\"]\n");
    assert!(create_stemcell(&host, &root.join("image"), "head").error().1.contains("inside"));
    for path in [host.path("image"), root.join("../image"), root.join("out/image"), host.path("images-too")] {
        fs::write(host.path("images-too"), "outside").unwrap();
        let (_, message) = create_stemcell(&host, &path, "head").error();
        assert!(message.contains("[images] roots"), "{}: {message}", path.display());
    }
}

fn wrong_parts() {
    let host = hostile(NOWHERE, "");
    let image = host.path("image");
    fs::write(&image, "abc").unwrap();
    let (_, message) = create_stemcell(&host, &image, "peek").error();
    assert!(message.starts_with("(Ok([97, 98, 99]), Err("), "{message}");
    assert!(message.contains("a peek is at most 1048576 bytes, not 4294967295"), "{message}");
    assert!(message.contains("Ok((3, \"ba7816bf"), "{message}");
}

fn changed() {
    for swap in [false, true] {
        let host = hostile(NOWHERE, "");
        let image = host.path("image");
        fs::write(&image, "before").unwrap();
        let call = request("create_stemcell", &json!([image, {"trick": "facts-later"}]));
        let child = host.start(call.to_string().as_bytes());
        thread::sleep(Duration::from_millis(700));
        if swap {
            // Another file under the same name: nobody looks at the name again.
            fs::write(host.path("other"), "another image").unwrap();
            fs::rename(host.path("other"), &image).unwrap();
        } else {
            File::options().append(true).open(&image).unwrap().write_all(b" and after").unwrap();
        }
        let answer = whole(&host, Answer::of(child.wait_with_output().unwrap(), Duration::ZERO));
        let (_, message) = answer.error();
        if swap {
            // Its last link is gone, which the kernel counts as a change; but no byte of the other file is read.
            assert!(message.contains("Ok((6, "), "{message}");
            assert!(!message.contains("Ok((13, "), "{message}");
        } else {
            assert!(message.contains("was changed while it was read (from 6 to 16 bytes)"), "{message}");
        }
    }
}

fn copied() {
    let host = hostile(NOWHERE, "memory = \"128MiB\"\n");
    let image = host.path("image");
    File::create(&image).unwrap().set_len(1 << 30).unwrap();
    let (answer, mib) = peak(&host, "create_stemcell", &json!([image, {"trick": "copy"}]));
    let (_, message) = answer.error();
    assert!(message.contains("all peeks of a call are at most 16777216 bytes"), "{message}");
    assert!(message.starts_with("(16777216, "), "{message}");
    assert!(mib < 400, "{mib} MiB");
}

/// Once is enough, however many ask at once; and it is the same for all of them.
fn digests() {
    let host = hostile(NOWHERE, "");
    let image = host.path("image");
    fs::write(&image, vec![b'x'; 4 << 20]).unwrap();
    let (answer, mib) = peak(&host, "create_stemcell", &json!([image, {"trick": "facts", "times": 1000}]));
    let (_, message) = answer.error();
    assert!(message.starts_with("[Ok((4194304, \"") && message.matches("Ok(").count() == 1, "{message}");
    assert!(mib < 300, "{mib} MiB");
}

fn endless_image() {
    let host = hostile(NOWHERE, "wall = { create_stemcell = \"2s\" }\n");
    let image = host.path("image");
    File::create(&image).unwrap().set_len(1 << 40).unwrap();
    let answer = create_stemcell(&host, &image, "facts");
    assert!(answer.error().1.contains("create_stemcell took longer than"), "{answer:?}");
    assert!(answer.took < Duration::from_secs(30), "{answer:?}");
}
