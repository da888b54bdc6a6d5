//! What does a process cost? Processor time and memory from `/proc`, for one process and for all that it started.

use std::{collections::HashMap, fs, time::Duration};

use nix::{
    sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike,
    },
    unistd::{SysconfVar, sysconf},
};

/// Processor time of a process, of what it started, and of what that has waited for.
pub fn cpu_of_tree(root: u32) -> Duration {
    ticks(tree(root).into_iter().filter_map(|process| cpu_fields(process, 4)).sum())
}

/// Processor time of one process alone.
pub fn cpu_of(process: u32) -> Duration {
    ticks(cpu_fields(process, 2).unwrap_or(0))
}

fn ticks(count: u64) -> Duration {
    let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
    Duration::from_secs_f64(count as f64 / per_second as f64)
}

/// Processor time of this process.
pub fn own_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the usage of this process");
    Duration::from_micros((usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as u64)
}

/// Resident and proportional memory in MB.
#[derive(Clone, Copy, Default)]
pub struct Memory {
    pub rss: f64,
    pub pss: f64,
}

/// Memory of one process.
pub fn memory_of(process: u32) -> Memory {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let field = |name: &str| {
        let line = rollup.lines().find(|line| line.starts_with(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        kilobytes.unwrap_or(0.0) * 1024.0 / 1e6
    };
    Memory { rss: field("Rss:"), pss: field("Pss:") }
}

/// Most memory that a process had since [`forget_peak`], in MiB.
pub fn peak_of(process: u32) -> f64 {
    status_mebibytes(process, "VmHWM:")
}

/// Begins the peak of a process anew.
pub fn forget_peak(process: u32) -> std::io::Result<()> {
    fs::write(format!("/proc/{process}/clear_refs"), "5")
}

/// Resident memory of a process and of what it started now, in MiB; what they share counts for each.
pub fn resident_of_tree(root: u32) -> f64 {
    tree(root).into_iter().map(|process| status_mebibytes(process, "VmRSS:")).sum()
}

fn status_mebibytes(process: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Processor time of the processes that this one has started and waited for.
pub fn ended_children_cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the usage of this process");
    Duration::from_micros((usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as u64)
}

/// Memory of a process and of what it started.
pub fn memory_of_tree(root: u32) -> Memory {
    tree(root)
        .into_iter()
        .map(memory_of)
        .fold(Memory::default(), |sum, one| Memory { rss: sum.rss + one.rss, pss: sum.pss + one.pss })
}

/// `/proc/PID/stat` after the name, which may hold anything: state, parent, …
fn stat(process: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

/// The first `count` of: time in programs, time in the kernel, both of children that have ended.
fn cpu_fields(process: u32, count: usize) -> Option<u64> {
    Some(stat(process)?.get(11..11 + count)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum())
}

fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").expect("Linux").flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let parent = stat(process).and_then(|fields| fields.get(1)?.parse().ok());
        children.entry(parent.unwrap_or(0)).or_default().push(process);
    }
    let (mut found, mut next) = (vec![root], 0);
    while next < found.len() {
        found.extend(children.remove(&found[next]).unwrap_or_default());
        next += 1;
    }
    found
}
