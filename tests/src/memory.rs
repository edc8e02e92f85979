use std::fs;
use std::process::{Child, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Waits for the end of a process. Returns what it left, and the most memory that it had, in MiB.
pub fn wait_with_peak(child: Child) -> (Output, u64) {
    let (ended, peak) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let status = format!("/proc/{}/status", child.id());
    let watcher = thread::spawn({
        let (ended, peak) = (Arc::clone(&ended), Arc::clone(&peak));
        move || {
            while !ended.load(Ordering::Relaxed) {
                let text = fs::read_to_string(&status).unwrap_or_default();
                let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
                peak.fetch_max(kib.unwrap_or_default(), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(2));
            }
        }
    });
    let output = child.wait_with_output().expect("the end of the program");
    ended.store(true, Ordering::Relaxed);
    watcher.join().expect("no panic");
    (output, peak.load(Ordering::Relaxed) / 1024)
}

/// What processes take of the machine's memory, in bytes: a page that several of them map is counted once, in parts.
pub fn memory_of(processes: impl IntoIterator<Item = u32>) -> u64 {
    processes.into_iter().map(memory).sum()
}

fn memory(process: u32) -> u64 {
    let file = format!("/proc/{process}/smaps_rollup");
    let rollup = fs::read_to_string(&file).expect("the process runs");
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).expect("a proportional set size");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kibibytes");
    kib << 10
}
