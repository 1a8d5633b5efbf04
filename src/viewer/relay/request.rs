//! Requests of a viewer to the camera that it named, and whether they may be sent there.

use crate::protocol::rtsp::message::{self, Message, Start};
use crate::protocol::rtsp::url;
use crate::viewer::{NO_TLS, Refusal};

/// The methods of RFC 2326 §10 that go from a client to a server.
const METHODS: [&str; 10] = [
    "OPTIONS",
    "DESCRIBE",
    "ANNOUNCE",
    "SETUP",
    "PLAY",
    "PAUSE",
    "TEARDOWN",
    "GET_PARAMETER",
    "SET_PARAMETER",
    "RECORD",
];

/// A request for the camera.
pub struct CameraRequest<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    pub cseq: u32,
    pub message: Message<'a>,
}

impl<'a> CameraRequest<'a> {
    /// Reads the payload of a WRAP, which is to be one request that may go to a camera.
    ///
    /// # Errors
    /// The payload is no such request, or more than one.
    pub fn read(payload: &'a str) -> Result<CameraRequest<'a>, Refusal> {
        let bytes = payload.as_bytes();
        let (message, length) = message::parse(bytes).map_err(|_| not_rtsp())?;
        let Start::Request { method, uri } = message.start else {
            return Err(not_rtsp());
        };
        if !METHODS.contains(&method) || !is_rtsp_uri(uri) {
            return Err(not_rtsp());
        }
        // A viewer that asks for a stream by this scheme wants it encrypted. Later requests
        // use the URLs by which the camera names its tracks, whatever their scheme.
        if method == "DESCRIBE" && url::is_tls(uri) {
            return Err(Refusal::new(400, NO_TLS));
        }
        if bytes.len() != length {
            let reason = "the payload is more than one RTSP request";
            return Err(Refusal::new(400, reason));
        }
        let Some(cseq) = message.cseq() else {
            return Err(Refusal::new(400, "the RTSP request has no CSeq"));
        };
        Ok(CameraRequest {
            method,
            uri,
            cseq,
            message,
        })
    }

    /// The alternatives of all Transport headers of a SETUP.
    pub fn transports(&self) -> String {
        let all = self.message.all();
        let all = all.filter(|(name, _)| name.eq_ignore_ascii_case("Transport"));
        all.map(|(_, value)| value).collect::<Vec<_>>().join(",")
    }
}

/// Refuses a payload that is no RTSP request.
pub fn not_rtsp() -> Refusal {
    Refusal::new(400, "the payload is not an RTSP request")
}

/// Whether a text is a URI for RTSP: `*`, or an absolute URI with one of its schemes.
pub fn is_rtsp_uri(uri: &str) -> bool {
    let scheme = uri.split_once("://").map_or("", |(scheme, _)| scheme);
    let known = ["rtsp", "rtsps", "rtspu"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    let clean = |c: char| !c.is_whitespace() && !c.is_control();
    uri == "*" || (known && uri.chars().all(clean))
}
