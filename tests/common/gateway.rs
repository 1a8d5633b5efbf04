//! The gateway as its users run it: a process, a configuration file, a log on
//! stderr, a port.
//!
//! Invariant: the process ends with its guard, and a test whose gateway
//! panicked or died unasked fails even if everything else looked well.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use super::metrics::Metrics;
use super::names::NameServer;
use super::socket::Opening;
use super::{BOUND, await_some, http};

/// The configuration a test wants, put together line by line.
#[derive(Default)]
pub struct Config {
    general: String,
    limits: String,
    cameras: String,
    descriptors: Option<u32>,
    fault: Option<String>,
    resolver: Option<PathBuf>,
}

impl Config {
    /// Any free port of this machine, and cameras on this machine only.
    pub fn new() -> Self {
        Self::default()
            .general("listen", "127.0.0.1:0")
            .general("targets", "loopback")
            .limit("handshake", "10s")
    }

    /// Sets a key of `[general]`; a key set before is replaced.
    pub fn general(mut self, key: &str, value: &str) -> Self {
        set(&mut self.general, key, value);
        self
    }

    /// Sets a key of `[limits]`; a key set before is replaced.
    pub fn limit(mut self, key: &str, value: &str) -> Self {
        set(&mut self.limits, key, value);
        self
    }

    /// Adds a shared camera with these settings.
    pub fn camera(mut self, name: &str, settings: &[(&str, &str)]) -> Self {
        self.cameras += &format!("[camera {name}]\n");
        for (key, value) in settings {
            self.cameras += &format!("{key} = {value}\n");
        }
        self
    }

    /// Lets the process have at most this many file descriptors, its own three
    /// among them: what the test itself was started with does not count.
    pub fn descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// Has system calls fail: `accept4:error=ENOMEM:when=1..3`, as strace's
    /// option `inject` has it.
    pub fn fault(mut self, fault: &str) -> Self {
        self.fault = Some(fault.to_owned());
        self
    }

    /// Has names looked up at this name server.
    pub fn names(mut self, server: &NameServer) -> Self {
        self.resolver = Some(server.file().to_owned());
        self
    }

    /// Starts `camgate serve -c FILE` and waits until it listens.
    pub fn start(self) -> Gateway {
        Gateway::start(&self)
    }

    fn text(&self) -> String {
        let Self {
            general,
            limits,
            cameras,
            ..
        } = self;
        format!("[general]\n{general}[limits]\n{limits}{cameras}")
    }

    fn command(&self, file: &Path) -> Command {
        let mut command = Command::new("bash");
        let most = self.descriptors.map(|most| {
            format!(
                "for fd in /proc/$$/fd/*; do fd=${{fd##*/}}; \
                 [ \"$fd\" -le 2 ] || eval \"exec $fd>&-\"; done; ulimit -n {most};"
            )
        });
        let fault = self.fault.as_deref().map(|fault| {
            let call = fault.split(':').next().unwrap_or_default();
            // The traced process stays the child that is killed.
            format!("exec strace -D -qq -o /dev/null -e trace={call} -e inject={fault} ")
        });
        let serve = format!(
            "{} {} \"$0\" serve -c \"$1\"",
            most.unwrap_or_default(),
            fault.as_deref().unwrap_or("exec")
        );
        // The shells become the gateway: it stays the child that is killed.
        let inner = format!("mount --bind \"$2\" /etc/resolv.conf && {serve}");
        let outer = "exec unshare -m bash -c \"$3\" \"$0\" \"$1\" \"$2\"";
        let script = match self.resolver {
            Some(_) => outer,
            None => &serve,
        };
        command.args(["-c", script, env!("CARGO_BIN_EXE_camgate")]);
        command.arg(file).env_remove("RUST_LOG");
        command.args(
            self.resolver
                .iter()
                .flat_map(|names| [names.as_os_str(), inner.as_ref()]),
        );
        command
    }
}

fn set(section: &mut String, key: &str, value: &str) {
    let kept = section
        .lines()
        .filter(|line| !line.starts_with(&format!("{key} =")));
    let mut lines: Vec<String> = kept.map(str::to_owned).collect();
    lines.push(format!("{key} = {value}"));
    *section = lines.join("\n") + "\n";
}

/// The log so far, and whether more can come.
#[derive(Default)]
struct Log {
    lines: Mutex<(Vec<String>, bool)>,
    grown: Condvar,
}

impl Log {
    /// The first line, from number `from` on, that holds all of `needles`.
    fn await_line(&self, from: usize, needles: &[&str]) -> Result<String, String> {
        let deadline = Instant::now() + BOUND;
        let mut held = self.lines.lock().unwrap();
        loop {
            let (lines, ended) = &*held;
            let found = lines
                .iter()
                .skip(from)
                .find(|line| needles.iter().all(|needle| line.contains(needle)));
            if let Some(line) = found {
                return Ok(line.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if *ended || left.is_zero() {
                return Err(format!(
                    "no log line with {needles:?} in:\n{}",
                    lines.join("\n")
                ));
            }
            held = self.grown.wait_timeout(held, left).unwrap().0;
        }
    }
}

/// A running gateway. Killed, by its process id, when dropped.
pub struct Gateway {
    child: Child,
    log: Arc<Log>,
    config: PathBuf,
    address: SocketAddr,
    /// The test asked it to end: then its end is no failure.
    ending: bool,
}

impl Gateway {
    /// With [`Config::new`].
    pub fn start_default() -> Self {
        Config::new().start()
    }

    fn start(config: &Config) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("gateway-{}-{number}.ini", std::process::id()));
        std::fs::write(&file, config.text()).unwrap();
        let mut child = config
            .command(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the gateway starts");
        let log = Arc::new(Log::default());
        let stderr = child.stderr.take().unwrap();
        let sink = Arc::clone(&log);
        std::thread::spawn(move || gather(BufReader::new(stderr), &sink));
        let mut gateway = Self {
            child,
            log,
            config: file,
            address: ([127, 0, 0, 1], 0).into(),
            ending: false,
        };
        gateway.address = gateway.listening();
        gateway
    }

    fn listening(&self) -> SocketAddr {
        let line = self.await_log(&["listening on http://127.0.0.1:"]);
        let (_, after) = line.split_once("http://").unwrap();
        after
            .split('/')
            .next()
            .unwrap()
            .parse()
            .unwrap_or_else(|_| panic!("no address in {line:?}"))
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves its cameras to clients of plain RTSP.
    pub fn rtsp_address(&self) -> SocketAddr {
        let line = self.await_log(&["cameras at rtsp://127.0.0.1:"]);
        let (_, after) = line.split_once("rtsp://").unwrap();
        after.split('/').next().unwrap().parse().unwrap()
    }

    /// The first log line that holds all of `needles`, awaited if need be.
    pub fn await_log(&self, needles: &[&str]) -> String {
        self.log
            .await_line(0, needles)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Self::await_log`], among the lines from number `from` on.
    pub fn await_log_after(&self, from: usize, needles: &[&str]) -> String {
        self.log
            .await_line(from, needles)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// How many log lines there are by now.
    pub fn log_length(&self) -> usize {
        self.log.lines.lock().unwrap().0.len()
    }

    /// Everything logged by now.
    pub fn log(&self) -> String {
        self.log.lines.lock().unwrap().0.join("\n")
    }

    /// The metrics, as a fresh request sees them.
    pub fn metrics(&self) -> Metrics {
        self.metrics_from(Opening::default())
    }

    /// The metrics, as a request on a connection opened so sees them.
    pub fn metrics_from(&self, opening: Opening) -> Metrics {
        let reply = http::get_as(self.address, "/metrics", opening);
        assert_eq!(reply.status, 200, "{}", reply.text());
        Metrics::parse(&reply.text())
    }

    /// Waits until the metrics satisfy `wanted`; shows them if they never do.
    pub fn await_metrics(&self, what: &str, wanted: impl Fn(&Metrics) -> bool) -> Metrics {
        let started = Instant::now();
        loop {
            let metrics = self.metrics();
            if wanted(&metrics) {
                return metrics;
            }
            assert!(
                started.elapsed() < BOUND,
                "waited in vain for {what}: {metrics:#?}\n{}",
                self.log()
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Waits until everything that can leak is as it was in `before`.
    pub fn await_as_before(&self, before: &Metrics) {
        self.await_metrics(&format!("the state as before: {before:#?}"), |now| {
            now.held() == before.held()
                && now.connections("closing") <= before.connections("closing")
        });
    }

    /// Writes another configuration and asks the gateway to read it.
    pub fn reload(&mut self, config: &Config) {
        std::fs::write(&self.config, config.text()).unwrap();
        self.signal("HUP");
    }

    /// Sends a signal (`TERM`, `USR1`, …) by process id.
    pub fn signal(&mut self, name: &str) {
        self.ending |= matches!(name, "TERM" | "INT");
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the process to end by itself.
    pub fn await_exit(&mut self) -> ExitStatus {
        self.ending = true;
        let child = &mut self.child;
        await_some("the gateway's exit", || child.try_wait().unwrap())
    }

    /// Resident memory, in KiB.
    pub fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// The most resident memory that there ever was, in KiB.
    pub fn peak(&self) -> u64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Open file descriptors of the process.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .unwrap()
            .count()
    }
}

fn gather(reader: impl BufRead, log: &Log) {
    for line in reader.split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        log.lines.lock().unwrap().0.push(line);
        log.grown.notify_all();
    }
    log.lines.lock().unwrap().1 = true;
    log.grown.notify_all();
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let died = if self.ending {
            None
        } else {
            self.child.try_wait().ok().flatten()
        };
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.config);
        if std::thread::panicking() {
            eprintln!("--- the gateway's log\n{}\n---", self.log());
            return;
        }
        assert!(
            died.is_none(),
            "the gateway ended unasked ({died:?}):\n{}",
            self.log()
        );
        assert!(
            !self.log().contains("panicked at"),
            "the gateway panicked:\n{}",
            self.log()
        );
    }
}
