//! How much memory and disk does a child use right now, with everything it started?
//!
//! Address space limits do not fit programs like LibreOffice, so the server looks at the resident memory of the process
//! group a few times per second while a task runs.

use std::{fs, path::Path, time::Duration};

use super::{limits::Limits, task::codes};

/// What a process group uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Resident bytes; shared pages count for each process.
    pub memory_bytes: u64,
    /// Number of processes.
    pub processes: usize,
}

/// Returns what the processes of a group use. Looks at all processes of the machine.
pub fn usage(group: i32) -> Usage {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    sum(group, processes)
}

/// Returns what the leader of a group and its descendants use: cheap, but a process whose parent has died is not seen.
fn usage_of_descendants(leader: i32) -> Usage {
    let mut family = vec![leader];
    let mut next = 0;
    while let Some(process) = family.get(next) {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let found: Vec<i32> = children
            .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
            .collect();
        family.extend(found);
        next += 1;
    }
    sum(leader, family.into_iter())
}

fn sum(group: i32, processes: impl Iterator<Item = i32>) -> Usage {
    let mut usage = Usage::default();
    for process in processes {
        let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        if let Some((in_group, pages)) = parse_stat(&stat)
            && in_group == group
        {
            usage.processes += 1;
            usage.memory_bytes += pages * page_bytes();
        }
    }
    usage
}

/// Returns the process group and resident pages of a line of `/proc/PID/stat`.
fn parse_stat(stat: &str) -> Option<(i32, u64)> {
    // The name in parentheses may contain anything, also parentheses.
    let rest = &stat[stat.rfind(')')? + 1..];
    let mut fields = rest.split_ascii_whitespace();
    let group = fields.nth(2)?.parse().ok()?;
    let resident = fields.nth(18)?.parse().ok()?;
    Some((group, resident))
}

fn page_bytes() -> u64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().map_or(4096, |bytes| bytes as u64)
}

/// Returns the bytes of all files below a folder, without following links.
pub fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
        Ok(metadata) => metadata.len().min(metadata_blocks(&metadata)),
        Err(_) => 0,
    });
    sizes.sum()
}

fn metadata_blocks(metadata: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.blocks() * 512
}

/// Returns once a group goes beyond its limits, with the code that says which.
pub async fn until_too_much(group: i32, folder: &Path, limits: &Limits) -> &'static str {
    let mut ticks = 0u32;
    loop {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let now = if ticks.is_multiple_of(10) { usage(group) } else { usage_of_descendants(group) };
        if now.memory_bytes > limits.memory_bytes || now.processes > limits.processes {
            return codes::OUT_OF_MEMORY;
        }
        ticks += 1;
        if ticks.is_multiple_of(4) {
            let written = folder_bytes(&folder.join("work")) + folder_bytes(&folder.join("out"));
            if written > limits.disk_bytes {
                return codes::OUT_OF_DISK;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_with_a_strange_name_is_read() {
        let line = "42 (a) b (c)) S 1 77 77 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 100 5000000 1234 184467 1 1";
        assert_eq!(parse_stat(line), Some((77, 1234)));
    }

    #[test]
    fn this_process_is_found_in_its_group() {
        let group = nix::unistd::getpgrp().as_raw();
        let usage = usage(group);
        assert!(usage.processes >= 1 && usage.memory_bytes > 0);
    }
}
