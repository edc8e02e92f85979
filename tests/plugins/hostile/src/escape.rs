//! Looks for a way out of the sandbox. Sockets are in `examples/sockets.rs`: the host refuses a component that imports
//! them.

use std::fmt::Debug;
use std::{env, fs};

use cpi_plugin_sdk::Failure;

use crate::found;

/// Everything that can be read or reached with the standard library; each line begins with what was tried.
pub(crate) fn everything() -> Result<(), Failure> {
    let lines: [(&str, &dyn Debug); 7] = [
        ("vars", &env::vars_os().collect::<Vec<_>>()),
        ("args", &env::args_os().collect::<Vec<_>>()),
        ("current_dir", &env::current_dir()),
        ("read_dir /", &fs::read_dir("/").map(|entries| entries.flatten().map(|it| it.path()).collect::<Vec<_>>())),
        ("read_dir .", &fs::read_dir(".").map(|entries| entries.flatten().map(|it| it.path()).collect::<Vec<_>>())),
        ("open /etc/passwd", &fs::File::open("/etc/passwd")),
        ("write /tmp/FORGED", &fs::write("/tmp/FORGED", "FORGED")),
    ];
    let lines: Vec<_> = lines.iter().map(|(tried, got)| format!("{tried} = {got:?}")).collect();
    found(lines)
}
