//! What the system tells about this process, under the names that Prometheus' client
//! libraries give it. A system without Linux's `/proc` tells nothing.

use std::fs;

use super::exposition::{Exposition, Kind};

/// The ticks of a second in `/proc/self/stat` (`USER_HZ`): 100 on every architecture
/// that this program is built for.
const TICKS: f64 = 100.0;

/// Some numbers of a process. `None`: the system does not tell.
#[derive(Debug, Default, PartialEq)]
struct Process {
    /// The processor time, in seconds.
    cpu: Option<f64>,
    /// When it began, in seconds after 1970.
    start: Option<f64>,
    /// In bytes.
    resident: Option<u64>,
    /// In bytes.
    addressed: Option<u64>,
    descriptors: Option<usize>,
    max_descriptors: Option<u64>,
}

/// Appends the metrics of this process.
pub fn push(out: &mut Exposition) {
    let read = |name: &str| fs::read_to_string(name).unwrap_or_default();
    let mut process = Process::parse(
        &read("/proc/self/stat"),
        &read("/proc/self/status"),
        &read("/proc/self/limits"),
        &read("/proc/stat"),
    );
    // Reading the directory takes a descriptor itself.
    let open = fs::read_dir("/proc/self/fd").map(|list| list.count().saturating_sub(1));
    process.descriptors = open.ok();
    process.push(out);
}

impl Process {
    fn parse(stat: &str, status: &str, limits: &str, system: &str) -> Process {
        // The name of the program, in parentheses, may hold anything.
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let fields: Vec<&str> = fields.split(' ').collect();
        // By the numbers of proc_pid_stat(5), in which the field after the name is 3.
        let field = |number: usize| fields.get(number - 3)?.trim().parse::<u64>().ok();
        let seconds = |number| field(number).map(|ticks| ticks as f64 / TICKS);
        let booted = number_after(system, "btime");
        Process {
            cpu: seconds(14).zip(seconds(15)).map(|(user, own)| user + own),
            start: seconds(22)
                .zip(booted)
                .map(|(after, boot)| boot as f64 + after),
            resident: number_after(status, "VmRSS:").map(|kib| kib * 1024),
            addressed: field(23),
            descriptors: None,
            max_descriptors: number_after(limits, "Max open files"),
        }
    }

    fn push(&self, out: &mut Exposition) {
        let mut metric = |name, kind, help: &str, value: Option<f64>| {
            if let Some(value) = value {
                out.family(name, kind, help).sample(&[], value);
            }
        };
        metric(
            "process_cpu_seconds_total",
            Kind::Counter,
            "Processor time that the process took, in seconds.",
            self.cpu,
        );
        metric(
            "process_start_time_seconds",
            Kind::Gauge,
            "When the process began, in seconds after 1970.",
            self.start,
        );
        metric(
            "process_resident_memory_bytes",
            Kind::Gauge,
            "Memory of the process that is in RAM.",
            self.resident.map(|bytes| bytes as f64),
        );
        metric(
            "process_virtual_memory_bytes",
            Kind::Gauge,
            "Addresses that the process has mapped.",
            self.addressed.map(|bytes| bytes as f64),
        );
        metric(
            "process_open_fds",
            Kind::Gauge,
            "Open file descriptors.",
            self.descriptors.map(|count| count as f64),
        );
        metric(
            "process_max_fds",
            Kind::Gauge,
            "How many file descriptors the process may open.",
            self.max_descriptors.map(|count| count as f64),
        );
    }
}

/// The first number in the line that begins with `name`.
fn number_after(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines();
    let rest = lines.find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_proc_are_read() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 1 0 250 50 0 0 20 0 1 0 12345 \
                    5000000 300 18446744073709551615 1";
        let status = "Name:\tcamgate\nVmHWM:\t 9000 kB\nVmRSS:\t    1200 kB\n";
        let limits = "Limit                     Soft Limit           Hard Limit\n\
                      Max open files            1024                 4096     files\n";
        let process = Process::parse(stat, status, limits, "cpu 1 2\nbtime 1700000000\n");
        let expected = Process {
            cpu: Some(3.0),
            start: Some(1_700_000_123.45),
            resident: Some(1200 * 1024),
            addressed: Some(5_000_000),
            descriptors: None,
            max_descriptors: Some(1024),
        };
        assert_eq!(process, expected);
        assert_eq!(Process::parse("", "", "", ""), Process::default());
    }
}
