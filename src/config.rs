//! The configuration: the settings of the file, typed and checked, and the defaults of
//! all others.
//!
//! The reference for operators is `src/config/README.md`. A setting that is added here
//! must be described there; a test checks that.
//!
//! Invariant: a [`Config`] is valid, and every limit is within the range named here, so
//! nobody has to check again. A mistake of the operator is an error that names the file
//! and the line, and says what to write instead; a setting without effect is a warning
//! that says so.

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

/// The file that is read when none is named; it need not exist.
pub const DEFAULT_PATH: &str = "/etc/camgate.ini";

/// The port of the default listener.
pub const DEFAULT_PORT: u16 = 8080;

/// How much of the pool the longest interleaved frame may take, in bytes: an eighth of
/// each buffer may stay unused.
const LONGEST: usize = 75 * 1024;

/// The largest configuration file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The addresses to listen on: at least one, and none twice.
    pub listen: Vec<SocketAddr>,
    /// Further origins whose pages may open sockets; see [`crate::access::Policy`].
    pub origins: Vec<String>,
    /// Further host names that this gateway answers to; see [`crate::access::Policy`].
    pub hosts: Vec<String>,
    /// The camera addresses that viewers may name.
    pub targets: Targets,
    /// The addresses at which RTSP clients are served over TCP; usually none.
    pub rtsp_listen: Vec<SocketAddr>,
    /// The password of the statistic channel. If it is unset, the documented default
    /// works from this machine only.
    pub statistic_password: Option<Secret>,
    /// The licence files, in order.
    pub license_path: Vec<PathBuf>,
    /// A filter for the log, as env_logger takes it.
    pub log: String,
    /// All limits.
    pub limits: Limits,
    /// The shared cameras in the order of the file; no name occurs twice.
    pub cameras: Vec<Camera>,
    /// One sentence for each setting that has no effect, with its line.
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
    /// How many viewers may be connected at the same time.
    pub viewers: usize,
    /// How many of them may come from one address.
    pub viewers_per_address: usize,
    /// How many connections may be open that have not yet said what they want. When one
    /// more comes, the address that has most of them loses one.
    pub handshakes: usize,
    /// The size of the media pool, which is allocated at the start.
    pub pool: usize,
    /// The size of one buffer of the pool.
    pub buffer: usize,
    /// How far a slow viewer of a shared camera may fall behind.
    pub backlog: usize,
    /// How long an opening handshake may take.
    pub handshake: Duration,
    /// How long a peer may stay silent.
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
    /// How many streams of cameras the pool can serve. Each needs a buffer that direct
    /// viewers cannot take, and at least as many buffers are left for these viewers.
    pub fn streams(&self) -> usize {
        let buffers = self.pool / self.buffer.max(1);
        let reserve = LONGEST.div_ceil(self.buffer.max(1)).min(buffers / 2);
        (buffers - reserve) / 2
    }
}

/// A password, or a text that contains one. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password, or a text that contains one.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why there is no configuration, as `file:line: setting = value: what is wrong`.
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

/// Reads the configuration file, or [`DEFAULT_PATH`] if none is named. If that does not
/// exist, the defaults apply.
///
/// # Errors
/// A named file is missing, a file cannot be read, or [`parse`] finds an error.
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

/// Reads the text of a configuration file. Messages call the file `name`.
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

    /// Checks whether the pool is large enough for the cameras.
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

    /// The configuration as a file with the same meaning, without passwords.
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
