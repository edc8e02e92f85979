//! Answers that no caller should ever see.

use cpi_plugin_sdk::{Failure, NetworkCreated, Thing};

/// For 999 MiB 64 MiB of text; else a text that ends strings of C and lines of logs.
pub(crate) fn disk_cid(size_mib: u64) -> String {
    match size_mib {
        999 => "x".repeat(64 << 20),
        998 => String::new(),
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
