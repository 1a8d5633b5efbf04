//! Reads from `/proc` the processor time and the memory of a server, with all its
//! threads and children.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The memory of a server, in bytes.
#[derive(Clone, Copy, Default)]
pub struct Memory {
    /// What is resident now.
    pub resident: u64,
    /// The largest size that ever was resident.
    pub peak: u64,
}

/// `pid` and all its descendants.
pub fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let all: Vec<(u32, u32)> = numbers("/proc")
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let mut index = 0;
    while index < family.len() {
        let of = family[index];
        family.extend(all.iter().filter(|(_, p)| *p == of).map(|(pid, _)| *pid));
        index += 1;
    }
    family
}

/// The user and system time spent so far, which the scheduler counts in nanoseconds
/// (`/proc/PID/task/TID/schedstat`).
pub fn processor_time(pid: u32) -> Duration {
    let mut nanoseconds = 0;
    for pid in family(pid) {
        for thread in numbers(&format!("/proc/{pid}/task")) {
            let path = format!("/proc/{pid}/task/{thread}/schedstat");
            let text = fs::read_to_string(path).unwrap_or_default();
            let first = text.split(' ').next().and_then(|word| word.parse().ok());
            nanoseconds += first.unwrap_or(0);
        }
    }
    Duration::from_nanos(nanoseconds)
}

/// `VmRSS` and `VmHWM`.
pub fn memory(pid: u32) -> Memory {
    let mut memory = Memory::default();
    for pid in family(pid) {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        memory.resident += kilobytes(&status, "VmRSS:");
        memory.peak += kilobytes(&status, "VmHWM:");
    }
    memory
}

/// The resident bytes of the one private mapping whose size is `size` bytes or slightly
/// more, which is where an allocator puts a single allocation of that size. 0 if there
/// is none.
pub fn resident_of_allocation(pid: u32, size: u64) -> u64 {
    const SLACK: u64 = 64 << 10;
    let maps = fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap_or_default();
    let mut within = false;
    for line in maps.lines() {
        if line.starts_with("Size:") {
            within = (size..size + SLACK).contains(&kilobytes(line, "Size:"));
        } else if within && line.starts_with("Rss:") {
            return kilobytes(line, "Rss:");
        }
    }
    0
}

/// Sends a signal to processes that this program started.
pub fn signal(name: &str, pids: &[u32]) {
    if !pids.is_empty() {
        let mut kill = Command::new("kill");
        kill.arg(format!("-{name}"))
            .args(pids.iter().map(u32::to_string));
        let _ = kill.stderr(Stdio::null()).status();
    }
}

/// Whether somebody listens on this IPv4 address. A connection to find out would cost a
/// server that dials for its clients another connection.
pub fn is_listening(address: SocketAddr) -> bool {
    const LISTEN: &str = "0A";
    let port = format!(":{:04X}", address.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    table.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.len() > 3 && words[1].ends_with(&port) && words[3] == LISTEN
    })
}

/// The value in bytes of a line such as `VmRSS:   123 kB`.
fn kilobytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 1024
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain anything.
    let after = &stat[stat.rfind(')')? + 2..];
    after.split(' ').nth(1)?.parse().ok()
}

fn numbers(directory: &str) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
