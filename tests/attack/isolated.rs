//! A network of its own, in which every address of the internet leads back to this process.
//!
//! What a plugin makes the host connect to is seen here, whatever the address is, and nothing leaves the machine. Names
//! are asked of a server of this process, so that answers can be as hostile as they like.

use std::io::Read;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use cpi_tests::coverage::{Case, Check};

/// Set for the process inside.
const INSIDE: &str = "CPI_ATTACK_INSIDE";
/// Exit status of a machine that gives no namespaces.
const IMPOSSIBLE: i32 = 77;
/// Names are resolved by glibc from these files, which exist in every installation.
const PREPARE: &str = r#"
ip link set lo up && ip route add local default dev lo && ip -6 route add local default dev lo || exit 77
folder=$(mktemp -d) && mount -t tmpfs none "$folder" || exit 77
echo 'nameserver 127.0.0.1' > "$folder/resolv.conf"
echo 'options timeout:1 attempts:1' >> "$folder/resolv.conf"
echo 'hosts: files dns' > "$folder/nsswitch.conf"
printf '127.0.0.1 localhost\n::1 localhost\n' > "$folder/hosts"
for name in resolv.conf nsswitch.conf hosts; do
  [ -e /etc/$name ] && mount --bind "$folder/$name" "$(readlink -f /etc/$name)" || exit 77
done
exec "$0" "$@"
"#;

/// Runs this program once more, inside; `None` for the process that is inside, or must do without.
pub(crate) fn run_again() -> Option<ExitCode> {
    if std::env::var_os(INSIDE).is_some() {
        return None;
    }
    let me = std::env::current_exe().ok()?;
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "--net", "sh", "-c", PREPARE]).arg(me).args(std::env::args_os().skip(1)).env(INSIDE, "1");
    let status = command.status().ok()?;
    // `unshare` itself says 1 when it may not; no test has run then.
    let impossible = status.code() == Some(IMPOSSIBLE) || (status.code() == Some(1) && !may_unshare());
    if impossible {
        return None;
    }
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    Some(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)))
}

fn may_unshare() -> bool {
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--mount", "--net", "true"]).status().is_ok_and(|status| status.success())
}

pub(crate) fn inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// The case, or why it cannot be run on this machine.
pub(crate) fn possible(case: Case) -> Case {
    if (case.id.starts_with("A07") || case.id == "A12f") && !inside() {
        let reason = "this machine gives no namespaces: run it as root, or allow those of users";
        return Case { check: Check::NotYet(reason), ..case };
    }
    case
}

/// The addresses to which anybody has connected at the usual ports of the whole internet; empty outside.
pub(crate) fn arrivals() -> Vec<IpAddr> {
    static SEEN: OnceLock<&'static Mutex<Vec<IpAddr>>> = OnceLock::new();
    let seen = SEEN.get_or_init(|| {
        let seen: &'static Mutex<Vec<IpAddr>> = Box::leak(Box::default());
        if inside() {
            for port in [80, 8080] {
                watch(port, seen);
            }
        }
        seen
    });
    // Whoever is on the way arrives.
    thread::sleep(Duration::from_millis(50));
    seen.lock().unwrap().clone()
}

fn watch(port: u16, seen: &'static Mutex<Vec<IpAddr>>) {
    let listener = TcpListener::bind(SocketAddr::from(([0_u16; 8], port))).unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            seen.lock().unwrap().push(stream.local_addr().unwrap().ip().to_canonical());
            thread::spawn(move || stream.read(&mut [0; 1024]));
        }
    });
}
