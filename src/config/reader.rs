//! Turns the settings of a file into a [`Config`]: knows their names and possible
//! values, and words the errors and warnings about all others.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::camera::{Camera, MAX_CAMERAS};
use super::ini::{self, GENERAL, Setting};
use super::value::{self, count, duration, list, show_size, size};
use super::{Config, Error, Limits, Secret};
use crate::access::Targets;

/// A configuration with more listeners is refused.
const MAX_LISTEN: usize = 16;
/// A configuration with more licence files is refused.
const MAX_LICENSES: usize = 256;
/// The largest number of viewers that may be configured.
const MAX_VIEWERS: usize = 10_000;
/// The smallest number of buffers in a pool: with fewer, a single camera would stall.
const MIN_BUFFERS: usize = 8;
/// The largest number of buffers in a pool: they are numbered with 16 bits.
const MAX_BUFFERS: usize = 65_535;
/// Further warnings are dropped.
const MAX_WARNINGS: usize = 50;
/// Longer values are cut to this many characters in a message.
const MAX_SHOWN: usize = 100;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The settings of `[general]` of which every line counts, not only the last one.
const REPEATING: [&str; 6] = [
    "listen",
    "origins",
    "hosts",
    "targets",
    "rtsp_listen",
    "license_path",
];
/// The section in which the vendor's tunnel client lists its cameras.
const VENDOR_CAMERAS: &str = "cameras";
/// The settings of the vendor's tunnel client, which are in its section `[General]`.
const TUNNEL_CLIENT: [&str; 5] = [
    "client_id",
    "proxy_token",
    "proxy_url",
    "plugin_path",
    "ssl",
];

pub fn read(name: &str, text: &[u8]) -> Result<Config, Error> {
    let document = ini::read(text).map_err(|invalid| Error {
        file: name.to_owned(),
        line: Some(invalid.line),
        message: invalid.message,
    })?;
    let mut reader = Reader::new(name);
    for (section, line) in &document.sections {
        reader.section(section, *line)?;
    }
    for setting in &document.settings {
        reader.setting(setting)?;
    }
    reader.finish()
}

struct Reader<'a> {
    name: &'a str,
    config: Config,
    /// Section, key and last line of every known setting in the file.
    set: Vec<(String, String, usize)>,
    /// The values of the `targets` lines read so far.
    targets: Vec<String>,
    port: Option<u16>,
    /// The lines where the sections of the cameras begin, in the order of the cameras.
    camera_lines: Vec<usize>,
    /// Warnings with their lines, unsorted, because there are two passes.
    warnings: Vec<(usize, String)>,
}

impl<'a> Reader<'a> {
    fn new(name: &'a str) -> Self {
        let mut config = Config::default();
        config.listen.clear();
        Self {
            name,
            config,
            set: Vec::new(),
            targets: Vec::new(),
            port: None,
            camera_lines: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn error(&self, line: usize, message: String) -> Error {
        Error {
            file: self.name.to_owned(),
            line: Some(line),
            message,
        }
    }

    fn warn(&mut self, line: usize, message: impl Into<String>) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push((line, message.into()));
        }
    }

    fn section(&mut self, section: &str, line: usize) -> Result<(), Error> {
        let shown = shown(section);
        if let Some(name) = camera_name(section) {
            return self.camera(name, line).map_err(|message| {
                let message = format!("[{shown}]: {message}");
                self.error(line, message)
            });
        }
        if section == VENDOR_CAMERAS {
            let message = format!("[{shown}]: this version has no tunnel client yet");
            self.warn(line, message);
        } else if !is_section(section) {
            self.warn(
                line,
                format!("[{shown}]: there is no such section, it has no effect"),
            );
        }
        Ok(())
    }

    /// Begins the section of a camera, or continues one that was there before.
    fn camera(&mut self, name: &str, line: usize) -> Result<(), String> {
        let cameras = &mut self.config.cameras;
        if cameras.iter().any(|camera| camera.name == name) {
            return Ok(());
        }
        self.camera_lines.push(line);
        extend(cameras, [Camera::named(name)?], MAX_CAMERAS)
    }

    fn setting(&mut self, setting: &Setting) -> Result<(), Error> {
        let Setting {
            section,
            key,
            value,
            line,
        } = setting;
        let known = self.apply(section, key, value, *line).map_err(|message| {
            let value = match section.as_str() {
                // Hides keys and passwords, even in addresses that are not quite right.
                "tls" => "…".to_owned(),
                _ if camera_name(section).is_some() && matches!(key.as_str(), "url" | "sub") => {
                    "…".to_owned()
                }
                _ => shown(value),
            };
            self.error(*line, format!("{key} = {value}: {message}"))
        })?;
        if known {
            self.record(section, key, *line);
        } else if is_section(section) || camera_name(section).is_some() {
            // An unknown section has a warning of its own.
            let message = format!("{}: there is no such setting in [{section}]", shown(key));
            self.warn(*line, message);
        }
        Ok(())
    }

    /// Notes the line of a setting, and warns if it hides an earlier one.
    fn record(&mut self, section: &str, key: &str, line: usize) {
        if section == VENDOR_CAMERAS {
            return;
        }
        let mut places = self.set.iter_mut();
        match places.find(|(s, k, _)| s == section && k == key) {
            None => self.set.push((section.to_owned(), key.to_owned(), line)),
            Some((_, _, place)) => {
                *place = line;
                if !(section == GENERAL && REPEATING.contains(&key)) {
                    self.warn(line, format!("{key} was set before: this line counts"));
                }
            }
        }
    }

    /// Sets one value; `false` if there is no such setting.
    fn apply(
        &mut self,
        section: &str,
        key: &str,
        value: &str,
        line: usize,
    ) -> Result<bool, String> {
        match section {
            GENERAL => self.general(key, value, line),
            "limits" => limit(&mut self.config.limits, key, value),
            "tunnel" if key == "token" => {
                if !value.is_empty() {
                    self.warn(
                        line,
                        "token: this version does not serve tunnel clients yet",
                    );
                }
                Ok(true)
            }
            "tls" if key == "certificate" || key == "key" => match value {
                "" => Ok(true),
                _ => Err(
                    "this version does not speak TLS yet: leave it empty and put a web \
                          server with TLS in front"
                        .into(),
                ),
            },
            _ => match camera_name(section) {
                Some(name) => {
                    let mut cameras = self.config.cameras.iter_mut();
                    let camera = cameras.find(|camera| camera.name == name);
                    camera.map_or(Ok(false), |camera| camera.set(key, value))
                }
                None => Ok(section == VENDOR_CAMERAS),
            },
        }
    }

    fn general(&mut self, key: &str, value: &str, line: usize) -> Result<bool, String> {
        let config = &mut self.config;
        match key {
            "listen" if value.is_empty() => {
                return Err("no address is given: write 0.0.0.0:8080".into());
            }
            "listen" => listen(&mut config.listen, value)?,
            "rtsp_listen" => listen(&mut config.rtsp_listen, value)?,
            "port" => self.port = Some(value::port(value)?),
            "origins" => extend(&mut config.origins, list(value)?, value::MAX_ELEMENTS)?,
            "hosts" => extend(&mut config.hosts, list(value)?, value::MAX_ELEMENTS)?,
            "targets" => {
                // Each line is checked on its own first, so that an error names this
                // line.
                Targets::parse(value)?;
                self.targets.push(value.to_owned());
                config.targets = Targets::parse(&self.targets.join(","))?;
            }
            "statistic_password" => {
                config.statistic_password = (!value.is_empty()).then(|| Secret(value.to_owned()));
            }
            "license_path" if value.is_empty() => {}
            "license_path" => {
                extend(
                    &mut config.license_path,
                    [PathBuf::from(value)],
                    MAX_LICENSES,
                )?;
            }
            "log" if value.is_empty() => config.log = Config::default().log,
            "log" => config.log = value::log(value)?,
            _ if TUNNEL_CLIENT.contains(&key) => self.warn(
                line,
                format!("{key}: this version has no tunnel client yet"),
            ),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Checks what depends on several settings.
    fn finish(mut self) -> Result<Config, Error> {
        match self.port {
            Some(port) if self.config.listen.is_empty() => {
                self.config.listen.push(([0, 0, 0, 0], port).into());
            }
            Some(_) => {
                let line = self.line_of(GENERAL, &["port"]).unwrap_or(0);
                self.warn(line, "port: \"listen\" is set too and counts");
            }
            None if self.config.listen.is_empty() => {
                self.config.listen = Config::default().listen;
            }
            None => {}
        }
        let per_address = ["per_address", "viewers_per_address"];
        if self.line_of("limits", &per_address).is_none() {
            self.config.limits.viewers_per_address = self.config.limits.viewers;
        }
        let mut cameras = self.config.cameras.iter().zip(&self.camera_lines);
        if let Some((camera, line)) = cameras.find(|(camera, _)| camera.url.reveal().is_empty()) {
            let message = format!(
                "[camera {}] has no address: write url = rtsp://…",
                camera.name
            );
            return Err(self.error(*line, message));
        }
        if let Err(message) = check_pool(&self.config.limits) {
            let line = self.line_of("limits", &["pool", "buffer"]).unwrap_or(0);
            return Err(self.error(line, message));
        }
        if let Err(message) = self.config.check_streams() {
            let pool = self.line_of("limits", &["pool", "buffer"]);
            let line = pool.or(self.camera_lines.last().copied()).unwrap_or(0);
            return Err(self.error(line, message));
        }
        self.warnings.sort_by_key(|(line, _)| *line);
        let name = self.name;
        let warnings = self.warnings.into_iter();
        self.config.warnings = warnings
            .map(|(line, message)| format!("{name}:{line}: {message}"))
            .collect();
        Ok(self.config)
    }

    /// The last line that set one of these keys.
    fn line_of(&self, section: &str, keys: &[&str]) -> Option<usize> {
        let set = self.set.iter();
        let lines = set.filter(|(s, k, _)| s == section && keys.contains(&k.as_str()));
        lines.map(|(_, _, line)| *line).max()
    }
}

/// Adds the addresses in a list.
fn listen(addresses: &mut Vec<SocketAddr>, value: &str) -> Result<(), String> {
    for element in list(value)? {
        let address = value::listen_address(&element)?;
        // Port 0 stands for a different port each time.
        if address.port() == 0 || !addresses.contains(&address) {
            extend(addresses, [address], MAX_LISTEN)?;
        }
    }
    Ok(())
}

/// Sets one limit; `false` if there is no such limit.
fn limit(limits: &mut Limits, key: &str, value: &str) -> Result<bool, String> {
    let seconds = Duration::from_secs;
    match key {
        "viewers" => limits.viewers = count(value, 1..=MAX_VIEWERS)?,
        "per_address" | "viewers_per_address" => {
            limits.viewers_per_address = count(value, 1..=MAX_VIEWERS)?;
        }
        "handshakes" => limits.handshakes = count(value, 2..=MAX_VIEWERS)?,
        "pool" => limits.pool = size(value, 256 * KIB..=1024 * MIB)?,
        "buffer" => limits.buffer = size(value, 4 * KIB..=MIB)?,
        // The minimum is larger than any interleaved frame.
        "backlog" => limits.backlog = size(value, 128 * KIB..=64 * MIB)?,
        "handshake" => limits.handshake = duration(value, seconds(1)..=seconds(300))?,
        "idle" => limits.idle = duration(value, seconds(5)..=seconds(86_400))?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn check_pool(limits: &Limits) -> Result<(), String> {
    let buffers = limits.pool.checked_div(limits.buffer).unwrap_or(0);
    let (pool, buffer) = (show_size(limits.pool), show_size(limits.buffer));
    if buffers < MIN_BUFFERS {
        let enough = show_size(limits.buffer.saturating_mul(MIN_BUFFERS));
        return Err(format!(
            "pool = {pool} holds fewer than {MIN_BUFFERS} buffers of {buffer}: \
             write pool = {enough} or more, or a smaller buffer"
        ));
    }
    if buffers > MAX_BUFFERS {
        return Err(format!(
            "pool = {pool} holds more than {MAX_BUFFERS} buffers of {buffer}: \
             write a larger buffer or a smaller pool"
        ));
    }
    Ok(())
}

fn is_section(section: &str) -> bool {
    matches!(section, GENERAL | "limits" | "tunnel" | "tls")
}

/// The name in a section header `[camera NAME]`.
fn camera_name(section: &str) -> Option<&str> {
    let name = section.strip_prefix("camera")?;
    (name.is_empty() || name.starts_with(char::is_whitespace)).then(|| name.trim())
}

fn extend<T>(
    list: &mut Vec<T>,
    more: impl IntoIterator<Item = T>,
    limit: usize,
) -> Result<(), String> {
    list.extend(more);
    match list.len() > limit {
        true => Err(format!("there are more than {limit} of them")),
        false => Ok(()),
    }
}

/// A text of the file, shortened and cleaned for a message.
fn shown(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(MAX_SHOWN).collect()
}
