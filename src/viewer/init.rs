//! INIT: which camera a viewer wants.

use crate::protocol::wsp;

use super::relay::Relay;
use super::server::{Carrier, RtspServer};
use super::{GATEWAY, NO_TLS, Output, Phase, Refusal, Session, non_empty};

/// The tunnel client under whose name pages find the gateway's own cameras.
pub const CAMERAS: &str = "cameras";

/// The number of characters of a viewer's text that an answer repeats.
const MAX_SHOWN: usize = 64;

/// The port of RTSP (RFC 2326 §3.2).
const RTSP_PORT: u16 = 554;

/// Where the requests of a session are to go.
enum Destination {
    /// To the gateway's own cameras.
    Own,
    /// To the camera at this host and port.
    Camera { host: String, port: u16 },
}

/// Refuses an INIT that cannot be understood, and ends the session.
fn malformed(reason: &'static str) -> Refusal {
    Refusal::new(400, reason).closing(1002)
}

impl Session {
    pub(super) fn init(&mut self, request: &wsp::Request<'_>) {
        let seq = request.seq();
        if !matches!(self.phase, Phase::Idle) {
            let refusal = Refusal::new(405, "this socket has its channel already");
            return self.refuse(&refusal, seq);
        }
        match destination(request) {
            Ok(Destination::Own) => {
                self.await_answer(seq);
                self.outputs.push_back(Output::Serve);
            }
            Ok(Destination::Camera { host, port }) => {
                self.await_answer(seq);
                self.outputs.push_back(Output::Connect { host, port });
            }
            Err(refusal) => {
                self.phase = Phase::Closed;
                self.refuse(&refusal, seq);
            }
        }
    }

    fn await_answer(&mut self, seq: Option<&str>) {
        let seq = seq.unwrap_or("").to_owned();
        self.phase = Phase::Connecting { seq };
    }

    /// The viewer may watch the gateway's own cameras.
    pub fn admitted(&mut self) {
        let server = RtspServer::new(self.id.clone(), Carrier::Wsp);
        self.opened(Phase::Serving(server));
    }

    /// The camera's link stands.
    pub fn camera_connected(&mut self) {
        self.opened(Phase::Relaying(Relay::default()));
    }

    fn opened(&mut self, phase: Phase) {
        if let Phase::Connecting { seq } = &self.phase {
            let seq = seq.clone();
            self.phase = phase;
            let id = self.id.clone();
            self.reply(200, "OK", non_empty(&seq), &[("channel", &id)], "");
        }
    }
}

/// The destination that an INIT asks for.
fn destination(request: &wsp::Request<'_>) -> Result<Destination, Refusal> {
    let host = request.header("host").unwrap_or("");
    let own = host.eq_ignore_ascii_case(GATEWAY);
    let is_own = |client: &&str| own && client.eq_ignore_ascii_case(CAMERAS);
    let client = request.header("client").filter(|client| !client.is_empty());
    if let Some(client) = client.filter(|client| !is_own(client)) {
        let shown: String = client.chars().take(MAX_SHOWN).collect();
        let reason = format!("no tunnel client {shown:?} is connected");
        return Err(Refusal::new(404, reason).closing(1011));
    }
    match request.header("proto") {
        None | Some("rtsp") => {}
        Some(proto) if proto.eq_ignore_ascii_case("rtsps") => {
            // To connect again would not help.
            return Err(malformed(NO_TLS).closing(4003));
        }
        Some(_) => return Err(malformed("the only proto is rtsp")),
    }
    if own {
        return Ok(Destination::Own);
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if !is_host(host) {
        return Err(malformed("INIT names no host"));
    }
    let port = port(request.header("port").unwrap_or(""))?;
    let host = host.to_owned();
    Ok(Destination::Camera { host, port })
}

fn port(digits: &str) -> Result<u16, Refusal> {
    match digits.parse() {
        _ if digits.is_empty() => Ok(RTSP_PORT),
        Ok(port) if port != 0 => Ok(port),
        _ => Err(malformed("the port is not a number from 1 to 65535")),
    }
}

/// Whether a text is a host name (RFC 1123 §2.1, with the `_` that people use all the
/// same) or an address without brackets.
fn is_host(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    !text.is_empty() && text.len() <= 253 && text.chars().all(allowed)
}
