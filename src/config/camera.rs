//! The sections `[camera NAME]`: cameras to which the gateway connects by itself, once
//! each, however many viewers watch.

use std::ops::RangeInclusive;

use super::Secret;
use super::value::{show_size, size, switch};
use crate::protocol::rtsp::url::Url;

/// A configuration with more cameras is refused.
pub const MAX_CAMERAS: usize = 256;
/// The longest name, in characters.
const MAX_NAME: usize = 64;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 200;
/// The possible sizes of a cache; 0 turns it off.
const GOP_CACHE: RangeInclusive<usize> = 0..=64 << 20;

/// A shared camera; viewers open `rtsp://camgate/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// The name: letters, digits, `-`, `_` and `.`, in lower case as section names are.
    pub name: String,
    /// A text for people.
    pub description: String,
    /// The address, with user and password. It is valid.
    pub url: Secret,
    /// The address of a smaller stream of the same camera, for pages with many
    /// pictures. It is valid.
    pub sub: Option<Secret>,
    pub transport: Transport,
    /// Whether the connection is kept when nobody watches.
    pub always: bool,
    /// How many bytes of media since the last key frame are kept, so that a new viewer
    /// has a picture at once.
    pub gop_cache: usize,
}

/// How media comes from a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// TCP, or UDP if the camera refuses TCP (461).
    #[default]
    Auto,
    /// Interleaved with RTSP (RFC 2326 section 10.12).
    Tcp,
    /// RTP over UDP.
    Udp,
}

impl Transport {
    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Auto => "auto",
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        }
    }
}

impl Camera {
    /// A camera of which only the name is known.
    ///
    /// # Errors
    /// A sentence that says which names are allowed.
    pub fn named(name: &str) -> Result<Camera, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
            return Err(format!(
                "a camera's name is 1 to {MAX_NAME} letters, digits, - _ or .: \
                 write [camera front]"
            ));
        }
        // In a URL these stand for the current directory and the one above it.
        if matches!(name, "." | "..") {
            return Err("no address can name this camera: write [camera front]".to_owned());
        }
        Ok(Camera {
            name: name.to_owned(),
            description: String::new(),
            url: Secret::new(""),
            sub: None,
            transport: Transport::Auto,
            always: false,
            gop_cache: 1 << 20,
        })
    }

    /// Sets one value; `false` if there is no such setting.
    ///
    /// # Errors
    /// A sentence that says what may be written. It contains no part of an address.
    pub fn set(&mut self, key: &str, value: &str) -> Result<bool, String> {
        match key {
            "url" => self.url = address(value)?,
            "sub" if value.is_empty() => self.sub = None,
            "sub" => self.sub = Some(address(value)?),
            "description" => {
                let printable = value.chars().filter(|c| !c.is_control());
                self.description = printable.take(MAX_DESCRIPTION).collect();
            }
            "transport" => self.transport = transport(value)?,
            "always" => self.always = switch(value)?,
            "gop_cache" => self.gop_cache = size(value, GOP_CACHE)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The address of its stream, or of its smaller one.
    pub fn stream(&self, sub: bool) -> Option<&Secret> {
        if sub {
            self.sub.as_ref()
        } else {
            Some(&self.url)
        }
    }

    /// Its section, with addresses without user and password.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = vec![
            format!("[camera {}]", self.name),
            format!("url = {}", shown(&self.url)),
        ];
        lines.extend(self.sub.iter().map(|sub| format!("sub = {}", shown(sub))));
        lines.extend([
            format!("description = {}", self.description),
            format!("transport = {}", self.transport.name()),
            format!("always = {}", if self.always { "on" } else { "off" }),
            format!("gop_cache = {}", show_size(self.gop_cache)),
        ]);
        lines
    }
}

/// The address without its user and password.
fn shown(url: &Secret) -> String {
    let parsed = Url::parse(url.reveal());
    parsed.map_or_else(|_| String::new(), |url| url.without_credentials())
}

fn address(value: &str) -> Result<Secret, String> {
    let fault = match Url::parse(value) {
        Ok(url) if url.tls => Some("rtsps:// is not spoken by this version: write rtsp://"),
        Ok(_) => None,
        Err(bad) => Some(bad.reason),
    };
    match fault {
        None => Ok(Secret::new(value)),
        Some(fault) => Err(format!(
            "{fault}: write an address such as rtsp://user:secret@192.168.1.10:554/stream1"
        )),
    }
}

fn transport(value: &str) -> Result<Transport, String> {
    let known = [Transport::Auto, Transport::Tcp, Transport::Udp];
    let mut matching = known
        .into_iter()
        .filter(|t| t.name().eq_ignore_ascii_case(value));
    matching
        .next()
        .ok_or_else(|| "write tcp, udp or auto".into())
}
