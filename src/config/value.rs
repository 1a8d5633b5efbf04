//! Reads the values of settings: addresses, sizes, durations, lists.
//!
//! Each function takes the text of a value, and returns the value or a sentence that
//! says what may be written instead.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

/// A list with more elements is refused.
pub const MAX_ELEMENTS: usize = 256;

const BAD_PORT: &str = "the port is not a number from 1 to 65535";

/// Reads the address of a listener: `0.0.0.0:8080`, `[::]:8080`, `localhost:8080`, or a
/// port alone for all IPv4 addresses. With port 0 the system chooses one.
///
/// # Errors
/// A sentence that says what may be written.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err(format!("the port is missing: write {text}:8080"));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let ip = match host.to_ascii_lowercase().as_str() {
        "" | "*" => Ipv4Addr::UNSPECIFIED.into(),
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        host => host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .map_err(|_| "this is no address: write 0.0.0.0:8080, [::]:8080 or 127.0.0.1:8080")?,
    };
    Ok(SocketAddr::new(ip, self::port(port)?))
}

/// Reads a port, 0 to 65535.
pub fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| BAD_PORT.to_owned())
}

/// Reads a number within a range.
pub fn count(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| range.contains(number));
    let (low, high) = range.into_inner();
    number.ok_or_else(|| format!("write a number from {low} to {high}"))
}

/// Reads a size in bytes within a range: `65536`, `32k`, `4M`, with or without `B`.
pub fn size(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    let (digits, unit) = split_unit(text);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(0),
        "k" | "kb" | "kib" => Some(10),
        "m" | "mb" | "mib" => Some(20),
        "g" | "gb" | "gib" => Some(30),
        _ => None,
    };
    let number: Option<usize> = digits.parse().ok();
    let bytes = shift.and_then(|shift: u32| number?.checked_mul(1_usize.checked_shl(shift)?));
    bytes.filter(|bytes| range.contains(bytes)).ok_or_else(|| {
        let (low, high) = (show_size(*range.start()), show_size(*range.end()));
        format!("write a size from {low} to {high}, such as 65536, 32k or 4M")
    })
}

/// Reads a duration within a range: `10s`, `500ms`, `2m`, `1h`, or plain seconds.
pub fn duration(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let (digits, unit) = split_unit(text);
    let milliseconds: Option<u64> = match unit.to_ascii_lowercase().as_str() {
        "ms" => Some(1),
        "" | "s" => Some(1000),
        "m" | "min" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let number: Option<u64> = digits.parse().ok();
    let duration =
        milliseconds.and_then(|unit| Some(Duration::from_millis(number?.checked_mul(unit)?)));
    duration
        .filter(|duration| range.contains(duration))
        .ok_or_else(|| {
            let (low, high) = (show_duration(*range.start()), show_duration(*range.end()));
            format!("write a time from {low} to {high}, such as 10s, 500ms or 2m")
        })
}

fn split_unit(text: &str) -> (&str, &str) {
    let is_digit = |c: char| c.is_ascii_digit();
    let end = text.find(|c| !is_digit(c)).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    (digits, unit.trim())
}

/// Reads a comma separated list; empty elements are left out.
pub fn list(text: &str) -> Result<Vec<String>, String> {
    let elements = text.split(',').map(str::trim);
    let elements: Vec<String> = elements
        .filter(|element| !element.is_empty())
        .map(str::to_owned)
        .collect();
    if elements.len() > MAX_ELEMENTS {
        return Err(format!("there are more than {MAX_ELEMENTS} elements"));
    }
    Ok(elements)
}

/// Reads `on` or `off`, or a synonym of either.
pub fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" | "1" => Ok(true),
        "off" | "no" | "false" | "0" => Ok(false),
        _ => Err("write on or off".into()),
    }
}

/// Checks a log filter: a level, or what env_logger takes, such as
/// `info,camgate=debug`.
pub fn log(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    for part in text.split(',').map(str::trim) {
        let level = part
            .rsplit_once('=')
            .map_or(part, |(_, level)| level.trim());
        if !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)) {
            return Err(format!("write one of {}", LEVELS.join(", ")));
        }
    }
    Ok(text.to_ascii_lowercase())
}

/// Writes a size as [`size`] reads it.
pub fn show_size(bytes: usize) -> String {
    for (shift, unit) in [(30, 'G'), (20, 'M'), (10, 'k')] {
        if bytes > 0 && bytes.trailing_zeros() >= shift {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    bytes.to_string()
}

/// Writes a duration as [`duration`] reads it.
pub fn show_duration(duration: Duration) -> String {
    match (duration.subsec_millis(), duration.as_secs()) {
        (0, seconds) if seconds >= 3600 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        (0, seconds) => format!("{seconds}s"),
        _ => format!("{}ms", duration.as_millis()),
    }
}
