//! Where and when a run takes place.

use std::process::Command;
use std::{fs, thread};

/// Names and values, in the order in which they are shown.
pub fn describe() -> Vec<(&'static str, String)> {
    let cores = thread::available_parallelism().map_or(0, |cores| cores.get());
    vec![
        ("date", say("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"])),
        ("cpu", cpu()),
        (
            "cores",
            say("nproc", &["--all"])
                .parse()
                .unwrap_or(cores)
                .to_string(),
        ),
        ("kernel", say("uname", &["-sr"])),
        ("commit", commit()),
    ]
}

/// The load average of the last minute, because other programs make noise.
pub fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split(' ').next().and_then(|word| word.parse().ok());
    first.unwrap_or(0.0)
}

fn commit() -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let git = |rest: &[&str]| say("git", &[&["-C", root], rest].concat());
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"]).is_empty();
    let commit = git(&["rev-parse", "--short", "HEAD"]);
    if changed {
        commit + " and changes"
    } else {
        commit
    }
}

/// The name of the processor. On ARM, Linux names only the board.
fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    match line.and_then(|line| line.split_once(": ")) {
        Some((_, name)) => name.to_owned(),
        None => {
            let model = fs::read_to_string("/proc/device-tree/model").unwrap_or_default();
            model.trim_end_matches('\0').to_owned()
        }
    }
}

fn say(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let bytes = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}
