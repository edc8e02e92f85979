//! Compiles components in a process of its own: the compiler works on what strangers wrote, and neither its memory, nor
//! its time, nor its end may be those of a call.

use std::env;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cpi_policy::CompileLimits;
use cpi_runtime::compile;
use rustix::process::{Pid, Resource, Rlimit, Signal};

use crate::CatalogError;

/// The hidden command of this program that [`child`] answers.
pub const COMMAND: &str = "compile";

/// What compiled code may have: some ten times what compiles to it.
const MOST_CODE: u64 = 2 << 30;

/// Compiles a component in a process that ends with this one.
pub(crate) fn compile_apart(component: &[u8], limits: &CompileLimits) -> Result<Vec<u8>, CatalogError> {
    // This very program: where its file was replaced since it was started, the kernel still has it.
    let program = env::current_exe().ok().filter(|program| program.exists());
    let child = Command::new(program.unwrap_or_else(|| PathBuf::from("/proc/self/exe")))
        .args([COMMAND, &limits.memory.as_u64().to_string(), &limits.cpu.as_secs().max(1).to_string()])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(CatalogError::Process)?;
    let Outcome { status, code, complaint, in_time } =
        talk(child, component, limits.wall).map_err(CatalogError::Process)?;
    if status.success() && in_time {
        return Ok(code);
    }
    Err(CatalogError::Compile(reason(status, in_time, &complaint, limits)))
}

/// The other end: reads a component from stdin, and writes its code to stdout.
pub fn child(memory: u64, cpu: u64) -> Result<(), String> {
    confine(memory, cpu).map_err(|error| format!("the process cannot be limited: {error}"))?;
    let mut component = Vec::new();
    io::stdin().lock().read_to_end(&mut component).map_err(|error| format!("stdin: {error}"))?;
    let code = compile(&component).map_err(|error| error.to_string())?;
    io::stdout().lock().write_all(&code).map_err(|error| format!("stdout: {error}"))
}

/// Limits that the kernel holds: memory, computing, no file written, no memory dumped, no longer life than the parent's.
fn confine(memory: u64, cpu: u64) -> io::Result<()> {
    let limit = |resource, most: u64, hard: u64| {
        rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(hard) })
    };
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    limit(Resource::As, memory, memory)?;
    // A second between the signal that tells why and the one that cannot be caught.
    limit(Resource::Cpu, cpu, cpu.saturating_add(1))?;
    limit(Resource::Fsize, 0, 0)?;
    limit(Resource::Core, 0, 0)?;
    Ok(())
}

struct Outcome {
    status: ExitStatus,
    code: Vec<u8>,
    complaint: String,
    in_time: bool,
}

fn talk(mut child: Child, component: &[u8], wall: Duration) -> io::Result<Outcome> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let id = Pid::from_child(&child);
    let (done, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        // A child that ends early reads no further: what it says about it counts, not the broken pipe.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(component)));
        let complaint = scope.spawn(move || text(stderr));
        let watch = scope.spawn(move || match ended.recv_timeout(wall) {
            Err(mpsc::RecvTimeoutError::Timeout) => {
                _ = rustix::process::kill_process(id, Signal::KILL);
                false
            }
            _ => true,
        });
        let mut code = Vec::new();
        let read = stdout.map_or(Ok(0), |stdout| stdout.take(MOST_CODE).read_to_end(&mut code));
        let complaint = complaint.join().unwrap_or_default();
        drop(done);
        let in_time = watch.join().unwrap_or(false);
        let status = child.wait()?;
        read?;
        Ok(Outcome { status, code, complaint, in_time })
    })
}

fn text(stderr: Option<impl Read>) -> String {
    const LONGEST: u64 = 1 << 16;
    let mut bytes = Vec::new();
    if let Some(mut stderr) = stderr {
        _ = stderr.by_ref().take(LONGEST).read_to_end(&mut bytes);
        _ = io::copy(&mut stderr, &mut io::sink());
    }
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

/// Why the process ended, in words for who chose the component.
fn reason(status: ExitStatus, in_time: bool, complaint: &str, limits: &CompileLimits) -> String {
    let CompileLimits { memory, cpu, wall } = limits;
    let cpu_spent = [Signal::XCPU.as_raw(), Signal::KILL.as_raw()];
    match status.signal() {
        _ if !in_time => format!(
            "compiling it takes longer than {} s: raise [compile] wall in the host's configuration",
            wall.as_secs()
        ),
        _ if complaint.contains("memory allocation of") => {
            format!(
                "compiling it takes more than {memory} of memory: raise [compile] memory in the host's configuration"
            )
        }
        Some(signal) if cpu_spent.contains(&signal) => format!(
            "compiling it takes more than {} s of CPU time, or more memory than there is: raise [compile] cpu in the \
             host's configuration",
            cpu.as_secs()
        ),
        Some(signal) => format!(
            "the compiler was ended by signal {signal}, maybe because {memory} of memory is too little: {complaint}"
        ),
        None => complaint.strip_prefix("cpi-host: ").unwrap_or(complaint).to_owned(),
    }
}
