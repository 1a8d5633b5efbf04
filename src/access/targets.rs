//! The camera addresses that viewers may name: the setting `targets`.
//!
//! Invariant: the decision is made on a resolved address, and it is the same for every
//! spelling of an address (such as IPv4-mapped IPv6, or unspecified for loopback).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A setting with more entries than this is refused.
const MAX_RULES: usize = 256;

/// The forms of an entry, for error messages.
const FORMS: &str = "write private, loopback, none, any, or addresses such as 192.168.1.0/24, \
    10.0.0.5:554, [fd00::]/8";

/// The camera addresses that viewers may name; an empty set allows none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    network: Network,
    /// `None` stands for any port.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Network {
    Private,
    Loopback,
    Any,
    Range { address: IpAddr, prefix: u8 },
}

impl Targets {
    /// The default: addresses of private networks, on any port.
    pub fn private() -> Self {
        Self(vec![Rule {
            network: Network::Private,
            port: None,
        }])
    }

    /// Reads one or several of these, separated by commas: `private`, `loopback`, `none`,
    /// `any`, `192.168.1.0/24`, `10.0.0.5`, `[fd00::]/8`. Each may be followed by a
    /// `:port`.
    ///
    /// # Errors
    /// A sentence that names the entry and says what may be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries: Vec<&str> = text.split(',').map(str::trim).collect();
        let entries: Vec<&str> = entries.into_iter().filter(|e| !e.is_empty()).collect();
        if entries.is_empty() {
            return Err(format!("no address is given: {FORMS}"));
        }
        if entries.len() > MAX_RULES {
            return Err(format!("there are more than {MAX_RULES} addresses"));
        }
        if entries.iter().any(|e| e.eq_ignore_ascii_case("none")) {
            return match entries.len() {
                1 => Ok(Self(Vec::new())),
                _ => Err("\"none\" must stand alone".into()),
            };
        }
        let rules = entries.into_iter().map(|entry| {
            Rule::parse(entry).ok_or_else(|| format!("\"{entry}\" is no camera address: {FORMS}"))
        });
        Ok(Self(rules.collect::<Result<_, _>>()?))
    }

    /// Adds one address with its port only.
    pub fn add(&mut self, address: SocketAddr) {
        let ip = canonical(address.ip());
        self.0.push(Rule {
            network: Network::Range {
                address: ip,
                prefix: if ip.is_ipv4() { 32 } else { 128 },
            },
            port: Some(address.port()),
        });
    }

    /// Whether a viewer may be connected to this address. Multicast, broadcast and port
    /// 0 are never allowed.
    pub fn allows(&self, address: SocketAddr) -> bool {
        let ip = canonical(address.ip());
        let is_broadcast = ip == IpAddr::V4(Ipv4Addr::BROADCAST);
        if ip.is_multicast() || is_broadcast || address.port() == 0 {
            return false;
        }
        self.0.iter().any(|rule| {
            rule.network.contains(ip) && rule.port.is_none_or(|port| port == address.port())
        })
    }
}

/// The one spelling that counts for an address: IPv4 for one mapped into IPv6, and
/// loopback for the unspecified address, which connects to this machine.
pub(super) fn canonical(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) if v4.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(v6) if v6.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

impl Rule {
    fn parse(text: &str) -> Option<Self> {
        let (address, tail) = split(text);
        let (prefix, port) = match tail.split_once(':') {
            Some((prefix, port)) => (prefix, Some(port.parse().ok().filter(|p| *p != 0)?)),
            None => (tail, None),
        };
        let network = Network::parse(address, prefix)?;
        Some(Self { network, port })
    }
}

/// Splits an entry into the address or keyword, and the rest: `/8`, `:554`, `/8:554` or
/// nothing.
fn split(text: &str) -> (&str, &str) {
    if let Some((address, tail)) = text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        return (address, tail);
    }
    if text.parse::<IpAddr>().is_ok() {
        return (text, "");
    }
    let end = text.find('/').or_else(|| text.find(':'));
    text.split_at(end.unwrap_or(text.len()))
}

impl Network {
    fn parse(address: &str, prefix: &str) -> Option<Self> {
        let words = [
            ("private", Self::Private),
            ("loopback", Self::Loopback),
            ("any", Self::Any),
        ];
        for (word, network) in words {
            if address.eq_ignore_ascii_case(word) {
                return prefix.is_empty().then_some(network);
            }
        }
        let written: IpAddr = address.parse().ok()?;
        let width = width(written);
        let prefix = match prefix.strip_prefix('/') {
            Some(digits) => digits.parse().ok().filter(|p| *p <= width)?,
            None if prefix.is_empty() => width,
            None => return None,
        };
        // For example, ::ffff:10.0.0.0/104 is 10.0.0.0/8.
        let address = written.to_canonical();
        let prefix = prefix.checked_sub(width - self::width(address))?;
        Some(Self::Range { address, prefix })
    }

    fn contains(&self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Loopback => ip.is_loopback(),
            Self::Private => match ip {
                IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
                IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
            },
            Self::Range { address, prefix } => {
                let width = width(*address);
                let free = u32::from(width.saturating_sub(*prefix));
                let differing = bits(ip) ^ bits(*address);
                ip.is_ipv4() == address.is_ipv4() && differing.checked_shr(free).unwrap_or(0) == 0
            }
        }
    }
}

/// The number of bits of an address.
fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

impl fmt::Display for Targets {
    /// Writes the setting in the form in which it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, rule) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match &rule.network {
                Network::Private => f.write_str("private")?,
                Network::Loopback => f.write_str("loopback")?,
                Network::Any => f.write_str("any")?,
                Network::Range { address, prefix } => match address {
                    IpAddr::V4(v4) => write!(f, "{v4}/{prefix}")?,
                    IpAddr::V6(v6) => write!(f, "[{v6}]/{prefix}")?,
                },
            }
            if let Some(port) = rule.port {
                write!(f, ":{port}")?;
            }
        }
        Ok(())
    }
}
