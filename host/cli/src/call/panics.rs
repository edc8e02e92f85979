//! Panics of the host: defects of cpi-host, told so that somebody can mend them.

use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use cpi_broker::{Journal, Level, Stderr};
use cpi_protocol::CpiError;

/// The first panic of this process, in whatever thread; later ones follow from it.
static FIRST: OnceLock<String> = OnceLock::new();

/// From now on every panic is one line of the log.
pub(super) fn listen() {
    std::panic::set_hook(Box::new(|panic| {
        let text = words(panic);
        Journal::new(Box::new(Stderr::default()), Level::Error, None).write(Level::Error, &text);
        FIRST.get_or_init(|| text);
    }));
}

/// What the caller is told of the panic that ended the call.
pub(super) fn error() -> CpiError {
    let text = FIRST.get().map_or("cpi-host panicked", String::as_str);
    CpiError::host(format!("{text}; this is a defect of cpi-host: please report it together with the log"))
}

fn words(panic: &PanicHookInfo<'_>) -> String {
    let text = panic.payload_as_str().unwrap_or("without a reason");
    let place = panic.location().map(|place| format!(" at {place}")).unwrap_or_default();
    format!("cpi-host panicked{place}: {text}")
}
