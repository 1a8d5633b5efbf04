//! INIT: which camera a viewer wants.

use crate::wsp;

use super::{GATEWAY, NO_TLS};

/// The tunnel client under whose name pages find the gateway's own cameras.
pub const CAMERAS: &str = "cameras";

/// Characters of a name of the viewer's making that are repeated to it.
const MAX_SHOWN: usize = 64;

/// The port of RTSP (RFC 2326 §3.2).
const RTSP_PORT: u16 = 554;

/// Where the requests of a channel go.
pub enum Destination {
    /// To the gateway's own cameras.
    Own,
    Camera {
        host: String,
        port: u16,
    },
}

/// Why an INIT goes nowhere: a status of WSP, words, and a close code.
pub struct Refusal {
    pub code: u16,
    pub reason: String,
    pub close: u16,
}

impl Refusal {
    fn malformed(reason: &str) -> Refusal {
        Refusal {
            code: 400,
            reason: reason.to_owned(),
            close: 1002,
        }
    }
}

/// What an INIT asks for.
pub fn destination(request: &wsp::Request<'_>) -> Result<Destination, Refusal> {
    let host = request.header("host").unwrap_or("");
    let own = host.eq_ignore_ascii_case(GATEWAY);
    let ours = |client: &&str| own && client.eq_ignore_ascii_case(CAMERAS);
    let client = request.header("client").filter(|client| !client.is_empty());
    if let Some(client) = client.filter(|client| !ours(client)) {
        let shown: String = client.chars().take(MAX_SHOWN).collect();
        return Err(Refusal {
            code: 404,
            reason: format!("no tunnel client {shown:?} is connected"),
            close: 1011,
        });
    }
    match request.header("proto") {
        None | Some("rtsp") => {}
        Some(proto) if proto.eq_ignore_ascii_case("rtsps") => {
            return Err(Refusal {
                close: 4003, // it will not help to come back
                ..Refusal::malformed(NO_TLS)
            });
        }
        Some(_) => return Err(Refusal::malformed("the only proto is rtsp")),
    }
    if own {
        return Ok(Destination::Own);
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if !is_host(host) {
        return Err(Refusal::malformed("INIT names no host"));
    }
    let port = port(request.header("port").unwrap_or(""))?;
    let host = host.to_owned();
    Ok(Destination::Camera { host, port })
}

fn port(digits: &str) -> Result<u16, Refusal> {
    match digits.parse() {
        _ if digits.is_empty() => Ok(RTSP_PORT),
        Ok(port) if port != 0 => Ok(port),
        _ => Err(Refusal::malformed(
            "the port is not a number from 1 to 65535",
        )),
    }
}

/// A host name or an address without brackets (RFC 1123 §2.1, and the `_` that
/// people use all the same).
fn is_host(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    !text.is_empty() && text.len() <= 253 && text.chars().all(allowed)
}
