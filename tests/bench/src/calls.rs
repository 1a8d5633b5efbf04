//! How many system calls a server makes.
//!
//! `perf` counts them almost for nothing. Where it may not, `strace -c` does:
//! that slows the server down, which then moves more at a call, so its numbers
//! are only good beside each other.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use crate::process;
use crate::server::directory;

/// Which counter works here.
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

    /// The one that works, if one does.
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

    /// Begins to count for `pid` and its family.
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
        // perf says nothing when it is ready.
        thread::sleep(Duration::from_millis(300));
        Ok(Counting {
            counter: self,
            child,
            path,
        })
    }
}

/// A count under way.
pub struct Counting {
    counter: Counter,
    child: Child,
    path: PathBuf,
}

impl Counting {
    /// The calls since the count began.
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

/// `12345;;raw_syscalls:sys_enter;…`
fn perf(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains("raw_syscalls"))?;
    line.split(';').next()?.parse().ok()
}

/// `100.00    0.012345           1     12345        67 total`
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
