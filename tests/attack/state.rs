//! What plugins keep between calls.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use cpi_tests::coverage::Case;
use cpi_tests::{Host, request};
use serde_json::json;

use crate::case;
use crate::scene::{NOWHERE, has_vm, hostile, whole};

const SECTION: &str = "tenants";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A44", "keys that leave a folder", keys),
    case(SECTION, "A44b", "directors whose names leave a folder", directors),
    case(SECTION, "A44c", "folders and files that others put there", planted),
    case(SECTION, "A44d", "more than the share, and entries without a byte", share),
    case(SECTION, "A44e", "a damaged entry", damaged),
    case(SECTION, "A44f", "intents that forge lines, and intents without end", intents),
];

fn keys() {
    let host = hostile(NOWHERE, "");
    let answer = has_vm(&host, "state-keys");
    assert!(answer.error().1.contains("../FORGED"), "{answer:?}");
    assert!(!std::path::Path::new("/tmp/FORGED").exists());
    let entries: Vec<_> = fs::read_dir(host.path("state")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(entries, ["hostile"]);
    for file in files(&host) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-'), "{name:?}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "{name}");
    }
}

/// All files of the plugin.
pub(crate) fn files(host: &Host) -> Vec<std::path::PathBuf> {
    files_below(&host.path("state/hostile"))
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn as_director(host: &Host, director: &str, trick: &str) -> cpi_tests::Answer {
    let mut call = request("has_vm", &json!([trick]));
    call["context"]["director_uuid"] = json!(director);
    whole(host, host.send(call.to_string().as_bytes()))
}

fn directors() {
    let host = hostile(NOWHERE, "");
    // Two writings of one letter, and texts that name a folder.
    let directors =
        ["../../x", "/tmp/x", "..", "", "A", "a", "caf\u{e9}", "cafe\u{301}", "nul\u{0}", "a/b", "\u{202e}a"];
    for (number, director) in directors.iter().enumerate() {
        assert_eq!(as_director(&host, director, &format!("state-put:value {number}.")).result(), true, "{director:?}");
    }
    for (number, director) in directors.iter().enumerate() {
        let answer = as_director(&host, director, "state-get");
        assert!(answer.error().1.contains(&format!("value {number}.")), "{director:?}: {answer:?}");
    }
    assert_eq!(fs::read_dir(host.path("state")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(host.path("state/hostile")).unwrap().count(), directors.len());
}

fn planted() {
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("target");
    fs::write(&target, "12345678 of somebody else").unwrap();
    let host = hostile(NOWHERE, "");
    assert_eq!(has_vm(&host, "state-put:x").result(), true);
    // A link in the place of an entry is neither read nor written through.
    let entry = files(&host).into_iter().find(|path| path.to_string_lossy().contains("entry-")).unwrap();
    fs::remove_file(&entry).unwrap();
    symlink(&target, &entry).unwrap();
    let answer = has_vm(&host, "state-get");
    assert!(answer.error().1.contains("Unavailable") && !answer.error().1.contains("somebody"), "{answer:?}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "12345678 of somebody else");
    // A folder of everybody's, or a link in its place, is not used.
    let folder = entry.parent().unwrap().to_owned();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(has_vm(&host, "state-put:x").error().1.contains("Unavailable"));
    fs::remove_dir_all(&folder).unwrap();
    symlink(elsewhere.path(), &folder).unwrap();
    assert!(has_vm(&host, "state-put:x").error().1.contains("Unavailable"));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
}

fn share() {
    let host = hostile(NOWHERE, "state = \"4MiB\"\n");
    let answer = has_vm(&host, "state-fill");
    assert!(answer.error().1.contains("Full"), "{answer:?}");
    let stored: u64 = files(&host).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(stored <= 4 << 20 | 4096, "{stored}");
    let host = hostile(NOWHERE, "state = \"1MiB\"\nwall = { default = \"60s\" }\ncpu = \"60s\"\n");
    let answer = has_vm(&host, "state-many:100000");
    assert!(answer.error().1.contains("Full"), "{answer:?}");
    assert!(files(&host).len() < 20_000, "{}", files(&host).len());
}

fn damaged() {
    let host = hostile(NOWHERE, "");
    assert_eq!(has_vm(&host, "state-put:x").result(), true);
    let entry = files(&host).into_iter().find(|path| path.to_string_lossy().contains("entry-")).unwrap();
    for bytes in [&b""[..], b"1234567"] {
        fs::write(&entry, bytes).unwrap();
        assert!(has_vm(&host, "state-get").error().1.contains("is damaged"));
    }
}

/// What a plugin declares is a line of a file and a row of a table, whatever is in it.
fn intents() {
    let host = hostile(NOWHERE, "state = \"1MiB\"\ncpu = \"20s\"\n");
    let answer = has_vm(&host, "intents-many:100000");
    let (_, message) = answer.error();
    let declared: usize = message.trim_start_matches('(').split(',').next().unwrap().parse().unwrap();
    assert!(declared > 0 && declared < 20_000, "{message}");
    assert!(message.contains("an intent needs a kind, a key and a JSON object as note"), "{message}");
    for arguments in [&[][..], &["--json"]] {
        let shown = host.run("orphans", arguments);
        // JSON is for programs: it may hold what no terminal should.
        let odd = |character: char| {
            character.is_control() && character != '\n' || arguments.is_empty() && character == '\u{202e}'
        };
        assert!(!shown.stdout.chars().chain(shown.stderr.chars()).any(odd), "{shown:?}");
        assert!(
            !shown.stdout.lines().any(|line| line.starts_with("FORGED") || line.starts_with("{\"removed\"")),
            "{shown:?}"
        );
    }
    let json: serde_json::Value = serde_json::from_str(&host.run("orphans", &["--json"]).stdout).unwrap();
    assert_eq!(json.to_string().matches("\"key\"").count(), declared, "no declaration settles another one");
}
