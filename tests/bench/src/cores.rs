//! Assigns processor cores: the load runs on one core, and the server on another, so
//! that neither pays for the other's moves, and every server has the same core.
//!
//! `taskset` and the shell's `ulimit` do that, so no system call here needs `unsafe`.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::{env, thread};

/// This is set once the program has its core and its file descriptors.
const PREPARED: &str = "CAMGATE_BENCH_PREPARED";
const SERVER: &str = "0";
const LOAD: &str = "1";
/// Enough file descriptors for 500 viewers and their camera connections, of all
/// contenders at once.
const DESCRIPTORS: &str = "16384";

/// Runs this program again on the load's core, with enough file descriptors. Returns in
/// that second run.
pub fn prepare() {
    if env::var_os(PREPARED).is_some() {
        return;
    }
    let script = format!("ulimit -n {DESCRIPTORS} || ulimit -n $(ulimit -Hn); exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]);
    if are_two() {
        command.args(["taskset", "-c", LOAD]);
    }
    command.arg(env::current_exe().unwrap_or_default());
    command
        .args(env::args_os().skip(1))
        .env(PREPARED, if are_two() { "2" } else { "1" });
    // This returns only if it failed; then the run continues as it is.
    let error = command.exec();
    eprintln!("no core and no file descriptors of its own: {error}");
}

/// A command that runs `program` on the server's core.
pub fn on_server_core(program: &str) -> Command {
    if !separate() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER, program]);
    command
}

/// Whether load and server have different cores.
pub fn separate() -> bool {
    env::var(PREPARED).is_ok_and(|cores| cores == "2")
}

fn are_two() -> bool {
    let mut taskset = Command::new("taskset");
    let works = taskset
        .args(["-c", SERVER, "true"])
        .stderr(Stdio::null())
        .status();
    thread::available_parallelism().is_ok_and(|cores| cores.get() >= 2)
        && works.is_ok_and(|status| status.success())
}
