//! Archives that are not what a stemcell is.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use cpi_tests::coverage::Case;
use cpi_tests::{Host, archive};
use serde_json::json;
use tar::{EntryType, Header};

use crate::case;
use crate::scene::{NOWHERE, hostile, peak, whole};

const SECTION: &str = "files and images";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A34", "archives without the one file that is meant", not_the_image),
    case(SECTION, "A34b", "members whose names lead elsewhere", names),
    case(SECTION, "A34c", "archives that unpack to far more than they are", bombs),
    case(SECTION, "A34d", "damaged and cut archives", damaged),
];

type Member = (Header, Box<dyn Read>);

fn member(name: &str, kind: EntryType, content: &'static [u8]) -> Member {
    (archive::head(name, kind, content.len() as u64), Box::new(content))
}

fn file(name: &str, content: &'static [u8]) -> Member {
    member(name, EntryType::Regular, content)
}

/// What the plugin learns of the member `root.img` of an archive.
fn learn(host: &Host, path: &Path) -> String {
    let answer = host.call("create_stemcell", &json!([path, {"trick": "member", "member": archive::ROOT}]));
    whole(host, answer).error().1
}

fn of(mut members: Vec<Member>) -> String {
    let host = hostile(NOWHERE, "");
    archive::archive(&host.path("image"), &mut members, true);
    learn(&host, &host.path("image"))
}

fn not_the_image() {
    let proper = of(vec![file("stemcell.MF", b"x"), file("./root.img", b"the image")]);
    assert!(proper.starts_with("(Ok(9), Ok((9, \"") && proper.contains("Ok(\"the image\")"), "{proper}");
    assert!(proper.contains("only the first 16777216 bytes"), "{proper}");
    assert!(of(vec![]).contains("no member 'root.img' in it; it has none"));
    assert!(of(vec![file("other", b"x")]).contains("no member 'root.img' in it; it has 'other'"));
    assert!(of(vec![file("root.img", b"1"), file("root.img", b"2")]).contains("'root.img' is there twice"));
    for (kind, word) in [
        (EntryType::Symlink, "a symbolic link"),
        (EntryType::Link, "a hard link"),
        (EntryType::Directory, "a folder"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::new(b'Z'), "of type 0x5a"),
    ] {
        let mut link = member("root.img", kind, b"");
        link.0.set_link_name("/etc/shadow").unwrap();
        link.0.set_cksum();
        let told = of(vec![link]);
        assert!(told.contains(&format!("image-archive: 'root.img' is {word}, not a file")), "{told}");
    }
    let holes = b"22 GNU.sparse.major=1\n28 GNU.sparse.name=root.img\n";
    let told = of(vec![member("p", EntryType::XHeader, holes), file("GNUSparseFile.0/root.img", b"0\n")]);
    assert!(told.contains("pack it with `tar --format=gnu`"), "{told}");
}

/// Nothing is unpacked, so there is nowhere that they could lead to; the image is the one with exactly its name.
fn names() {
    for name in ["../root.img", "/root.img", "a/../root.img", ".//root.img", "././root.img", "root.img/", "ROOT.IMG"] {
        let told = of(vec![file(name, b"x")]);
        assert!(told.contains("no member 'root.img' in it; it has '"), "{name}: {told}");
    }
    let told = of(vec![file("\u{1b}[31m\u{202e}", b"x")]);
    assert!(told.contains("\\\\x1b[31m\\\\xe2\\\\x80\\\\xae"), "{told}");
}

fn bombs() {
    let gib: u64 = 1 << 30;
    let zeros = |bytes: u64| Box::new(io::repeat(0).take(bytes)) as Box<dyn Read>;
    // The head lies about a size that is not there, or is there and has no end.
    for size in [200 * gib, 1 << 60] {
        let told = of(vec![(archive::head("root.img", EntryType::Regular, size), Box::new(&b"x"[..]))]);
        let wrong =
            if size == 1 << 60 { "limit-image: the archive unpacks to more than" } else { "the archive ends before" };
        assert!(told.contains(wrong), "{told}");
    }
    let small = || hostile(NOWHERE, "wall = { create_stemcell = \"60s\" }\n");
    let limited = || small().with_more_settings("[images]\nlargest = \"64MiB\"\n");
    let check = |host: Host, members: &mut [Member], wrong: &str| {
        archive::archive(&host.path("image"), members, true);
        let arguments = json!([host.path("image"), {"trick": "member", "member": archive::ROOT}]);
        let (answer, mib) = peak(&host, "create_stemcell", &arguments);
        assert!(answer.error().1.contains(wrong), "{answer:?}");
        assert!(mib < 100, "{mib} MiB");
        assert!(answer.took < Duration::from_secs(30), "{answer:?}");
    };
    // A thousandth of it is on the disk.
    let head = |name: &str, kind, bytes| (archive::head(name, kind, bytes), zeros(bytes));
    check(limited(), &mut [head("root.img", EntryType::Regular, gib)], "limit-image: ");
    check(limited(), &mut [head("before", EntryType::Regular, gib), file("root.img", b"x")], "limit-image: ");
    check(limited(), &mut [file("root.img", b"x"), head("behind", EntryType::Regular, gib)], "limit-image: ");
    // Names and attributes are kept in memory.
    for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
        let wrong = "the headers before a member have more than 8388608 bytes";
        check(small(), &mut [head("x", kind, gib), file("root.img", b"x")], wrong);
    }
    // What is said about all members is not even looked at.
    check(small(), &mut [head("x", EntryType::XGlobalHeader, gib), file("root.img", b"x")], "(Ok(1), ");
    let mut many: Vec<_> = (0..5000).map(|number| file(&format!("f{number}"), b"")).collect();
    check(small(), &mut many, "it has more than 1000 members");
    // A map of holes whose file has no data, and no end.
    let mut holes = archive::head("root.img", EntryType::GNUSparse, 0);
    let gnu = holes.as_gnu_mut().unwrap();
    gnu.set_real_size(1 << 50);
    gnu.sparse[0].set_offset(1 << 50);
    gnu.sparse[0].set_length(0);
    holes.set_cksum();
    check(small(), &mut [(holes, Box::new(io::empty()))], "limit-image: ");
}

fn damaged() {
    let host = hostile(NOWHERE, "");
    let image = host.path("image");
    archive::archive(&image, &mut [file("root.img", &[b'x'; 4000])], true);
    let whole = std::fs::read(&image).unwrap();
    for length in [0, 1, 2, 9, 20, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        std::fs::write(&image, &whole[..length]).unwrap();
        let told = learn(&host, &image);
        assert!(told.contains("image-archive: "), "{length} of {}: {told}", whole.len());
    }
    for at in 0..whole.len() {
        let mut wrong = whole.clone();
        wrong[at] ^= 0x10;
        std::fs::write(&image, &wrong).unwrap();
        let told = learn(&host, &image);
        // Some bytes of the head of gzip, such as the time, say nothing about the content.
        assert!(told.contains("image-archive: ") || (told.starts_with("(Ok(4000), ") && at < 10), "byte {at}: {told}");
        if at > 60 && at < whole.len() - 60 {
            break;
        }
    }
    std::fs::write(&image, b"no archive at all").unwrap();
    assert!(learn(&host, &image).contains("image-archive: "));
}
