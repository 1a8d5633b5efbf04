//! Answers to `WWW-Authenticate`: Digest (RFC 7616, RFC 2617) and Basic
//! (RFC 7617).
//!
//! Of several challenges the strongest that we know is answered: Digest with
//! SHA-256, then with MD5, then Basic, then Digest of a strange quality. Nothing
//! is sent before a camera asks, except to one that hangs up instead
//! ([`Authenticator::presume`]). A refused answer is not repeated (cameras lock accounts): only a nonce that
//! went stale, or one that had worked before, is worth another try.

use super::text;

/// Answers in a row that a camera may call stale before we take it for a no.
const MAX_STALE: u8 = 3;

/// Who we are to a camera.
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
    /// All that the camera asked for; empty: it has not asked.
    challenge: String,
    /// Requests answered with its nonce.
    count: u32,
    /// The client nonce that stays for as long as the server's (`-sess`).
    cnonce: Option<String>,
    /// Answers refused since the last one that was accepted.
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

    /// Takes the `WWW-Authenticate` values of a 401. True if the request is
    /// worth another try; false if the camera said no or nothing we know.
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

    /// A camera hangs up unasked: from here on it gets Basic, unless it has
    /// asked before. False if that changes nothing.
    pub fn presume(&mut self) -> bool {
        let unasked = self.challenge.is_empty();
        if unasked {
            self.challenge.push_str(BASIC);
        }
        unasked
    }

    /// Whether each request needs an answer of its own.
    pub fn is_digest(&self) -> bool {
        strongest(&self.challenge).is_some_and(|login| login.strength != Strength::Basic)
    }

    /// Notes that the camera took our last answer.
    pub fn accepted(&mut self) {
        self.refused = 0;
    }

    /// The `Authorization` for a request, `None` until a camera asked.
    ///
    /// `cnonce` must be fresh and unguessable; it is put in as it is, so it may
    /// only have letters and digits.
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

/// How well a login hides the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// Digest of a quality of protection that we do not know.
    Strange,
    Basic,
    Md5,
    Sha256,
}

/// The strongest of the logins that we know; the first of equally strong ones.
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
    /// As the camera wrote it, to be repeated.
    algorithm: Option<&'a str>,
    realm: &'a str,
    nonce: &'a str,
    opaque: Option<&'a str>,
    /// Quality of protection `auth` (RFC 7616 §3.3), else none: as before RFC
    /// 2617. That is how other clients answer qualities that they do not know.
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

    /// RFC 7616 §3.4.1 to §3.4.3.
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

    /// The hash of the parts with colons between, in hexadecimal.
    fn hash(&self, parts: &[&str]) -> String {
        hash::hash(text::join(parts, ":"), self.sha256)
    }
}

/// `, name="value"`; the value is as the camera quoted it, escapes included.
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
