//! HTTP on the gateway's port: pages, the player, the API; or the way into a
//! WebSocket.

use std::rc::Rc;

use crate::assets;
use crate::http::{self, Head, Protocol, Reject, Request, Upgrade};
use crate::viewer::Session;

use super::connection::{Connection, Role, Taken, WebSocket};
use super::key::Key;
use super::outbox::Piece;
use super::server::Server;
use super::viewer::Viewer;

/// The longest message that a control or data socket may send, in bytes.
const MAX_WSP: usize = 16 * 1024;

/// What the gateway's own pages may do: load from it alone, open WebSockets
/// anywhere (a page may name another gateway), run wasm, play what they made; who
/// may frame them is said behind it.
const PAGE_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
     connect-src *; media-src 'self' blob:; img-src 'self' data: blob:; \
     object-src 'none'; base-uri 'none'; form-action 'self'; ";

/// No body.
const NOTHING: Piece = Piece::Static(&[]);

struct Response {
    head: Vec<u8>,
    body: Piece,
}

impl Server {
    /// Reads a request head and answers it.
    pub(super) fn serve_http(&mut self, key: Key) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let outcome = self.read_head(key, &mut scratch);
        self.scratch = scratch;
        match outcome {
            Ok(None) => {}
            Ok(Some((request, rest))) => self.answer(key, request, rest),
            Err(Some(reject)) => self.respond(key, reject.to_bytes(), NOTHING),
            Err(None) => self.drop_connection(key),
        }
    }

    /// The request and the bytes behind it, when it is all there. `Err(None)`:
    /// the peer is gone.
    fn read_head(
        &mut self,
        key: Key,
        scratch: &mut [u8],
    ) -> Result<Option<(Request, Vec<u8>)>, Option<Reject>> {
        loop {
            let Some(connection) = self.connections.get_mut(key) else {
                return Ok(None);
            };
            let taken = connection.read(scratch).map_err(|_| None)?;
            let Role::Http { head } = &mut connection.role else {
                return Ok(None);
            };
            match taken {
                Taken::Nothing => return Ok(None),
                Taken::End => return Err(None),
                Taken::Bytes(count) => head.extend_from_slice(&scratch[..count]),
            }
            if let Some((request, length)) = http::parse(head).map_err(Some)? {
                return Ok(Some((request, head.split_off(length))));
            }
        }
    }

    fn answer(&mut self, key: Key, request: Request, rest: Vec<u8>) {
        if let Err(reason) = self.policy.host(&request.host) {
            return self.refuse(key, 403, reason);
        }
        let is_socket = matches!(request.path.as_str(), "/ws/" | "/ws");
        if let (true, Err(reason)) = (
            is_socket,
            self.policy.origin(request.origin.as_deref(), &request.host),
        ) {
            return self.refuse(key, 403, reason);
        }
        match &request.upgrade {
            Some(upgrade) if is_socket => self.upgrade(key, &request, upgrade, rest),
            Some(_) => self.refuse(key, 404, "WebSockets are opened at /ws/".to_owned()),
            None if is_socket => {
                let message = "this is the place for WebSockets".to_owned();
                let status = 426;
                self.respond(key, Reject { status, message }.to_bytes(), NOTHING);
            }
            None => {
                let response = self.response(&request);
                let body = if request.head_only {
                    NOTHING
                } else {
                    response.body
                };
                self.respond(key, response.head, body);
            }
        }
    }

    fn refuse(&mut self, key: Key, status: u16, message: String) {
        if let Some(connection) = self.connections.get(key) {
            log::info!("[c{}] {status} {message}", connection.id);
        }
        let reject = Reject { status, message };
        self.respond(key, reject.to_bytes(), NOTHING);
    }

    fn respond(&mut self, key: Key, head: Vec<u8>, body: Piece) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.bound_kernel();
            connection.out.push(head);
            connection.out.push(body);
            self.close_connection(key);
        }
    }

    fn response(&mut self, request: &Request) -> Response {
        match request.path.as_str() {
            "/healthz" => self.data(request, "text/plain; charset=utf-8", "ok\n".to_owned()),
            "/metrics" => {
                let metrics = self.metrics();
                self.data(request, "text/plain; version=0.0.4", metrics)
            }
            "/api/cameras" => {
                let cameras = self.cameras_json();
                self.data(request, "application/json", cameras)
            }
            path => match assets::find(path) {
                Some(asset) => self.page(asset, request),
                None => not_found(),
            },
        }
    }

    /// Something about this gateway: for its own pages and those of `origins`.
    fn data(&self, request: &Request, content_type: &str, body: String) -> Response {
        let framing = self.framing(request);
        let mut extra = vec![
            ("Cache-Control", "no-store"),
            ("Vary", "Origin"),
            ("Content-Security-Policy", &framing),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ];
        if let Some(origin) = request.origin.as_deref()
            && self.policy.origin(Some(origin), &request.host).is_ok()
        {
            extra.push(("Access-Control-Allow-Origin", origin));
        }
        response(200, content_type, &extra, Piece::Owned(body.into_bytes()))
    }

    /// A file of the player: compressed if the client takes that, or the word
    /// that it has it already.
    fn page(&mut self, asset: &'static assets::Asset, request: &Request) -> Response {
        let mut policy = self.framing(request);
        if asset.content_type.starts_with("text/html") {
            policy.insert_str(0, PAGE_POLICY);
        }
        let mut extra = vec![
            ("Access-Control-Allow-Origin", "*"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
            ("Cache-Control", "no-cache"),
            ("Content-Security-Policy", &policy),
            ("ETag", asset.etag),
            ("Vary", "Accept-Encoding"),
        ];
        let known = request.if_none_match.as_deref();
        if known.is_some_and(|tags| asset.is_named_by(tags)) {
            return response(304, asset.content_type, &extra, NOTHING);
        }
        let body = if request.accepts_gzip {
            extra.push(("Content-Encoding", "gzip"));
            Piece::Static(asset.gzip)
        } else {
            Piece::Shared(self.inflated(asset))
        };
        response(200, asset.content_type, &extra, body)
    }

    /// Who may show an answer in a frame: a page of a stranger would else use the
    /// gateway as a person who may.
    fn framing(&self, request: &Request) -> String {
        format!("frame-ancestors {}", self.policy.framers(&request.host))
    }

    /// The plain form, one copy for all who are being sent it.
    fn inflated(&mut self, asset: &'static assets::Asset) -> Rc<Vec<u8>> {
        let kept = self.inflated.entry(asset.path).or_default();
        kept.upgrade().unwrap_or_else(|| {
            let plain = Rc::new(asset.plain());
            *kept = Rc::downgrade(&plain);
            plain
        })
    }

    fn upgrade(&mut self, key: Key, request: &Request, upgrade: &Upgrade, rest: Vec<u8>) {
        let Some((protocol, name)) = http::select(&upgrade.protocols) else {
            let known = http::PROTOCOLS;
            let message = format!("no subprotocol that is known here; known are {known}");
            return self.refuse(key, 400, message);
        };
        let now = self.now;
        let viewer = match protocol {
            Protocol::Data => None,
            _ => match self.add_viewer(key, request, protocol) {
                Some(viewer) => Some(viewer),
                None => return self.refuse(key, 503, "too many viewers".to_owned()),
            },
        };
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.out.push(http::switching(&upgrade.key, name));
        let socket = WebSocket::new(MAX_WSP, now);
        connection.role = match (protocol, viewer) {
            (Protocol::Control, Some(viewer)) => {
                connection.bound_kernel();
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
        let id = self.random_id()?;
        if protocol == Protocol::Rtsp {
            return self.add_rtsp_viewer(key, id);
        }
        let page = page_host(request.origin.as_deref().unwrap_or(&request.host));
        let patience = self.config.limits.handshake;
        let channel = Session::new(id.clone(), page, Rc::clone(&self.listed), patience);
        let connection: &Connection = self.connections.get(key)?;
        let viewer = Viewer::new(channel, key, connection.id, self.now + patience);
        let inserted = self.viewers.insert_with(|_| Ok::<_, ()>(viewer))?.ok()?;
        self.channels.insert(id, inserted);
        Some(inserted)
    }
}

/// The bare host name of an Origin, or of a Host header.
fn page_host(origin: &str) -> &str {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or(literal),
        None => host.split(':').next().unwrap_or(host),
    }
}

fn not_found() -> Response {
    let body = Piece::Static(b"there is no such page\n");
    let extra = [("Content-Security-Policy", http::NO_PAGE)];
    response(404, "text/plain; charset=utf-8", &extra, body)
}

fn response(status: u16, content_type: &str, extra: &[(&str, &str)], body: Piece) -> Response {
    let head = Head {
        status,
        content_type,
        length: body.len(),
        extra,
    };
    Response {
        head: head.to_bytes(),
        body,
    }
}
