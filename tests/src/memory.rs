use std::fs;

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
