//! RTSP URLs, as people type them and as cameras join them.
//!
//! Reading is lenient where the meaning is plain: a password may contain `@`, `:`, `/`
//! or `?` unescaped, and characters that a request line must not contain are
//! percent-encoded.
//!
//! Invariant: a [`Url`] always makes a valid request URI, and its credentials never show
//! in `Debug` or in [`Url::without_credentials`].

use super::auth::Credentials;
use super::text;

/// The port of `rtsp:` (RFC 2326 §3.2).
pub const PORT: u16 = 554;
/// The usual port of servers that are not allowed to use that one.
const USUAL_PORT: u16 = 8554;
/// The port of `rtsps:` (RFC 7826 §4.2).
pub const TLS_PORT: u16 = 322;

/// An absolute `rtsp:` or `rtsps:` URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether it is `rtsps:`.
    pub tls: bool,
    /// Percent-decoded; `None` if there is no `@`, or nothing before it.
    pub user: Option<String>,
    /// Percent-decoded; `None` if the credentials have no colon.
    pub password: Option<String>,
    /// A name or an address; IPv6 without its brackets.
    pub host: String,
    /// Never 0; [`PORT`] or [`TLS_PORT`] if the URL gives none.
    pub port: u16,
    /// The path and the query; empty, or beginning with `/` or `?`.
    pub path: String,
}

/// Why a text is not a usable URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadUrl {
    /// A sentence for the person who typed it.
    pub reason: &'static str,
}

impl std::fmt::Display for BadUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.reason)
    }
}

impl std::error::Error for BadUrl {}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.without_credentials())
    }
}

impl Url {
    /// Reads an absolute URL.
    ///
    /// The last `@` before the path ends the credentials. The path begins at the first
    /// `/` or `?` that has a plausible host and port before it, so that
    /// `rtsp://admin:a/b@cam/1` is understood; or at a later one, if that has a numeric
    /// address after credentials before it: `rtsp://admin:a@b/c@10.0.0.1/1`.
    ///
    /// A name and a port with an `@` further on are taken for a user and a password:
    /// `rtsp://admin:12/34@cam/1`. They are taken for a host and a port if the name has a
    /// dot, or if the port is a usual one and no numeric address follows.
    ///
    /// # Errors
    /// [`BadUrl`] if the scheme is another one, or if there is no usable host or port.
    pub fn parse(url: &str) -> Result<Url, BadUrl> {
        let bad = |reason| BadUrl { reason };
        let (tls, rest) = scheme(url.trim_ascii());
        let rest = rest.ok_or(bad("the address does not begin with rtsp:// or rtsps://"))?;
        let (mut first_fault, mut found) = (None, None);
        for end in 0..=rest.len() {
            if !matches!(rest.as_bytes().get(end), Some(b'/' | b'?') | None) {
                continue;
            }
            let (authority, path) = rest.split_at(end);
            match Url::read(tls, authority, path) {
                Ok(url) => {
                    let numeric = is_numeric(&url.host);
                    let doubtful = url.may_be_credentials(authority);
                    let certain = numeric || !has(path, b'@') || (url.user.is_none() && !doubtful);
                    let better = |found: &Url| {
                        let usual = matches!(found.port, PORT | USUAL_PORT);
                        numeric || (found.user.is_none() && !usual)
                    };
                    if found.as_ref().is_none_or(better) {
                        found = Some(url);
                    }
                    if certain {
                        break;
                    }
                }
                // Only credentials may contain a slash. Without an @ further on,
                // this is the path, and the host before it is wrong.
                Err(reason) => {
                    first_fault.get_or_insert(reason);
                    if !has(path, b'@') {
                        break;
                    }
                }
            }
        }
        found.ok_or(bad(first_fault.unwrap_or(NO_HOST)))
    }

    /// Whether the host and the port may really be a user and the beginning of a
    /// password.
    fn may_be_credentials(&self, authority: &str) -> bool {
        let bare = !has(&self.host, b'.') && !has(&self.host, b':');
        self.user.is_none() && bare && has(authority, b':')
    }

    fn read(tls: bool, authority: &str, path: &str) -> Result<Url, &'static str> {
        let (credentials, place) = match text::cut_last(authority, b"@") {
            Some((credentials, place)) => (credentials, place),
            None => ("", authority),
        };
        let (host, port) = host_and_port(place, if tls { TLS_PORT } else { PORT })?;
        let (user, password) = split_credentials(credentials);
        Ok(Url {
            tls,
            user,
            password,
            host: host.to_owned(),
            port,
            path: encode(path),
        })
    }

    /// User and password, if there is a user.
    pub fn credentials(&self) -> Option<Credentials> {
        let user = self.user.clone()?;
        let password = self.password.clone().unwrap_or_default();
        Some(Credentials { user, password })
    }

    /// The URL to put into requests: no credentials, no default port.
    pub fn without_credentials(&self) -> String {
        let scheme = if self.tls { "rtsps://" } else { "rtsp://" };
        text::concat(&[scheme, &self.authority(), &self.path])
    }

    /// `host`, `host:port` or `[v6]:port`; the default port is left out.
    pub fn authority(&self) -> String {
        let mut authority = match has(&self.host, b':') {
            true => text::concat(&["[", &self.host, "]"]),
            false => self.host.clone(),
        };
        if self.port != if self.tls { TLS_PORT } else { PORT } {
            authority.push(':');
            authority.push_str(&text::decimal(self.port.into()));
        }
        authority
    }

    /// What a control means to servers that know themselves by another address, or want
    /// it before the query: an absolute control moves to our host, any other one is
    /// appended to our path.
    pub fn relocated(&self, control: &str) -> String {
        let mut url = self.clone();
        if let Some(control) = absolute(control, &self.without_credentials()) {
            url.path = split_path(&control).1.to_owned();
            return url.without_credentials();
        }
        let query = text::until(&url.path, b"?");
        let query = url.path.split_off(query);
        join(&url.without_credentials(), control) + &query
    }

    /// Resolves a reference (RFC 3986 §4.2): an absolute URL, a path from the root of our
    /// host, or, without a leading slash, a replacement for the last segment of our path.
    pub fn refer(&self, reference: &str) -> Option<Url> {
        let reference = reference.trim_ascii();
        if scheme(reference).1.is_some() {
            return Url::parse(reference).ok();
        }
        let path = reference.get(..text::until(reference, b"/?#"))?;
        if reference.is_empty() || reference.starts_with("//") || has(path, b':') {
            return None;
        }
        let ours = self.path.get(..text::until(&self.path, b"?"))?;
        let above = text::cut_last(ours, b"/").map_or("", |(above, _)| above);
        let path = match reference.starts_with('/') {
            true => encode(reference),
            false => text::concat(&[above, "/", &encode(reference)]),
        };
        let url = Url {
            path,
            user: None,
            password: None,
            ..self.clone()
        };
        Some(url)
    }

    /// Whether both are at the same host (any case) and port.
    pub fn same_place(&self, other: &Url) -> bool {
        self.tls == other.tls
            && self.port == other.port
            && self.host.eq_ignore_ascii_case(&other.host)
    }
}

/// Joins a `control` attribute to its base (RFC 2326 §C.1.1).
///
/// `*` and the empty control stand for the base, and an absolute URL for itself.
/// Everything else is appended with one slash between, even after a query: that is what
/// cameras expect, whatever RFC 1808 says. Only a control that repeats the whole path of
/// the base replaces that path.
pub fn join(base: &str, control: &str) -> String {
    let control = control.trim_ascii();
    if control.is_empty() || control == "*" {
        return base.to_owned();
    }
    if let Some(control) = absolute(control, base) {
        return control;
    }
    let (origin, path) = split_path(base);
    let whole_path = path.bytes().any(|byte| byte != b'/');
    let mut joined = match control.strip_prefix('/') {
        Some(_) if whole_path && control.starts_with(path) => origin.to_owned(),
        Some(_) => text::trim_end(base, b'/').to_owned(),
        None => base.to_owned(),
    };
    if !matches!(control.as_bytes(), [b'/' | b'?', ..]) && !joined.ends_with('/') {
        joined.push('/');
    }
    joined.push_str(&encode(control));
    joined
}

/// An absolute control or base in its proper form; `None` if it is relative. Cameras
/// write the scheme twice, or only its end, or leave it out before the host of `base`.
pub fn absolute(url: &str, base: &str) -> Option<String> {
    let (tls, rest) = scheme(url);
    let bare = || {
        let place = scheme(base).1?;
        let (own, after) = url.split_at_checked(text::until(place, b":/?"))?;
        let same = place.get(..own.len())?.eq_ignore_ascii_case(own);
        (same && matches!(after.as_bytes(), [b':' | b'/', ..])).then_some(url)
    };
    let rest = rest.or_else(|| url.strip_prefix("://")).or_else(bare)?;
    let scheme = if tls { "rtsps://" } else { "rtsp://" };
    Some(text::concat(&[scheme, &encode(rest)]))
}

/// Whether `url` is absolute and wants TLS.
#[cfg(feature = "gateway")]
pub fn is_tls(url: &str) -> bool {
    matches!(scheme(url), (true, Some(_)))
}

/// Whether the scheme is `rtsps:`, and what follows `://` if the scheme is `rtsp:` or
/// `rtsps:`. Of several schemes, the last one counts.
fn scheme(url: &str) -> (bool, Option<&str>) {
    let (mut tls, mut found) = (false, None);
    loop {
        let url = found.unwrap_or(url);
        let after = |prefix: &str| {
            let (start, rest) = url.split_at_checked(prefix.len())?;
            start.eq_ignore_ascii_case(prefix).then_some(rest)
        };
        let secure = after("rtsps://");
        let Some(rest) = secure.or_else(|| after("rtsp://")) else {
            return (tls, found);
        };
        (tls, found) = (secure.is_some(), Some(rest));
    }
}

/// Splits an absolute URL before its path.
fn split_path(url: &str) -> (&str, &str) {
    let after = scheme(url).1.unwrap_or(url);
    let authority = url.len() - after.len();
    let path = authority + text::until(after, b"/");
    url.split_at_checked(path).unwrap_or((url, ""))
}

const NO_HOST: &str = "the address has no usable host";

fn host_and_port(place: &str, default: u16) -> Result<(&str, u16), &'static str> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = text::cut(rest, b"]").ok_or(NO_HOST)?;
            let v6 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b':' | b'.' | b'%' | b'-');
            if !has(host, b':') || !host.bytes().all(v6) {
                return Err(NO_HOST);
            }
            let port = match after {
                "" => Some(""),
                after => after.strip_prefix(':'),
            };
            (host, port.ok_or(NO_HOST)?)
        }
        None => text::cut(place, b":").unwrap_or((place, "")),
    };
    let plain =
        |c: u8| c.is_ascii_alphanumeric() || !c.is_ascii() || matches!(c, b'.' | b'-' | b'_');
    if host.is_empty() || !(place.starts_with('[') || host.bytes().all(plain)) {
        return Err(NO_HOST);
    }
    if port.is_empty() {
        return Ok((host, default));
    }
    match text::small_number(port) {
        Some(port @ 1..) => Ok((host, port)),
        _ => Err("the address has no usable port"),
    }
}

fn has(text: &str, byte: u8) -> bool {
    text::has(text.as_bytes(), byte)
}

/// Whether a usable host is an IPv6 address, or consists of digits and dots.
fn is_numeric(host: &str) -> bool {
    let digits = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    has(host, b':') || has(host, b'.') && host.bytes().all(digits)
}

fn split_credentials(credentials: &str) -> (Option<String>, Option<String>) {
    match text::cut(credentials, b":") {
        Some((user, password)) => (Some(decode(user)), Some(decode(password))),
        None if credentials.is_empty() => (None, None),
        None => (Some(decode(credentials)), None),
    }
}

/// Decodes percent-encoding; a `%` without two digits stands for itself.
fn decode(coded: &str) -> String {
    let mut bytes = Vec::with_capacity(coded.len());
    let mut rest = coded;
    while let Some((before, after)) = text::cut(rest, b"%") {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.get(..2).filter(|code| !has(code, b' '));
        match code.and_then(text::hex).as_deref() {
            Some([byte]) => {
                bytes.push(*byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    super::message::text(&bytes).into_owned()
}

/// Percent-encodes the characters that would break a request line: spaces, control
/// characters and everything that is not ASCII.
fn encode(path: &str) -> String {
    let mut coded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'!'..=b'~' => text::push_ascii(&mut coded, byte),
            _ => {
                coded.push('%');
                coded.push_str(&text::to_hex(&[byte]).to_ascii_uppercase());
            }
        }
    }
    coded
}

#[cfg(test)]
mod tests;
