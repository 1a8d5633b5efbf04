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
    scheme: Option<Scheme>,
    /// Answers refused since the last one that was accepted.
    refused: u8,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.scheme {
            None => "Authenticator(unasked)",
            Some(Scheme::Basic) => "Authenticator(Basic)",
            Some(Scheme::Digest(_)) => "Authenticator(Digest)",
        })
    }
}

impl Authenticator {
    pub fn new(credentials: Credentials) -> Self {
        Authenticator {
            credentials,
            scheme: None,
            refused: 0,
        }
    }

    /// Takes the `WWW-Authenticate` values of a 401. True if the request is
    /// worth another try; false if the camera said no or nothing we know.
    pub fn challenge(&mut self, values: &[&str]) -> bool {
        let mut strongest: Option<Scheme> = None;
        for challenge in values.iter().flat_map(|value| challenges(value)) {
            // The first of equally strong ones.
            if let Some(scheme) = Scheme::from(challenge)
                && (strongest.as_ref()).is_none_or(|best| scheme.strength() > best.strength())
            {
                strongest = Some(scheme);
            }
        }
        let Some(mut scheme) = strongest else {
            return false;
        };
        // The count belongs to the nonce, however often that is sent.
        if let (Some(Scheme::Digest(old)), Scheme::Digest(new)) = (&mut self.scheme, &mut scheme)
            && old.nonce == new.nonce
        {
            new.count = old.count;
            new.session_cnonce = old.session_cnonce.take();
        }
        let first = self.refused == 0;
        let stale = scheme.is_stale() && self.refused < MAX_STALE;
        self.refused = self.refused.saturating_add(1);
        self.scheme = Some(scheme);
        first || stale
    }

    /// A camera hangs up unasked: from here on it gets Basic, unless it has
    /// asked before. False if that changes nothing.
    pub fn presume(&mut self) -> bool {
        let unasked = self.scheme.is_none();
        self.scheme.get_or_insert(Scheme::Basic);
        unasked
    }

    /// Whether each request needs an answer of its own.
    pub fn is_digest(&self) -> bool {
        matches!(self.scheme, Some(Scheme::Digest(_)))
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
        let Credentials { user, password } = &self.credentials;
        match self.scheme.as_mut()? {
            Scheme::Basic => {
                let plain = text::concat(&[user, ":", password]);
                Some(text::concat(&[
                    "Basic ",
                    &text::to_base64(plain.as_bytes()),
                ]))
            }
            Scheme::Digest(digest) => Some(digest.answer(&self.credentials, method, uri, cnonce)),
        }
    }
}

#[derive(Clone)]
enum Scheme {
    Basic,
    Digest(DigestChallenge),
}

impl Scheme {
    fn from(challenge: Challenge<'_>) -> Option<Scheme> {
        if challenge.scheme.eq_ignore_ascii_case("Basic") {
            return Some(Scheme::Basic);
        }
        let digest = challenge.scheme.eq_ignore_ascii_case("Digest");
        digest
            .then(|| DigestChallenge::from(&challenge))?
            .map(Scheme::Digest)
    }

    fn strength(&self) -> u8 {
        match self {
            Scheme::Digest(digest) if digest.strange => 0,
            Scheme::Basic => 1,
            Scheme::Digest(digest) if digest.sha256 => 3,
            Scheme::Digest(_) => 2,
        }
    }

    fn is_stale(&self) -> bool {
        matches!(self, Scheme::Digest(digest) if digest.stale)
    }
}

#[derive(Clone)]
struct DigestChallenge {
    sha256: bool,
    /// `-sess`: the first client nonce stays for as long as the server's.
    session: bool,
    /// As the camera wrote it, to be repeated; `None` if it did not.
    algorithm: Option<String>,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// Quality of protection `auth` (RFC 7616 §3.3), else none: as before RFC
    /// 2617. `strange`: it is another one, which other clients answer so, too.
    protected: bool,
    strange: bool,
    stale: bool,
    /// Requests answered with this nonce.
    count: u32,
    session_cnonce: Option<String>,
}

impl DigestChallenge {
    fn from(challenge: &Challenge<'_>) -> Option<DigestChallenge> {
        let algorithm = challenge.parameter("algorithm");
        let upper = algorithm.unwrap_or("MD5").to_ascii_uppercase();
        let session = upper.ends_with("-SESS");
        let sha256 = match upper.strip_suffix("-SESS").unwrap_or(&upper) {
            "MD5" | "" => false,
            "SHA-256" | "SHA256" => true,
            _ => return None,
        };
        let offered = challenge.parameter("qop").unwrap_or_default();
        let protected = text::split(offered, b", ").any(|one| one.eq_ignore_ascii_case("auth"));
        Some(DigestChallenge {
            sha256,
            session,
            algorithm: algorithm.map(str::to_owned),
            realm: challenge.parameter("realm").unwrap_or_default().to_owned(),
            nonce: challenge.parameter("nonce")?.to_owned(),
            opaque: challenge.parameter("opaque").map(str::to_owned),
            protected,
            strange: !protected && !offered.is_empty(),
            stale: (challenge.parameter("stale")).is_some_and(|s| s.eq_ignore_ascii_case("true")),
            count: 0,
            session_cnonce: None,
        })
    }

    fn answer(
        &mut self,
        credentials: &Credentials,
        method: &str,
        uri: &str,
        cnonce: &str,
    ) -> String {
        self.count = self.count.wrapping_add(1);
        let cnonce = match self.session {
            true => self
                .session_cnonce
                .get_or_insert_with(|| cnonce.to_owned())
                .clone(),
            false => cnonce.to_owned(),
        };
        let count = text::to_hex(&self.count.to_be_bytes());
        let response = self.response(credentials, method, uri, &cnonce, &count);

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
        quoted(&mut answer, "realm", &self.realm);
        quoted(&mut answer, "nonce", &self.nonce);
        quoted(&mut answer, "uri", uri);
        quoted(&mut answer, "response", &response);
        if let Some(algorithm) = &self.algorithm {
            bare(&mut answer, "algorithm", algorithm);
        }
        if self.protected {
            bare(&mut answer, "qop", "auth");
            bare(&mut answer, "nc", &count);
        }
        if self.protected || self.session {
            quoted(&mut answer, "cnonce", &cnonce);
        }
        if let Some(opaque) = &self.opaque {
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
        let mut secret = self.hash(&[&credentials.user, &self.realm, &credentials.password]);
        if self.session {
            secret = self.hash(&[&secret, &self.nonce, cnonce]);
        }
        let request = self.hash(&[method, uri]);
        match self.protected {
            false => self.hash(&[&secret, &self.nonce, &request]),
            true => self.hash(&[&secret, &self.nonce, count, cnonce, "auth", &request]),
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
