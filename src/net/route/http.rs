//! Connections that have not said yet what they are for: they ask for a page, an
//! endpoint, or a WebSocket.

use std::rc::Rc;

use crate::http::{self, Protocol, Reject, Request, Upgrade};
use crate::net::io::connection::{ReadOutcome, Role, WebSocket};
use crate::net::io::key::Key;
use crate::net::io::outbox::Piece;
use crate::net::server::{Server, random_id};
use crate::net::viewer::Viewer;
use crate::net::web::{Endpoint, Response};
use crate::viewer::Session;

/// The longest message that a control or data socket may send, in bytes.
const MAX_WSP: usize = 16 * 1024;

impl Server {
    /// Reads a request's head and answers it.
    pub(super) fn serve_http(&mut self, key: Key) {
        match self.read_head(key) {
            Ok(None) => {}
            Ok(Some((request, rest))) => self.answer(key, request, rest),
            Err(Some(reject)) => self.reject(key, &reject),
            Err(None) => self.io.close_now(key),
        }
    }

    /// The request and the bytes behind it. `Ok(None)`: the head is partial.
    /// `Err(None)`: the peer has closed.
    fn read_head(&mut self, key: Key) -> Result<Option<(Request, Vec<u8>)>, Option<Reject>> {
        loop {
            let Some((connection, scratch)) = self.io.with_scratch(key) else {
                return Ok(None);
            };
            let taken = connection.read(scratch).map_err(|_| None)?;
            let Role::Http { head } = &mut connection.role else {
                return Ok(None);
            };
            match taken {
                ReadOutcome::NothingYet => return Ok(None),
                ReadOutcome::Closed => return Err(None),
                ReadOutcome::Bytes(count) => head.extend_from_slice(&scratch[..count]),
            }
            if let Some((request, length)) = http::parse(head).map_err(Some)? {
                return Ok(Some((request, head.split_off(length))));
            }
        }
    }

    fn answer(&mut self, key: Key, request: Request, rest: Vec<u8>) {
        let is_socket = matches!(request.path.as_str(), "/ws/" | "/ws");
        if let Err(reason) = self.web.check(&request, is_socket) {
            return self.refuse(key, 403, reason);
        }
        match &request.upgrade {
            Some(upgrade) if is_socket => self.upgrade(key, &request, upgrade, rest),
            Some(_) => self.refuse(key, 404, "WebSockets are opened at /ws/".to_owned()),
            None if is_socket => {
                let message = "this is the place for WebSockets".to_owned();
                let status = 426;
                self.reject(key, &Reject { status, message });
            }
            None => {
                let response = self.response(&request);
                self.respond(key, response);
            }
        }
    }

    fn response(&mut self, request: &Request) -> Response {
        let Some(endpoint) = Endpoint::of(&request.path) else {
            return self.web.page(request);
        };
        let body = match endpoint {
            Endpoint::Health => "ok\n".to_owned(),
            Endpoint::Metrics => self.metrics(),
            Endpoint::Cameras => self.cameras_json(),
        };
        self.web.endpoint(request, endpoint, body)
    }

    fn refuse(&mut self, key: Key, status: u16, message: String) {
        if let Some(connection) = self.io.get(key) {
            log::info!("[c{}] {status} {message}", connection.id);
        }
        self.reject(key, &Reject { status, message });
    }

    fn reject(&mut self, key: Key, reject: &Reject) {
        let (head, body) = (reject.to_bytes(), Piece::Static(&[]));
        self.respond(key, Response { head, body });
    }

    fn respond(&mut self, key: Key, response: Response) {
        if let Some(connection) = self.io.get_mut(key) {
            connection.stream.limit_send_buffer();
            connection.out.push(response.head);
            connection.out.push(response.body);
            self.io.close(key);
        }
    }

    fn upgrade(&mut self, key: Key, request: &Request, upgrade: &Upgrade, rest: Vec<u8>) {
        let Some((protocol, name)) = http::select(&upgrade.protocols) else {
            let known = http::PROTOCOLS;
            let message = format!("no subprotocol that is known here; known are {known}");
            return self.refuse(key, 400, message);
        };
        let viewer = match protocol {
            Protocol::Data => None,
            _ => match self.add_viewer(key, request, protocol) {
                Some(viewer) => Some(viewer),
                None => return self.refuse(key, 503, "too many viewers".to_owned()),
            },
        };
        let now = self.io.now;
        let Some(connection) = self.io.get_mut(key) else {
            return;
        };
        connection.out.push(http::switching(&upgrade.key, name));
        let socket = WebSocket::new(MAX_WSP, now);
        connection.role = match (protocol, viewer) {
            (Protocol::Control, Some(viewer)) => {
                connection.stream.limit_send_buffer();
                Role::Control { viewer, socket }
            }
            _ => Role::Data { viewer, socket },
        };
        log::debug!(
            "[c{}] {name} socket from {}",
            connection.id,
            connection.peer
        );
        self.websocket_opened(key, rest);
    }

    fn add_viewer(&mut self, key: Key, request: &Request, protocol: Protocol) -> Option<Key> {
        let id = random_id()?;
        if protocol == Protocol::Rtsp {
            return self.add_rtsp_viewer(key, id, crate::net::media::delivery::Framing::Batches);
        }
        let page = page_host(request.origin.as_deref().unwrap_or(&request.host));
        let patience = self.io.limits.handshake;
        let session = Session::new(id, page, Rc::clone(&self.camera_list), patience);
        let number = self.io.get(key)?.id;
        let viewer = Viewer::wsp(session, key, number, self.io.now + patience);
        self.viewers.add(viewer)
    }
}

/// The host name without scheme and port in an Origin or Host header.
fn page_host(origin: &str) -> &str {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or(literal),
        None => host.split(':').next().unwrap_or(host),
    }
}
