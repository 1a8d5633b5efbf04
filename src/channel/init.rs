//! INIT: which camera a viewer wants.

use crate::camera::Service;
use crate::protocol::wsp;

use super::forward::Link;
use super::{Channel, GATEWAY, NO_TLS, Output, State, some};

/// The tunnel client under whose name pages find the gateway's own cameras.
pub const CAMERAS: &str = "cameras";

/// Characters of a name of the viewer's making that are repeated to it.
const MAX_SHOWN: usize = 64;

/// The port of RTSP (RFC 2326 §3.2).
const RTSP_PORT: u16 = 554;

/// Where the requests of a channel go.
enum Destination {
    /// To the gateway's own cameras.
    Own,
    Camera {
        host: String,
        port: u16,
    },
}

/// Why an INIT goes nowhere: a status of WSP, words, and a close code.
struct Refusal {
    code: u16,
    reason: String,
    close: u16,
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

impl Channel {
    pub(super) fn init(&mut self, request: &wsp::Request<'_>) {
        let seq = request.seq();
        if !matches!(self.state, State::Idle) {
            return self.reply(405, "this socket has its channel already", seq, &[], "");
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
                self.reply(refusal.code, &refusal.reason, seq, &[], "");
                self.state = State::Closed;
                self.close(refusal.close, &refusal.reason);
            }
        }
    }

    fn await_answer(&mut self, seq: Option<&str>) {
        let seq = seq.unwrap_or("").to_owned();
        self.state = State::Connecting { seq };
    }

    /// The viewer may watch the gateway's own cameras.
    pub fn admitted(&mut self) {
        self.opened(State::Serving(Service::new(self.id.clone())));
    }

    /// The camera's link stands.
    pub fn camera_connected(&mut self) {
        self.opened(State::Open(Link::default()));
    }

    fn opened(&mut self, state: State) {
        if let State::Connecting { seq } = &self.state {
            let seq = seq.clone();
            self.state = state;
            let id = self.id.clone();
            self.reply(200, "OK", some(&seq), &[("channel", &id)], "");
        }
    }
}

/// What an INIT asks for.
fn destination(request: &wsp::Request<'_>) -> Result<Destination, Refusal> {
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
