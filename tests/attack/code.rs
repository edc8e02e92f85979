//! Compiled code, and what is offered in its place.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use cpi_tests::coverage::Case;
use cpi_tests::{Endpoint, component};
use serde_json::json;

use crate::altered::{Installed, install, install_into, with_manifest};
use crate::case;
use crate::scene::{NOWHERE, SECRET_KEY, SESSION_TOKEN, has_vm, hostile as hostile_host};

const SECTION: &str = "code and supply chain";

pub(crate) const CASES: &[Case] = &[
    case(SECTION, "A37", "compiled code that was changed", changed_code),
    case(SECTION, "A38", "folders and files that others can change", writable_by_others),
    case(SECTION, "A38b", "links in the place of plugins", links),
    case(SECTION, "A39", "what is no component", no_components),
    case(SECTION, "A39b", "a manifest that writes to the terminal", manifest_on_a_terminal),
    case(SECTION, "A42", "a plugin that takes another's name and credentials", credential_of_another),
];

fn hostile() -> Installed {
    install(&fs::read(component("hostile")).unwrap())
}

fn changed_code() {
    let installed = hostile();
    let host = installed.host(NOWHERE, "");
    assert_eq!(has_vm(&host, "ok").result(), true);
    let whole = fs::read(installed.compiled("hostile")).unwrap();
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    for bytes in [changed(0), changed(whole.len() / 2), changed(whole.len() - 1), whole[..100].to_vec(), Vec::new()] {
        fs::write(installed.compiled("hostile"), &bytes).unwrap();
        let answer = has_vm(&host, "ok");
        assert_eq!(answer.result(), true);
        assert_eq!(fs::read(installed.compiled("hostile")).unwrap(), whole);
        assert!(answer.stderr.contains("compiled again from its component"), "{answer:?}");
    }
}

fn writable_by_others() {
    let installed = hostile();
    let host = installed.host(NOWHERE, "");
    let compiled = installed.compiled("hostile");
    let generation = compiled.parent().unwrap().to_owned();
    let plugin = generation.parent().unwrap().to_owned();
    for path in [
        compiled.as_path(),
        &generation.join("plugin.toml"),
        &generation,
        &plugin.join("current.json"),
        &plugin,
        installed.folder.path(),
    ] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        for open in [0o002, 0o020] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode | open)).unwrap();
            let answer = has_vm(&host, "ok");
            assert!(answer.error().1.contains("others may write to it"), "{}: {answer:?}", path.display());
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(has_vm(&host, "ok").result(), true);
}

fn links() {
    let installed = hostile();
    let host = installed.host(NOWHERE, "");
    let compiled = installed.compiled("hostile");
    let elsewhere = tempfile::tempdir().unwrap();
    let generation = compiled.parent().unwrap().to_owned();
    for path in [
        compiled.clone(),
        generation.join("plugin.toml"),
        generation.parent().unwrap().join("current.json"),
        generation.clone(),
    ] {
        let moved = elsewhere.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        symlink(&moved, &path).unwrap();
        let answer = has_vm(&host, "ok");
        assert_eq!(answer.error().0, "Bosh::Clouds::CpiError", "{}: {answer:?}", path.display());
        fs::remove_file(&path).unwrap();
        fs::rename(&moved, &path).unwrap();
    }
    assert_eq!(has_vm(&host, "ok").result(), true);
}

fn no_components() {
    let compiled = fs::read(hostile().compiled("hostile")).unwrap();
    let module = wat::parse_str("(module)").unwrap();
    let component = wat::parse_str("(component)").unwrap();
    let mut unfinished = fs::read(cpi_tests::component("hostile")).unwrap();
    unfinished.truncate(1000);
    for (bytes, problem) in [
        (&b""[..], "not a WebAssembly component"),
        (b"#!/bin/sh", "not a WebAssembly component"),
        (b"\x7fELF", "not a WebAssembly component"),
        (b"\0asm", "not a WebAssembly component"),
        (&module, "not a WebAssembly component"),
        (&unfinished, "not a WebAssembly component"),
        (&component, "has no manifest"),
        (&compiled, "compiled already"),
    ] {
        let installed = install(bytes);
        assert!(installed.refusal().contains(problem), "{problem}: {}", installed.refusal());
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(!install_into(folder.path(), b"(component)").status.success(), "a text is no component");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A plugin has the credentials of its own section and of no other, whatever it calls them.
fn credential_of_another() {
    let endpoint = Endpoint::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let keys = json!({"access_key_id": "AKIACANARY0000000001", "secret_access_key": SECRET_KEY, "session_token": SESSION_TOKEN});
    let properties = json!({"aws": keys, "hostile": {"endpoint": endpoint.url()}});
    let host = hostile_host(NOWHERE, "")
        .with_config(&json!({"cloud": {"plugin": "hostile", "properties": properties}}).to_string());
    let answer = has_vm(&host, &format!("signed:{}/allowed/x", endpoint.url()));
    assert!(answer.error().1.contains("NoCredentials("), "{answer:?}");
    assert_eq!(endpoint.connections(), 0);
    // One that takes another's name must be installed in its place, and answers to no other name.
    let installed = install(&with_manifest("name = \"hostile\"", "name = \"aws\""));
    let host = installed.host(NOWHERE, "");
    let answer = has_vm(&host, "ok");
    assert!(answer.error().1.contains("plugin 'hostile' is not installed"), "{answer:?}");
    // The manifest that counts is the one that was verified: a file that says something else is damage.
    let manifest = installed.compiled("aws").with_file_name("plugin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"/open/*\"", "\"/**\"")).unwrap();
    let host = host.with_config(r#"{"cloud": {"plugin": "aws", "properties": {"aws": {}}}}"#);
    assert!(has_vm(&host, "ok").error().1.contains("is damaged or was changed"));
}

/// What a manifest says when it is refused is shown on a terminal.
fn manifest_on_a_terminal() {
    for manifest in [
        "\u{1b}[2J = FORGED",
        "[plugin]\nname = \"\u{1b}]0;FORGED\u{7}\u{202e}\"",
        "[plugin]\n\u{202e}\u{feff}\u{9b}31m",
        "\u{0}",
    ] {
        let module = format!("(module (@custom \"bosh:cpi/manifest\" {manifest:?}))")
            .replace("\\u{1b}", "\\1b")
            .replace("\\u{7}", "\\07")
            .replace("\\0", "\\00");
        let text = format!("(component (core {}", &module[1..]) + ")";
        let refusal = install(&wat::parse_str(&text).unwrap()).refusal();
        let odd =
            |character: char| character.is_control() && character != '\n' || "\u{202e}\u{feff}".contains(character);
        assert!(!refusal.chars().any(odd), "{refusal:?}");
    }
}
