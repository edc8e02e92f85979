use std::io::{self, Write};

/// Prints what a person asked for. Whoever reads it, `head` for one, may have read enough.
pub(crate) fn line(text: &str) {
    _ = writeln!(io::stdout().lock(), "{text}");
}
