//! The sections `[camera NAME]`: cameras that the gateway connects to by itself,
//! once, whoever watches.

use std::ops::RangeInclusive;

use super::Secret;
use super::value::{show_size, size, switch};
use crate::protocol::rtsp::url::Url;

/// The most cameras.
pub const MAX_CAMERAS: usize = 256;
/// Characters of a name.
const MAX_NAME: usize = 64;
/// Characters of a description.
const MAX_DESCRIPTION: usize = 200;
/// What a cache may be; 0 is off.
const GOP_CACHE: RangeInclusive<usize> = 0..=64 << 20;

/// A shared camera; viewers open `rtsp://camgate/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// Letters, digits, `-`, `_` and `.`; lower case, as section names are.
    pub name: String,
    /// For people.
    pub description: String,
    /// Where it is, with user and password. Valid.
    pub url: Secret,
    /// A smaller stream of the same camera, for many pictures on a page. Valid.
    pub sub: Option<Secret>,
    pub transport: Transport,
    /// Keep the link up when nobody watches.
    pub always: bool,
    /// Bytes of media kept since the last key frame, so that a new viewer has a
    /// picture at once.
    pub gop_cache: usize,
}

/// How media comes from a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// TCP; UDP for a camera that refuses it (461).
    #[default]
    Auto,
    /// Interleaved with RTSP (RFC 2326 section 10.12).
    Tcp,
    /// RTP over UDP.
    Udp,
}

impl Transport {
    /// As the configuration spells it.
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
    /// A sentence that says what a name may be.
    pub fn named(name: &str) -> Result<Camera, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
            return Err(format!(
                "a camera's name is 1 to {MAX_NAME} letters, digits, - _ or .: \
                 write [camera front]"
            ));
        }
        // In an address they mean this place and the one above.
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

    /// Sets one value; `false`: there is no such setting.
    ///
    /// # Errors
    /// A sentence that says what may be written; it holds nothing of an address.
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

    /// Where its stream is, or that of its smaller one.
    pub fn stream(&self, sub: bool) -> Option<&Secret> {
        if sub {
            self.sub.as_ref()
        } else {
            Some(&self.url)
        }
    }

    /// Its section, addresses without user and password.
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

/// An address without its user and password.
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
