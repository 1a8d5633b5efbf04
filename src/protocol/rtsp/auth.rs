//! Answers to `WWW-Authenticate`: Digest (RFC 7616, RFC 2617) and Basic
//! (RFC 7617).
//!
//! Of several challenges, the strongest one that we support is answered: Digest with
//! SHA-256, then with MD5, then Basic, then Digest with an unknown quality of
//! protection. No credentials are sent before a camera asks for them, except to one
//! that hangs up instead of asking ([`Authenticator::presume`]).
//!
//! Invariant: a refused answer is not repeated, because cameras lock accounts. Only a
//! nonce that went stale, or an answer that was accepted before, is worth another try.

use super::text;

/// After this many consecutive answers that a camera calls stale, it has refused us.
const MAX_STALE: u8 = 3;

/// A user name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Remembers a camera's challenge and answers it, request by request.
#[derive(Clone)]
pub struct Authenticator {
    credentials: Credentials,
    /// The camera's challenges, joined by commas; empty until it has asked.
    challenge: String,
    /// How many requests used its nonce.
    count: u32,
    /// The client nonce, which a `-sess` algorithm keeps for as long as the server's.
    cnonce: Option<String>,
    /// How many answers were refused since one was accepted.
    refused: u8,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator(…)")
    }
}

impl Authenticator {
    pub fn new(credentials: Credentials) -> Self {
        Authenticator {
            credentials,
            challenge: String::new(),
            count: 0,
            cnonce: None,
            refused: 0,
        }
    }

    /// Takes the `WWW-Authenticate` values of a 401. True if the request is worth
    /// another try; false if the camera refused us, or asks for no scheme that we know.
    pub fn challenge(&mut self, values: &[&str]) -> bool {
        let challenge = text::join(values, ", ");
        let Some(login) = strongest(&challenge) else {
            return false;
        };
        // The count belongs to the nonce, however often that is sent.
        if strongest(&self.challenge).is_none_or(|old| old.nonce != login.nonce) {
            (self.count, self.cnonce) = (0, None);
        }
        let first = self.refused == 0;
        let stale = login.stale && self.refused < MAX_STALE;
        self.refused = self.refused.saturating_add(1);
        self.challenge = challenge;
        first || stale
    }

    /// Sends Basic from here on, to a camera that hangs up instead of asking. False if
    /// the camera has asked before; then nothing changes.
    pub fn presume(&mut self) -> bool {
        let unasked = self.challenge.is_empty();
        if unasked {
            self.challenge.push_str(BASIC);
        }
        unasked
    }

    /// Whether the scheme is Digest, so that each request needs an answer of its own.
    pub fn is_digest(&self) -> bool {
        strongest(&self.challenge).is_some_and(|login| login.strength != Strength::Basic)
    }

    /// Notes that the camera accepted our last answer.
    pub fn accepted(&mut self) {
        self.refused = 0;
    }

    /// The `Authorization` header of a request; `None` until the camera has asked.
    ///
    /// `cnonce` must be fresh and unguessable. It is written without escapes, so it must
    /// consist of letters and digits.
    pub fn authorize(&mut self, method: &str, uri: &str, cnonce: &str) -> Option<String> {
        let login = strongest(&self.challenge)?;
        let Credentials { user, password } = &self.credentials;
        if login.strength == Strength::Basic {
            let plain = text::concat(&[user, ":", password]);
            let coded = text::to_base64(plain.as_bytes());
            return Some(text::concat(&[BASIC, " ", &coded]));
        }
        self.count = self.count.wrapping_add(1);
        let count = text::to_hex(&self.count.to_be_bytes());
        let cnonce = match login.session {
            true => self.cnonce.get_or_insert_with(|| cnonce.to_owned()),
            false => cnonce,
        };
        Some(login.answer(&self.credentials, method, uri, cnonce, &count))
    }
}

const BASIC: &str = "Basic";

/// How well a login protects the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// Digest with a quality of protection that we do not know.
    Strange,
    Basic,
    Md5,
    Sha256,
}

/// The strongest login that we support; the first one of equally strong ones.
fn strongest(challenge: &str) -> Option<Login<'_>> {
    let mut strongest: Option<Login> = None;
    for login in challenges(challenge).iter().filter_map(Login::from) {
        if (strongest.as_ref()).is_none_or(|best| login.strength > best.strength) {
            strongest = Some(login);
        }
    }
    strongest
}

/// What one challenge asks for.
#[derive(Debug)]
struct Login<'a> {
    strength: Strength,
    sha256: bool,
    /// The algorithm is `-sess`.
    session: bool,
    /// As the camera wrote it, because the answer repeats it.
    algorithm: Option<&'a str>,
    realm: &'a str,
    nonce: &'a str,
    opaque: Option<&'a str>,
    /// Whether the quality of protection is `auth` (RFC 7616 §3.3). Without it we answer
    /// as before RFC 2617, which is what other clients do about unknown qualities.
    protected: bool,
    stale: bool,
}

impl<'a> Login<'a> {
    fn from(challenge: &Challenge<'a>) -> Option<Login<'a>> {
        let value = |name| challenge.parameter(name);
        let offered = value("qop").unwrap_or_default();
        let protected = text::split(offered, b", ").any(|one| one.eq_ignore_ascii_case("auth"));
        let basic = challenge.scheme.eq_ignore_ascii_case(BASIC);
        let algorithm = value("algorithm");
        let upper = algorithm.unwrap_or_default().to_ascii_uppercase();
        let bare = upper.strip_suffix("-SESS").unwrap_or(&upper);
        let sha256 = matches!(bare, "SHA-256" | "SHA256");
        let strength = match sha256 {
            _ if basic => Strength::Basic,
            _ if !challenge.scheme.eq_ignore_ascii_case("Digest") => return None,
            false if !matches!(bare, "" | "MD5") => return None,
            _ if !protected && !offered.is_empty() => Strength::Strange,
            true => Strength::Sha256,
            false => Strength::Md5,
        };
        Some(Login {
            strength,
            sha256,
            session: bare.len() < upper.len(),
            algorithm,
            realm: value("realm").unwrap_or_default(),
            nonce: value("nonce").or(basic.then_some(""))?,
            opaque: value("opaque"),
            protected,
            stale: value("stale").is_some_and(|it| it.eq_ignore_ascii_case("true")),
        })
    }

    fn answer(
        &self,
        credentials: &Credentials,
        method: &str,
        uri: &str,
        cnonce: &str,
        count: &str,
    ) -> String {
        let response = self.response(credentials, method, uri, cnonce, count);
        let mut answer = "Digest username=\"".to_owned();
        let mut user = Vec::new();
        for byte in credentials.user.bytes() {
            if matches!(byte, b'"' | b'\\') {
                user.push(b'\\');
            }
            user.push(byte);
        }
        answer.push_str(text::utf8(&user).unwrap_or_default());
        answer.push('"');
        quoted(&mut answer, "realm", self.realm);
        quoted(&mut answer, "nonce", self.nonce);
        quoted(&mut answer, "uri", uri);
        quoted(&mut answer, "response", &response);
        if let Some(algorithm) = self.algorithm {
            bare(&mut answer, "algorithm", algorithm);
        }
        if self.protected {
            bare(&mut answer, "qop", "auth");
            bare(&mut answer, "nc", count);
        }
        if self.protected || self.session {
            quoted(&mut answer, "cnonce", cnonce);
        }
        if let Some(opaque) = self.opaque {
            quoted(&mut answer, "opaque", opaque);
        }
        answer
    }

    /// The `response` parameter (RFC 7616 §3.4.1 to §3.4.3).
    fn response(
        &self,
        credentials: &Credentials,
        method: &str,
        uri: &str,
        cnonce: &str,
        count: &str,
    ) -> String {
        let mut secret = self.hash(&[&credentials.user, self.realm, &credentials.password]);
        if self.session {
            secret = self.hash(&[&secret, self.nonce, cnonce]);
        }
        let request = self.hash(&[method, uri]);
        match self.protected {
            false => self.hash(&[&secret, self.nonce, &request]),
            true => self.hash(&[&secret, self.nonce, count, cnonce, "auth", &request]),
        }
    }

    /// The hash of the parts, joined by colons, in hexadecimal.
    fn hash(&self, parts: &[&str]) -> String {
        hash::hash(text::join(parts, ":"), self.sha256)
    }
}

/// Appends `, name="value"`. The value is written as the camera quoted it, with escapes.
fn quoted(answer: &mut String, name: &str, value: &str) {
    for part in [", ", name, "=\"", value, "\""] {
        answer.push_str(part);
    }
}

fn bare(answer: &mut String, name: &str, value: &str) {
    for part in [", ", name, "=", value] {
        answer.push_str(part);
    }
}

mod challenge;
mod hash;

use challenge::{Challenge, challenges};

#[cfg(test)]
mod tests;
