//! The header lines of a request, looked up by name (RFC 9110 section 5).
//!
//! Invariant: if a header that is allowed once occurs twice, that is an error, and never
//! a choice between the two values.

use super::{Reject, reject};

/// The header lines of a request; names compare without regard to case.
pub(super) struct Headers<'a>(&'a [httparse::Header<'a>]);

impl<'a> Headers<'a> {
    pub fn new(lines: &'a [httparse::Header<'a>]) -> Self {
        Self(lines)
    }

    /// The values of all headers with this name, in order. Bytes outside ASCII are
    /// replaced, because none of the headers read here may contain them.
    pub fn all(&self, name: &'static str) -> impl Iterator<Item = String> + use<'a> {
        self.0
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| String::from_utf8_lossy(header.value).trim().to_owned())
    }

    /// The value of a header that is allowed once.
    pub fn single(&self, name: &'static str) -> Result<Option<String>, Reject> {
        let mut values = self.all(name);
        let value = values.next();
        match values.next() {
            Some(_) => Err(reject(400, format!("the header {name} stands there twice"))),
            None => Ok(value),
        }
    }

    pub fn joined(&self, name: &'static str) -> Option<String> {
        let values: Vec<String> = self.all(name).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The elements of a comma separated list, which may span several headers (RFC 9110
    /// section 5.6.1). Empty elements are left out.
    pub fn list(&self, name: &'static str) -> Vec<String> {
        let joined = self.joined(name).unwrap_or_default();
        let elements = joined.split(',').map(str::trim);
        elements
            .filter(|e| !e.is_empty())
            .map(str::to_owned)
            .collect()
    }

    pub fn list_contains(&self, name: &'static str, token: &str) -> bool {
        self.list(name)
            .iter()
            .any(|e| e.eq_ignore_ascii_case(token))
    }

    /// `gzip`, or else `*`, with a weight other than zero.
    pub fn accepts_gzip(&self) -> bool {
        let codings = self.list("accept-encoding");
        let weight = |name: &str| {
            codings.iter().find_map(|coding| {
                let (coding, parameters) = coding.split_once(';').unwrap_or((coding, ""));
                let wanted = coding.trim().eq_ignore_ascii_case(name);
                wanted.then(|| !is_weight_zero(parameters))
            })
        };
        weight("gzip").or_else(|| weight("*")).unwrap_or(false)
    }
}

fn is_weight_zero(parameters: &str) -> bool {
    let value = parameters.trim().strip_prefix(['q', 'Q']);
    let value = value.and_then(|rest| rest.trim_start().strip_prefix('='));
    // RFC 9110 section 12.4.2: `0`, `0.`, `0.0` to `0.000`. Parsing floating
    // point would add 13 KB of tables to the program.
    value.is_some_and(|weight| {
        let weight = weight.trim();
        weight.starts_with('0') && weight.chars().all(|c| matches!(c, '0' | '.'))
    })
}
