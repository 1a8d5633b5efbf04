//! Access decisions: pages and sockets by host and origin, cameras by address.
//!
//! All decisions are pure functions of values. Invariant: what is not allowed is
//! refused with a sentence that names the setting to change.
//!
//! Why `Host` is checked at all: any page can point its own host name at this gateway's
//! address, and then counts as one of the gateway's own pages (DNS rebinding). Names
//! that only the local network can resolve are safe from that.

use std::net::SocketAddr;

mod framers;
mod names;
mod targets;
#[cfg(test)]
mod tests;

use names::{Name, Site, is_null};
pub use targets::Targets;

/// Longer texts of a peer are cut to this many characters in an answer.
const MAX_SHOWN: usize = 100;

/// The settings that decide about access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The camera addresses that viewers may name.
    pub targets: Targets,
    /// Further pages that may open sockets: `host`, `scheme://host:port`,
    /// `*.domain`, `*` for any, `null` for pages without an origin.
    pub origins: Vec<String>,
    /// Further host names that this gateway answers to: `host`, `*.domain`, `*` for
    /// any.
    pub hosts: Vec<String>,
    /// This machine's own name.
    pub host_name: String,
    /// The ports that this gateway listens on.
    pub own_ports: Vec<u16>,
}

impl Policy {
    /// Checks whether a request for this `Host` is answered: addresses, localhost, the
    /// machine's own name, `*.local`, `*.lan` and the names in `hosts` are. No browser
    /// sends an empty `Host`, so a request with one is answered, too.
    ///
    /// # Errors
    /// A sentence for the person who sent the request.
    pub fn host(&self, host_header: &str) -> Result<(), String> {
        if host_header.is_empty() {
            return Ok(());
        }
        let name = Name::parse(host_header);
        if name.is_some_and(|name| self.answers_to(&name)) {
            return Ok(());
        }
        Err(format!(
            "this gateway does not answer to the name {}: add it to \"hosts\" in the configuration",
            shown(host_header)
        ))
    }

    fn answers_to(&self, name: &Name) -> bool {
        let text = match name {
            Name::Address(_) => return true,
            Name::Text(text) => text,
        };
        name.is_loopback()
            || Name::parse(&self.host_name).as_ref() == Some(name)
            || [".local", ".lan"].iter().any(|end| text.ends_with(end))
            || self.hosts.iter().any(|entry| name.matches(entry))
    }

    /// Checks whether a page of this origin may open a socket: the gateway's own pages
    /// (the host name of `Host`, on any port) and the origins in `origins` may. A
    /// request without an origin comes from no browser, and is allowed.
    ///
    /// # Errors
    /// A sentence for the person who sees the page.
    pub fn origin(&self, origin: Option<&str>, host_header: &str) -> Result<(), String> {
        let Some(origin) = origin else {
            return Ok(());
        };
        let as_written = |entry: &String| entry.eq_ignore_ascii_case(origin);
        if self.origins.iter().any(as_written) {
            return Ok(());
        }
        let site = Site::parse(origin).filter(|_| !is_null(origin));
        let allowed = site.is_some_and(|site| {
            is_same_host(&site, host_header)
                || self
                    .origins
                    .iter()
                    .any(|entry| !is_null(entry) && site.matches(entry))
        });
        if allowed {
            return Ok(());
        }
        Err(format!(
            "pages of {} may not use this gateway: add it to \"origins\" in the configuration",
            shown(origin)
        ))
    }

    /// Checks whether a viewer may be connected to a camera at this resolved address.
    /// `is_own_address`: the address belongs to this machine.
    ///
    /// # Errors
    /// A sentence for the person who wants to watch.
    pub fn target(&self, address: SocketAddr, is_own_address: bool) -> Result<(), String> {
        let is_own = is_own_address || targets::canonical(address.ip()).is_loopback();
        if is_own && self.own_ports.contains(&address.port()) {
            return Err(format!(
                "camera address {address} is this gateway itself, which \"targets\" in the \
                 configuration cannot allow: name the address of the camera"
            ));
        }
        if self.targets.allows(address) {
            return Ok(());
        }
        Err(format!(
            "camera address {address} is not allowed: see \"targets\" in the configuration"
        ))
    }
}

/// Whether the two hosts are the same. All names of this machine for itself are: a page
/// opened as localhost may use the gateway at 127.0.0.1.
fn is_same_host(site: &Site<'_>, host_header: &str) -> bool {
    match (site.name(), Name::parse(host_header)) {
        (Some(origin), Some(host)) => origin == host || origin.is_loopback() && host.is_loopback(),
        _ => false,
    }
}

/// A peer's text, shortened and cleaned so that it can be shown to a person.
fn shown(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    printable.take(MAX_SHOWN).collect()
}
