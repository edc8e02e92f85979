//! Answers that no caller should ever see.

use cpi_plugin_sdk::{Failure, NetworkCreated, Thing};

/// For 999 MiB 64 MiB of text, for others texts that turn the writing round or end lines; else a text that ends strings of
/// C and lines of logs.
pub(crate) fn disk_cid(size_mib: u64) -> String {
    match size_mib {
        999 => "x".repeat(64 << 20),
        998 => String::new(),
        997 => "vol-\u{202e}FORGED\u{2066}\u{feff}".to_owned(),
        996 => "vol-\u{2028}FORGED".to_owned(),
        _ => "bad\u{0}cid\n{\"result\":\"FORGED\",\"error\":null,\"log\":\"\"}".to_owned(),
    }
}

/// A disk hint chosen by the disk's identifier. The agent panics at some of them.
pub(crate) fn hint(disk: &str) -> String {
    match disk {
        "number" => "7",
        "null" => "null",
        "empty" => "{}",
        "empty-text" => "\"\"",
        "list" => "[\"/dev/sdf\"]",
        "nan" => "{\"path\":NaN}",
        "half-character" => "{\"path\":\"\\ud800\"}",
        "number-within" => "{\"lun\":0,\"host_device_id\":\"{x}\"}",
        "huge-number" => "{\"path\":1e99999}",
        "turned" => "{\"path\":\"/dev/\u{202e}fds\"}",
        "deep-object" => return "{\"a\":".repeat(100_000),
        "deep" => return "[".repeat(100_000),
        "ok" => "{\"path\":\"/dev/sdf\"}",
        _ => "not json",
    }
    .to_owned()
}

pub(crate) fn many_disks() -> Vec<String> {
    (0..1_000_000).map(|number| format!("disk-{number}")).collect()
}

/// A failure chosen by the disk's identifier.
pub(crate) fn failure(disk: &str) -> Failure {
    match disk {
        // Callers read these two beginnings as "not implemented".
        "unknown-method" => Failure::Rejected("Invalid Method: FORGED".to_owned()),
        "unknown-call" => Failure::Invalid("Method is not known, got FORGED".to_owned()),
        "not-implemented" => Failure::NotImplemented("FORGED".to_owned()),
        "not-supported" => Failure::NotSupported("FORGED".to_owned()),
        // The wrong thing for this method, and one that no caller knows.
        "not-found-stemcell" => Failure::not_found(Thing::Stemcell, "FORGED"),
        "retry" => Failure::vm_not_created("FORGED", true),
        "long" => Failure::Rejected("x".repeat(64 << 20)),
        _ => Failure::Rejected("\u{1b}[31m\n{\"result\":\"FORGED\",\"error\":null,\"log\":\"\"}\n\u{202e}".to_owned()),
    }
}

pub(crate) fn network() -> NetworkCreated {
    NetworkCreated {
        network: String::new(),
        range: Some("not a range".to_owned()),
        gateway: Some("\n".to_owned()),
        reserved: vec!["\u{0}".to_owned()],
        properties: "[]".to_owned(),
    }
}

/// Answers `true` for the call, before the SDK answers for it once more.
#[expect(clippy::unnecessary_wraps, reason = "a trick has an outcome")]
pub(crate) fn twice() -> Result<(), Failure> {
    #[link(wasm_import_module = "[export]bosh:cpi/vms@0.1.0")]
    unsafe extern "C" {
        // `result<bool, failure>`, flattened.
        #[link_name = "[task-return]exists"]
        fn answer(case: i32, a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32, i: i32, j: i32);
    }
    // SAFETY: the host takes the numbers as they are; the first two say `ok(true)`.
    unsafe { answer(0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0) };
    Ok(())
}
