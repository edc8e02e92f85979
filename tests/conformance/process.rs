//! P: process and streams.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cpi_tests::coverage::Case;
use cpi_tests::{Answer, Host, dist, request};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::support::{assert_kind, case, not_yet, stemcell, vm_of};

const SECTION: &str = "P process and streams";

pub(crate) const CASES: &[Case] = &[
    case("P01", SECTION, "info succeeds with an environment of PATH only", bare_environment),
    not_yet("P02", SECTION, "bin/cpi finds packages and jobs", "there is no BOSH release yet, and so no bin/cpi"),
    case("P03", SECTION, "stdin is read to EOF before the first byte of output", silent_until_the_end_of_input),
    case("P04", SECTION, "1 MiB is accepted, answered with success or an error", a_mebibyte),
    case("P05", SECTION, "stdout holds exactly one JSON object", one_object),
    case("P06", SECTION, "stdout is UTF-8 without a byte order mark", utf8),
    case("P07", SECTION, "what a plugin prints never reaches stdout", plugin_prints),
    case("P08", SECTION, "300 KiB of log neither block nor cut the response", much_log),
    case("P09", SECTION, "exit code 0 for a success", success_is_zero),
    case("P10", SECTION, "exit code 0 for every error", errors_are_zero),
    case("P11", SECTION, "another exit code only without a complete response", closed_stdout),
    case("P12", SECTION, "after the exit nobody holds stdout or stderr", nobody_holds_the_streams),
    case("P13", SECTION, "a plugin that ends badly still yields a response", bad_ends),
    case("P14", SECTION, "a closed stderr does not prevent the response", closed_stderr),
    case("P15", SECTION, "50 processes at once answer as one after the other", fifty_at_once),
    case("P16", SECTION, "SIGKILL leaves no lock behind", killed_calls),
    case("P17", SECTION, "nothing outside TMPDIR and the state folder is written", read_only_root),
    case("P18", SECTION, "no deadline is shorter than the operator configured", patience),
    case("P19", SECTION, "works where the current folder is gone or not writable", no_folder),
];

fn bare_environment() {
    let host = Host::sim();
    // `Host::command` clears the environment, as directors do.
    assert_eq!(host.call("info", &json!([])).result()["api_version"], 3);
}

fn silent_until_the_end_of_input() {
    let host = Host::sim();
    let mut child = host.command().arg("--verbose").spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let mut text = request("has_vm", &json!(["vm-1"])).to_string();
    text.extend(std::iter::repeat_n(' ', 1 << 20));
    stdin.write_all(text.as_bytes()).unwrap();
    let first = [first_byte(stdout), first_byte(stderr)];
    thread::sleep(Duration::from_millis(500));
    let closed = Instant::now();
    drop(stdin);
    for byte in first {
        assert!(byte.join().unwrap() > closed, "output before the end of the input");
    }
    child.wait().unwrap();
}

/// When the first byte came, while somebody goes on reading.
fn first_byte(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<Instant> {
    thread::spawn(move || {
        stream.read_exact(&mut [0]).unwrap();
        let came = Instant::now();
        _ = std::io::copy(&mut stream, &mut std::io::sink());
        came
    })
}

fn a_mebibyte() {
    let host = Host::sim();
    let large = "x".repeat(1 << 20);
    assert_eq!(host.call("has_vm", &json!([large])).result(), false);
    assert_kind(&host.call("has_vm", &json!([[large]])), "InvalidCall");
    let broken = format!("{{\"method\": \"{large}");
    assert_kind(&host.send(broken.as_bytes()), "InvalidCall");
}

fn one_object() {
    for call in [json!(["vm-1"]), json!([])] {
        let answer = Host::sim().call("has_vm", &call);
        let mut documents = serde_json::Deserializer::from_str(&answer.stdout).into_iter::<serde_json::Value>();
        assert!(documents.next().unwrap().unwrap().is_object());
        assert!(answer.stdout[documents.byte_offset()..].trim().is_empty());
    }
}

fn utf8() {
    let mut child = Host::sim().command().spawn().unwrap();
    child.stdin.take().unwrap().write_all(request("make tëa \u{1F375}", &json!([])).to_string().as_bytes()).unwrap();
    let stdout = child.wait_with_output().unwrap().stdout;
    assert!(stdout.starts_with(b"{"));
    assert!(String::from_utf8(stdout).unwrap().contains("tëa \u{1F375}"));
}

fn plugin_prints() {
    let answer = hostile("stdout", "");
    assert_eq!(answer.result(), true);
    assert!(!answer.stdout.contains("FORGED"), "{answer:?}");
}

fn much_log() {
    let answer = hostile("log-flood", "[limits]\nlog = \"400KiB\"\n");
    answer.response();
    assert!(answer.stderr.len() > 300 << 10, "{}", answer.stderr.len());
}

fn success_is_zero() {
    assert_eq!(Host::sim().call("has_vm", &json!(["vm-1"])).status, 0);
}

fn errors_are_zero() {
    let host = Host::sim();
    for (method, arguments) in [("has_vm", json!([])), ("nonsense", json!([])), ("delete_vm", json!(["vm-1"]))] {
        let answer = host.call(method, &arguments);
        answer.error();
        assert_eq!(answer.status, 0);
    }
    assert_eq!(host.send(b"").status, 0);
}

fn closed_stdout() {
    let host = Host::sim();
    let mut child = host.command().spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(request("has_vm", &json!(["vm-1"])).to_string().as_bytes()).unwrap();
    assert!(!child.wait_with_output().unwrap().status.success(), "the reader went away");

    // Not there from the beginning: nothing is made whose identifier nobody would learn.
    let stemcell = stemcell(&host);
    let before = state(&host);
    let create = request("create_vm", &vm_of(&stemcell)).to_string();
    let mut child = through_shell(&host, "exec \"$@\" >&-");
    // It may be gone before it was given anything to do.
    _ = child.stdin.take().unwrap().write_all(create.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("stdout is closed"), "{output:?}");
    assert_eq!(state(&host), before);

    // Without stdin there is no request, and an answer says so.
    let child = through_shell(&host, "exec \"$@\" <&-");
    let answer = Answer::of(child.wait_with_output().unwrap(), Duration::ZERO);
    assert_kind(&answer, "InvalidCall");
}

/// The program behind a shell that runs this line.
fn through_shell(host: &Host, line: &str) -> std::process::Child {
    wrapped(host, &["sh", "-c", line, "sh"]).spawn().unwrap()
}

/// The program's command as the arguments of another program.
fn wrapped(host: &Host, wrapper: &[&str]) -> Command {
    let command = host.command();
    let mut outer = Command::new(wrapper[0]);
    outer.args(&wrapper[1..]).arg(command.get_program()).args(command.get_args());
    outer.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    outer.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    outer
}

/// Every file of the state, with what is in it.
fn state(host: &Host) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![host.path("state")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                files.push((entry.path(), std::fs::read(entry.path()).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn nobody_holds_the_streams() {
    let host = Host::hostile("http://127.0.0.1:9/");
    let mut child = host.start(request("has_vm", &json!(["trap"])).to_string().as_bytes());
    child.wait().unwrap();
    let exit = Instant::now();
    child.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
    assert!(exit.elapsed() < Duration::from_secs(1), "{:?}", exit.elapsed());
}

fn bad_ends() {
    for trick in ["trap", "unreachable", "exit", "memory", "stack", "loop", "sleep"] {
        let answer = hostile(trick, "[limits]\ncpu = \"1s\"\nwall = { default = \"3s\" }\n");
        assert_kind(&answer, "Bosh::Clouds::CpiError");
    }
}

fn closed_stderr() {
    let host = Host::sim();
    let mut child = host.command().spawn().unwrap();
    drop(child.stderr.take());
    child.stdin.take().unwrap().write_all(request("has_vm", &json!(["vm-1"])).to_string().as_bytes()).unwrap();
    let answer = Answer::of(child.wait_with_output().unwrap(), Duration::ZERO);
    assert_eq!(answer.result(), false);
    let mut child = through_shell(&host, "exec \"$@\" 2>&-");
    child.stdin.take().unwrap().write_all(request("has_vm", &json!(["vm-1"])).to_string().as_bytes()).unwrap();
    assert_eq!(Answer::of(child.wait_with_output().unwrap(), Duration::ZERO).result(), false);
}

fn fifty_at_once() {
    let host = Host::sim();
    let size = |number: u32| json!([{"cpu": number, "ram": 100 * number, "ephemeral_disk_size": number}]);
    let alone: Vec<_> =
        (1..=50).map(|number| host.call("calculate_vm_cloud_properties", &size(number)).result()).collect();
    let together: Vec<_> = thread::scope(|scope| {
        let calls: Vec<_> = (1..=50)
            .map(|number| {
                scope.spawn({
                    let host = &host;
                    move || host.call("calculate_vm_cloud_properties", &size(number))
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap().result()).collect()
    });
    assert_eq!(alone, together);
}

fn killed_calls() {
    let host = Host::sim();
    for delay in 0..25 {
        let mut child = host.start(request("create_disk", &json!([1, {}, null])).to_string().as_bytes());
        thread::sleep(Duration::from_millis(delay));
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGKILL).unwrap();
        child.wait().unwrap();
    }
    let answer = host.call("create_disk", &json!([1, {}, null]));
    assert!(answer.result().is_string());
    assert!(answer.took < Duration::from_secs(5), "{answer:?}");
}

fn read_only_root() {
    let host = Host::sim();
    std::fs::create_dir_all(host.path("state")).unwrap();
    let state = host.path("state").display().to_string();
    let script = format!(
        "mount --rbind / / && mount --bind '{state}' '{state}' && mount -o remount,bind,ro / && \
         ! touch {}/x 2>/dev/null && exec \"$@\"",
        host.path("").display()
    );
    let call = |method: &str, arguments| {
        let mut command =
            wrapped(&host, &["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(request(method, &arguments).to_string().as_bytes()).unwrap();
        Answer::of(child.wait_with_output().unwrap(), Duration::ZERO)
    };
    assert!(call("create_disk", json!([1, {}, null])).result().is_string());
    assert_eq!(call("has_vm", json!(["vm-1"])).result(), false);
    // A provider without state writes nothing at all.
    let folder = dist();
    let before = std::fs::read_dir(folder.join("plugins")).unwrap().count();
    assert_eq!(call("info", json!([])).result()["api_version"], 3);
    assert_eq!(std::fs::read_dir(folder.join("plugins")).unwrap().count(), before);
}

fn patience() {
    // The plugin's manifest says 30 seconds; the operator's word is the last, in both directions.
    let long = hostile("naps:1600", "[limits]\nwall = { default = \"10m\" }\n");
    assert_eq!(long.result(), true);
    assert!(long.took > Duration::from_secs(32), "{:?}", long.took);
    let message =
        assert_kind(&hostile("naps:1600", "[limits]\nwall = { default = \"1s\" }\n"), "Bosh::Clouds::CpiError");
    assert!(message.contains("[limits] wall"), "{message}");
}

fn no_folder() {
    let host = Host::sim();
    let gone = tempfile::TempDir::new().unwrap();
    let mut command = host.command();
    let mut child = command.current_dir(gone.path()).spawn().unwrap();
    drop(gone);
    child.stdin.take().unwrap().write_all(request("has_vm", &json!(["vm-1"])).to_string().as_bytes()).unwrap();
    assert_eq!(Answer::of(child.wait_with_output().unwrap(), Duration::ZERO).result(), false);
    let mut child = host.command().current_dir("/proc/self").spawn().unwrap();
    child.stdin.take().unwrap().write_all(request("has_vm", &json!(["vm-1"])).to_string().as_bytes()).unwrap();
    assert_eq!(Answer::of(child.wait_with_output().unwrap(), Duration::ZERO).result(), false);
}

fn hostile(trick: &str, settings: &str) -> Answer {
    Host::hostile("http://127.0.0.1:9/").with_more_settings(settings).call("has_vm", &json!([trick]))
}
