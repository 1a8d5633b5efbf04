//! Checks of what depends on several settings of a file, or is right by itself and can
//! still have no effect.

use std::net::SocketAddr;

use super::ini::GENERAL;
use super::reader::Reader;
use super::value::show_size;
use super::{Config, Limits};
use crate::access;

/// The smallest number of buffers in a pool: with fewer, a single camera would stall.
const MIN_BUFFERS: usize = 8;
/// The largest number of buffers in a pool: they are numbered with 16 bits.
const MAX_BUFFERS: usize = 65_535;

/// The settings that decide about the pool.
const POOL: [&str; 2] = ["pool", "buffer"];

impl Reader {
    /// Checks everything that is not wrong by itself.
    pub(super) fn check(&mut self) {
        self.check_addresses();
        self.check_listeners();
        self.check_sites();
        if !self.is_wrong("limits", &POOL) {
            self.check_pool();
        }
    }

    /// Every camera must have an address.
    fn check_addresses(&mut self) {
        let cameras = self.config.cameras.iter().zip(&self.camera_lines);
        let missing: Vec<(String, usize)> = cameras
            .filter(|(camera, _)| camera.url.reveal().is_empty())
            .map(|(camera, line)| (camera.name.clone(), *line))
            .collect();
        for (name, line) in missing {
            if !self.is_wrong(&format!("camera {name}"), &["url"]) {
                let message = format!("[camera {name}] has no address: write url = rtsp://…");
                self.mistake(line, message);
            }
        }
    }

    /// No two listeners may want the same port of the same address.
    fn check_listeners(&mut self) {
        let Config {
            listen,
            rtsp_listen,
            ..
        } = &self.config;
        let web = listen.iter().map(|address| ("listen", address));
        let rtsp = rtsp_listen.iter().map(|address| ("rtsp_listen", address));
        let all: Vec<(&str, &SocketAddr)> = web.chain(rtsp).collect();
        let mut colliding = Vec::new();
        for (at, (name, address)) in all.iter().enumerate() {
            let mut before = all[..at].iter();
            if let Some((other, taken)) = before.find(|(_, other)| collide(other, address)) {
                let message = format!(
                    "{name}: {address} and {other} {taken} are the same port: write another port"
                );
                let is_certain = taken.is_ipv4() == address.is_ipv4();
                let line = self.line_of(GENERAL, &[name, "port"]);
                colliding.push((line, message, is_certain));
            }
        }
        for (line, message, is_certain) in colliding {
            match is_certain {
                true => self.mistake(line, message),
                // A system may keep IPv6 and IPv4 apart (`net.ipv6.bindv6only`).
                false => self.warn(line, message),
            }
        }
    }

    /// Every entry of `origins` and `hosts` should match some page or name.
    fn check_sites(&mut self) {
        let origins = self.config.origins.iter();
        let origins = origins.map(|entry| ("origins", entry, access::origin_fault(entry)));
        let hosts = self.config.hosts.iter();
        let hosts = hosts.map(|entry| ("hosts", entry, access::host_fault(entry)));
        let vain: Vec<(&str, String)> = origins
            .chain(hosts)
            .filter_map(|(key, entry, fault)| {
                Some((key, format!("{key}: {entry} matches nothing: {}", fault?)))
            })
            .collect();
        for (key, message) in vain {
            self.warn(self.line_of(GENERAL, &[key]), message);
        }
    }

    /// The pool must hold buffers enough, and should hold the caches.
    fn check_pool(&mut self) {
        let line = self.line_of("limits", &POOL);
        if let Err(message) = check_buffers(&self.config.limits) {
            return self.mistake(line, message);
        }
        let last_camera = self.camera_lines.last().copied().unwrap_or(0);
        let line = if line == 0 { last_camera } else { line };
        if let Err(message) = self.config.check_streams() {
            return self.mistake(line, message);
        }
        if let Some(message) = check_caches(&self.config) {
            self.warn(line, message);
        }
    }
}

/// Whether two listeners cannot exist beside each other. Port 0 stands for a different
/// port each time, and an address of all interfaces includes each of them. On Linux the
/// IPv6 one includes IPv4, too.
fn collide(one: &SocketAddr, other: &SocketAddr) -> bool {
    let takes_all = |it: &SocketAddr, other: &SocketAddr| {
        it.ip().is_unspecified() && (it.is_ipv6() || other.is_ipv4())
    };
    let same = one.ip() == other.ip() || takes_all(one, other) || takes_all(other, one);
    one.port() != 0 && one.port() == other.port() && same
}

fn check_buffers(limits: &Limits) -> Result<(), String> {
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

/// A sentence about caches that the pool cannot hold even if nothing else is in it.
fn check_caches(config: &Config) -> Option<String> {
    let pool = config.limits.pool;
    let largest = config
        .cameras
        .iter()
        .max_by_key(|camera| camera.gop_cache)?;
    if largest.gop_cache < pool {
        return None;
    }
    // As the warning of a running gateway has it: a quarter is for the viewers.
    let cache = largest.gop_cache;
    let enough = (cache + cache.div_ceil(4)).next_multiple_of(1 << 20);
    Some(format!(
        "pool = {} cannot hold gop_cache = {} of [camera {}]: write pool = {} or more in \
         [limits], or a smaller gop_cache",
        show_size(pool),
        show_size(cache),
        largest.name,
        show_size(enough),
    ))
}
