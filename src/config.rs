//! The configuration: what stands in the file, typed and checked, and the
//! defaults of what does not.
//!
//! The reference for operators is `src/config/README.md`: a setting that is added
//! here gets its line there, which the tests see to.
//!
//! Invariant: whoever holds a [`Config`] need not check it again; every limit
//! is within the range named here. What the operator did wrong is an error that
//! says the file, the line and the mend; what has no effect is a warning that
//! says so.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::access::Targets;

mod camera;
mod ini;
mod reader;
#[cfg(test)]
mod tests;
mod value;

pub use camera::{Camera, Transport};
pub use value::listen_address;

/// Read when no file is named; it need not exist.
pub const DEFAULT_PATH: &str = "/etc/camgate.ini";

/// The port of the default listener.
pub const DEFAULT_PORT: u16 = 8080;

/// The longest interleaved frame in buffers of which an eighth may be unused, in bytes.
const LONGEST: usize = 75 * 1024;

/// The largest configuration file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen; at least one address, none twice.
    pub listen: Vec<SocketAddr>,
    /// Further pages that may open sockets, see [`crate::access::Policy`].
    pub origins: Vec<String>,
    /// Further names this gateway answers to, see [`crate::access::Policy`].
    pub hosts: Vec<String>,
    /// Camera addresses that viewers may name.
    pub targets: Targets,
    /// Where to serve the cameras to RTSP clients, over TCP. Empty: nowhere.
    pub rtsp_listen: Vec<SocketAddr>,
    /// The password of the statistic channel. Unset: the documented default
    /// works from this machine only.
    pub statistic_password: Option<Secret>,
    /// Licence files, in order.
    pub license_path: Vec<PathBuf>,
    /// A filter for the log, as env_logger takes it.
    pub log: String,
    /// How much of everything.
    pub limits: Limits,
    /// Shared cameras, in the file's order; no name twice.
    pub cameras: Vec<Camera>,
    /// What was read and has no effect, one sentence each, with its line.
    pub warnings: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, DEFAULT_PORT))],
            origins: Vec::new(),
            hosts: Vec::new(),
            targets: Targets::private(),
            rtsp_listen: Vec::new(),
            statistic_password: None,
            license_path: Vec::new(),
            log: "info".into(),
            limits: Limits::default(),
            cameras: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// The limits of the gateway. Sizes are in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Viewers at the same time.
    pub viewers: usize,
    /// Viewers at the same time from one address.
    pub viewers_per_address: usize,
    /// Connections that have not said yet what they want; for one more, one of the
    /// address that has most makes room.
    pub handshakes: usize,
    /// All media memory, allocated at start.
    pub pool: usize,
    /// One buffer of the pool.
    pub buffer: usize,
    /// Media of a shared camera that a slow viewer may fall behind.
    pub backlog: usize,
    /// How long an opening handshake may take.
    pub handshake: Duration,
    /// How long a peer may be silent.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            viewers: 128,
            viewers_per_address: 128,
            handshakes: 256,
            pool: 4 << 20,
            buffer: 32 << 10,
            backlog: 512 << 10,
            handshake: Duration::from_secs(10),
            idle: Duration::from_secs(60),
        }
    }
}

impl Limits {
    /// How many streams of cameras the pool can serve: each needs a buffer that viewers
    /// with cameras of their own cannot take, and these have at least as many.
    pub fn streams(&self) -> usize {
        let buffers = self.pool / self.buffer.max(1);
        let reserve = LONGEST.div_ceil(self.buffer.max(1)).min(buffers / 2);
        (buffers - reserve) / 2
    }
}

/// A password, or a text that holds one: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a password, or a text that holds one.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The password itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why there is no configuration: `file:line: setting = value: what is wrong`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    file: String,
    line: Option<usize>,
    message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for Error {}

/// Reads the configuration file, or [`DEFAULT_PATH`] if none is named; without
/// either, the defaults hold.
///
/// # Errors
/// A named file that is missing, a file that cannot be read, and whatever
/// [`parse`] finds.
pub fn load(path: Option<&Path>) -> Result<Config, Error> {
    load_or_default(path, Path::new(DEFAULT_PATH))
}

fn load_or_default(path: Option<&Path>, default: &Path) -> Result<Config, Error> {
    let name = path.unwrap_or(default).display().to_string();
    let failed = |message: String| Error {
        file: name.clone(),
        line: None,
        message,
    };
    match read_file(path.unwrap_or(default)) {
        Ok(text) if text.len() as u64 > MAX_FILE => Err(failed(
            "the file is larger than 1 MiB: is it a camgate configuration?".into(),
        )),
        Ok(text) => parse(&name, &text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match path {
            None => Ok(Config::default()),
            Some(_) => Err(failed(
                "there is no such file: check the path after -c, or leave -c out".into(),
            )),
        },
        Err(error) => Err(failed(format!("the file cannot be read: {error}"))),
    }
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut text)?;
    Ok(text)
}

/// Reads the text of a configuration file. `name` is what messages call it.
///
/// # Errors
/// The first line that is wrong.
pub fn parse(name: &str, text: &[u8]) -> Result<Config, Error> {
    reader::read(name, text)
}

impl Config {
    /// How many streams its cameras have.
    pub fn streams(&self) -> usize {
        let smaller = self.cameras.iter().filter(|it| it.sub.is_some());
        self.cameras.len() + smaller.count()
    }

    /// Whether the pool is large enough for the cameras.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn check_streams(&self) -> Result<(), String> {
        let (streams, limits) = (self.streams(), &self.limits);
        if streams <= limits.streams() {
            return Ok(());
        }
        let enough = ((2 * streams + 1) * limits.buffer + LONGEST).next_multiple_of(1 << 20);
        Err(format!(
            "pool = {} in buffers of {} serves {} streams of cameras, and there are {streams}: \
             write pool = {} or more, or a smaller buffer",
            value::show_size(limits.pool),
            value::show_size(limits.buffer),
            limits.streams(),
            value::show_size(enough),
        ))
    }

    /// What was understood, as a file that says the same; passwords left out.
    pub fn describe(&self) -> String {
        let limits = &self.limits;
        let password = match self.statistic_password {
            Some(_) => "; statistic_password is set".to_owned(),
            None => "statistic_password =".to_owned(),
        };
        let mut lines = vec![
            "[general]".to_owned(),
            format!("listen = {}", addresses(&self.listen)),
            format!("origins = {}", self.origins.join(", ")),
            format!("hosts = {}", self.hosts.join(", ")),
            format!("targets = {}", self.targets),
            format!("rtsp_listen = {}", addresses(&self.rtsp_listen)),
            password,
        ];
        for path in &self.license_path {
            lines.push(format!("license_path = {}", path.display()));
        }
        lines.extend([
            format!("log = {}", self.log),
            "[limits]".to_owned(),
            format!("viewers = {}", limits.viewers),
            format!("per_address = {}", limits.viewers_per_address),
            format!("handshakes = {}", limits.handshakes),
            format!("pool = {}", value::show_size(limits.pool)),
            format!("buffer = {}", value::show_size(limits.buffer)),
            format!("backlog = {}", value::show_size(limits.backlog)),
            format!("handshake = {}", value::show_duration(limits.handshake)),
            format!("idle = {}", value::show_duration(limits.idle)),
        ]);
        lines.extend(self.cameras.iter().flat_map(Camera::describe));
        let lines = lines.iter().map(|line| line.trim_end());
        lines.fold(String::new(), |text, line| text + line + "\n")
    }
}

fn addresses(list: &[SocketAddr]) -> String {
    let list: Vec<String> = list.iter().map(SocketAddr::to_string).collect();
    list.join(", ")
}
