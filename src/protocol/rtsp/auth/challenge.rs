//! Splits `WWW-Authenticate` values (RFC 7235 §4.1) into challenges.
//!
//! One value may hold several challenges. A comma separates parameters, and also a
//! challenge from the next one; some cameras leave it out. So a token with `=` after it
//! is a parameter, and any other token is a new scheme.

use crate::rtsp::text;

/// Further parameters of a challenge are ignored.
const MAX_PARAMETERS: usize = 16;
/// Further challenges of a value are ignored.
const MAX_CHALLENGES: usize = 8;

/// A scheme with its parameters, borrowed from the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge<'a> {
    pub(super) scheme: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Challenge<'a> {
    /// The first parameter of this name (any case), without its quotes.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut found = self.parameters.iter();
        let (_, value) = found.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// The challenges of one header value.
pub(super) fn challenges(value: &str) -> Vec<Challenge<'_>> {
    let mut found: Vec<Challenge<'_>> = Vec::new();
    let mut rest = value;
    loop {
        while let [b',' | b' ' | b'\t', ..] = rest.as_bytes() {
            rest = rest.get(1..).unwrap_or_default();
        }
        let end = text::until(rest, b", \t=");
        let (token, after) = rest.split_at(end);
        if token.is_empty() && after.is_empty() {
            return found;
        }
        let Some(after_equals) = after.trim_ascii_start().strip_prefix('=') else {
            if found.len() == MAX_CHALLENGES {
                return found;
            }
            rest = after;
            // This is the rest of `qop=auth,auth-int`, written without quotes.
            if token.eq_ignore_ascii_case("auth-int") || token.eq_ignore_ascii_case("auth") {
                continue;
            }
            found.push(Challenge {
                scheme: token,
                parameters: Vec::new(),
            });
            continue;
        };
        let (parameter, next) = read_value(after_equals.trim_ascii_start());
        rest = next;
        if let Some(challenge) = found.last_mut() {
            if challenge.parameters.len() < MAX_PARAMETERS {
                challenge.parameters.push((token, parameter));
            }
        }
    }
}

/// Splits off a value: a token, or a quoted string without its quotes but with its escapes.
fn read_value(value: &str) -> (&str, &str) {
    let Some(quoted) = value.strip_prefix('"') else {
        return value.split_at(text::until(value, b", \t"));
    };
    let mut escaped = false;
    for (at, byte) in quoted.bytes().enumerate() {
        match byte {
            b'"' if !escaped => {
                let (value, rest) = quoted.split_at(at);
                return (value, rest.strip_prefix('"').unwrap_or(rest));
            }
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    (quoted, "")
}
