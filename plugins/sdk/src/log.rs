//! Lines in the host's log. The host adds the call, the plugin and the time, and caps the volume.

use crate::bindings::bosh::cpi::log::Level;

/// For whoever looks for a defect.
pub fn debug(message: impl AsRef<str>, fields: &[(&str, &str)]) {
    write(Level::Debug, message.as_ref(), fields);
}

/// What the call did.
pub fn info(message: impl AsRef<str>, fields: &[(&str, &str)]) {
    write(Level::Info, message.as_ref(), fields);
}

/// Something an operator should look at, though the call goes on.
pub fn warn(message: impl AsRef<str>, fields: &[(&str, &str)]) {
    write(Level::Warn, message.as_ref(), fields);
}

/// Something that stays broken after the call, such as a resource that could not be removed.
pub fn error(message: impl AsRef<str>, fields: &[(&str, &str)]) {
    write(Level::Error, message.as_ref(), fields);
}

#[cfg(target_family = "wasm")]
fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<_> = fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    crate::bindings::bosh::cpi::log::write(level, message, &fields);
}

#[cfg(not(target_family = "wasm"))]
#[expect(clippy::print_stderr, reason = "there is no host")]
fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    eprintln!("{level:?} {message} {fields:?}");
}
