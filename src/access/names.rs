//! Host names in `Host` and `Origin` headers and in the settings `hosts` and `origins`.
//!
//! Invariant: two spellings of one host (case, trailing dot, port, brackets) compare
//! equal; a text that is no host name equals nothing.

use std::net::{IpAddr, Ipv6Addr};

use super::targets::canonical;

/// Whether this is the origin of a file or of a sandboxed page, which has no host.
pub(super) fn is_null(text: &str) -> bool {
    text.eq_ignore_ascii_case("null")
}

/// A host, without its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    Address(IpAddr),
    /// In lower case, without a trailing dot.
    Text(String),
}

impl Name {
    /// Reads the host of `host[:port]` (RFC 9110 section 7.2).
    pub fn parse(authority: &str) -> Option<Self> {
        split_port(authority).and_then(|(host, _)| Self::of_host(host))
    }

    fn of_host(host: &str) -> Option<Self> {
        if let Some(inner) = host.strip_prefix('[') {
            let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(canonical(address.into())));
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Self::Address(canonical(address)));
        }
        let text = host.strip_suffix('.').unwrap_or(host);
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let is_label = |label: &str| !label.is_empty() && label.bytes().all(allowed);
        text.split('.')
            .all(is_label)
            .then(|| Self::Text(text.to_ascii_lowercase()))
    }

    /// Whether the name means this machine when used on this machine.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Text(text) => text == "localhost" || text.ends_with(".localhost"),
        }
    }

    /// Whether an entry of a setting matches this host: `*`, `*.example.org`, or the
    /// host itself.
    fn matches_host(&self, entry: &str) -> bool {
        if entry == "*" {
            return true;
        }
        match (entry.strip_prefix("*."), self) {
            (Some(domain), Self::Text(text)) => {
                let domain = domain.trim_end_matches('.').to_ascii_lowercase();
                text.strip_suffix(&domain)
                    .is_some_and(|rest| !domain.is_empty() && rest.ends_with('.'))
            }
            (Some(_), Self::Address(_)) => false,
            (None, name) => Self::of_host(entry).as_ref() == Some(name),
        }
    }

    /// Whether an entry of `hosts` matches this host; its scheme and port are ignored.
    pub fn matches(&self, entry: &str) -> bool {
        Site::parse(entry).is_some_and(|site| self.matches_host(site.host))
    }
}

/// `[scheme://]host[:port]`: an origin (RFC 6454 section 6.2), or an entry of
/// `origins`, which may match several.
pub(super) struct Site<'a> {
    scheme: Option<&'a str>,
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Site<'a> {
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim().trim_end_matches('/');
        let (scheme, authority) = match text.split_once("://") {
            Some((scheme, authority)) => (Some(scheme), authority),
            None => (None, text),
        };
        let (host, port) = split_port(authority)?;
        Some(Self { scheme, host, port })
    }

    pub fn name(&self) -> Option<Name> {
        Name::of_host(self.host)
    }

    fn port(&self) -> Option<u16> {
        self.port.or(match self.scheme {
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => Some(80),
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => Some(443),
            _ => None,
        })
    }

    /// Whether an entry of `origins` matches this origin. An entry without a scheme or
    /// port matches any.
    pub fn matches(&self, entry: &str) -> bool {
        let (Some(name), Some(entry)) = (self.name(), Site::parse(entry)) else {
            return false;
        };
        let scheme = match (entry.scheme, self.scheme) {
            (Some(wanted), Some(scheme)) => wanted.eq_ignore_ascii_case(scheme),
            (wanted, _) => wanted.is_none(),
        };
        let port = entry.port.is_none() || entry.port == self.port();
        scheme && port && name.matches_host(entry.host)
    }
}

/// Splits `host[:port]`; a bare IPv6 address has no port.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let authority = authority.trim();
    if authority.parse::<Ipv6Addr>().is_ok() {
        return Some((authority, None));
    }
    match authority.rsplit_once(':') {
        Some((host, "")) => Some((host, None)),
        Some((host, port)) if !port.contains(']') => Some((host, Some(port.parse().ok()?))),
        _ => Some((authority, None)),
    }
}
