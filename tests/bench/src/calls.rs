//! Counts the system calls of a server.
//!
//! `perf` does that almost for free. Where it is not allowed, `strace -c` does it. That
//! slows the server down, which then moves more per call, so its numbers can only be
//! compared with each other.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use crate::process;
use crate::server::directory;

/// The counter that works here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    Perf,
    Strace,
}

impl Counter {
    pub fn name(self) -> &'static str {
        match self {
            Counter::Perf => "perf",
            Counter::Strace => "strace",
        }
    }

    /// The first counter that works, if one does.
    pub fn find() -> Option<Counter> {
        let works = |program, arguments: &[&str]| {
            let mut command = Command::new(program);
            command
                .args(arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        if works("perf", &["stat", "-e", "raw_syscalls:sys_enter", "true"]) {
            Some(Counter::Perf)
        } else if works("strace", &["-c", "true"]) {
            Some(Counter::Strace)
        } else {
            None
        }
    }

    /// Starts to count the calls of `pid` and its family.
    pub fn attach(self, pid: u32) -> Result<Counting, String> {
        let path = directory().join("calls.txt");
        let _ = fs::remove_file(&path);
        let family = process::family(pid);
        let list: Vec<String> = family.iter().map(u32::to_string).collect();
        let mut command = Command::new(self.name());
        match self {
            Counter::Perf => command.args(["stat", "-x", ";", "-e", "raw_syscalls:sys_enter"]),
            Counter::Strace => command.args(["-c", "-f"]),
        };
        command.arg("-o").arg(&path).args(["-p", &list.join(",")]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| error.to_string())?;
        // perf does not say when it is ready.
        thread::sleep(Duration::from_millis(300));
        Ok(Counting {
            counter: self,
            child,
            path,
        })
    }
}

/// A running count.
pub struct Counting {
    counter: Counter,
    child: Child,
    path: PathBuf,
}

impl Counting {
    /// The number of calls since the count started.
    pub fn finish(mut self) -> Option<u64> {
        process::signal("INT", &[self.child.id()]);
        let _ = self.child.wait();
        let text = fs::read_to_string::<&Path>(&self.path).ok()?;
        match self.counter {
            Counter::Perf => perf(&text),
            Counter::Strace => strace(&text),
        }
    }
}

/// Reads `12345;;raw_syscalls:sys_enter;…`.
fn perf(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains("raw_syscalls"))?;
    line.split(';').next()?.parse().ok()
}

/// Reads `100.00    0.012345           1     12345        67 total`.
fn strace(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.ends_with(" total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_perf_and_strace_write() {
        assert_eq!(
            perf("# started\n\n109;;raw_syscalls:sys_enter;1;100.00;;\n"),
            Some(109)
        );
        let table = "% time     seconds  usecs/call     calls    errors syscall\n\
                     100.00    0.000010           1        42         2 total\n";
        assert_eq!(strace(table), Some(42));
    }
}
