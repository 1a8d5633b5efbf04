//! Answers to browsers over HTTP: pages, the player, and the API.

use std::collections::HashMap;
use std::rc::{Rc, Weak};

use crate::access::Policy;
use crate::assets;
use crate::http::{self, Head, Request};

use super::io::outbox::Piece;

/// The security policy of the gateway's own pages. They load from the gateway alone,
/// open WebSockets to anywhere (a page may name another gateway), run wasm, and play
/// media that they made. Who may frame them is appended.
const PAGE_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
     connect-src *; media-src 'self' blob:; img-src 'self' data: blob:; \
     object-src 'none'; base-uri 'none'; form-action 'self'; ";

/// An empty body.
const NOTHING: Piece = Piece::Static(&[]);

/// The head of a response, and its body.
pub struct Response {
    pub head: Vec<u8>,
    pub body: Piece,
}

/// An endpoint at which the gateway tells about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/healthz`: that the gateway is running.
    Health,
    /// `/metrics`: counters and gauges.
    Metrics,
    /// `/api/cameras`: the cameras and their status.
    Cameras,
}

impl Endpoint {
    /// The endpoint at a path; `None`: the path is a page's, or unknown.
    pub fn of(path: &str) -> Option<Endpoint> {
        match path {
            "/healthz" => Some(Endpoint::Health),
            "/metrics" => Some(Endpoint::Metrics),
            "/api/cameras" => Some(Endpoint::Cameras),
            _ => None,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Endpoint::Health => "text/plain; charset=utf-8",
            Endpoint::Metrics => "text/plain; version=0.0.4",
            Endpoint::Cameras => "application/json",
        }
    }
}

/// The part of the server that answers browsers.
pub struct Web {
    policy: Rc<Policy>,
    /// Uncompressed assets that are being sent to clients without gzip, by path.
    inflated: HashMap<&'static str, Weak<Vec<u8>>>,
}

impl Web {
    /// Starts without assets being sent.
    pub fn new(policy: Rc<Policy>) -> Web {
        Web {
            policy,
            inflated: HashMap::new(),
        }
    }

    /// Replaces the policy for hosts and origins.
    pub fn set_policy(&mut self, policy: Rc<Policy>) {
        self.policy = policy;
    }

    /// Checks whether a request may be answered. `is_socket`: it wants to open a
    /// WebSocket.
    ///
    /// # Errors
    /// Why it may not, in a sentence.
    pub fn check(&self, request: &Request, is_socket: bool) -> Result<(), String> {
        self.policy.host(&request.host)?;
        if is_socket {
            self.policy
                .origin(request.origin.as_deref(), &request.host)?;
        }
        Ok(())
    }

    /// The response to a request for a page.
    pub fn page(&mut self, request: &Request) -> Response {
        let response = match assets::find(&request.path) {
            Some(asset) => self.asset(asset, request),
            None => not_found(),
        };
        without_body(response, request)
    }

    /// The response of an [`Endpoint`], which the gateway's own pages and those of
    /// `origins` may read.
    pub fn endpoint(&self, request: &Request, endpoint: Endpoint, body: String) -> Response {
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
        let body = Piece::Owned(body.into_bytes());
        without_body(
            response(200, endpoint.content_type(), &extra, body),
            request,
        )
    }

    /// The response with a file of the player: compressed if the client accepts that,
    /// or 304 if the client has it already.
    fn asset(&mut self, asset: &'static assets::Asset, request: &Request) -> Response {
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

    /// The rule for who may frame a response. The page of a stranger could otherwise
    /// make a person click in the gateway's page.
    fn framing(&self, request: &Request) -> String {
        format!("frame-ancestors {}", self.policy.framers(&request.host))
    }

    /// The uncompressed asset, of which there is one copy for all who are being sent
    /// it.
    fn inflated(&mut self, asset: &'static assets::Asset) -> Rc<Vec<u8>> {
        let kept = self.inflated.entry(asset.path).or_default();
        kept.upgrade().unwrap_or_else(|| {
            let plain = Rc::new(asset.plain());
            *kept = Rc::downgrade(&plain);
            plain
        })
    }
}

fn without_body(response: Response, request: &Request) -> Response {
    match request.head_only {
        true => Response {
            body: NOTHING,
            ..response
        },
        false => response,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn answer(head: &str) -> (String, usize) {
        let config = Config::default();
        let policy = Policy {
            targets: config.targets,
            origins: Vec::new(),
            hosts: Vec::new(),
            host_name: "gate".to_owned(),
            own_ports: vec![80],
        };
        let mut web = Web::new(Rc::new(policy));
        let (request, _) = http::parse(head.as_bytes()).unwrap().unwrap();
        web.check(&request, false).unwrap();
        let response = match Endpoint::of(&request.path) {
            Some(endpoint) => web.endpoint(&request, endpoint, "ok\n".to_owned()),
            None => web.page(&request),
        };
        let head = String::from_utf8(response.head).unwrap();
        (head, response.body.len())
    }

    #[test]
    fn answers_say_who_may_frame_them() {
        for path in ["/", "/healthz", "/metrics", "/api/cameras", "/camgate.js"] {
            let (head, body) = answer(&format!("GET {path} HTTP/1.1\r\nHost: gate\r\n\r\n"));
            assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
            assert!(head.contains("frame-ancestors ") && body > 0, "{head}");
        }
    }

    #[test]
    fn a_head_has_no_body_and_an_unknown_page_is_none() {
        let (head, body) = answer("HEAD /healthz HTTP/1.1\r\nHost: gate\r\n\r\n");
        assert!(
            head.contains("Content-Length: 3\r\n") && body == 0,
            "{head}"
        );
        let (head, _) = answer("GET /nothing HTTP/1.1\r\nHost: gate\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    }
}
