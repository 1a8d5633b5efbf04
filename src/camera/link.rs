//! The camera's link while it stands: the RTSP client, from OPTIONS to PLAY.

use std::rc::Rc;
use std::time::Instant;

use super::description::{self, Description};
use super::picture::Pictures;
use super::{Camera, Output, Phase, REDIRECTS, Unavailable};
use crate::failure::Failure;
use crate::protocol::rtp::receipts::Receipts;
use crate::protocol::rtsp::answer::answer;
use crate::protocol::rtsp::client::{self, Client};
use crate::protocol::rtsp::message::{self, Start};
use crate::protocol::rtsp::transport;
use crate::protocol::rtsp::url::Url;

impl Camera {
    /// The link stands, and the RTSP client begins. A link that nobody waits for any more
    /// changes nothing.
    pub fn connected(&mut self, now: Instant) {
        let Some(url) = self.current_url.clone() else {
            return;
        };
        if self.phase != Phase::Connecting {
            return;
        }
        self.enter(Phase::Talking, now);
        let mut client = Client::new(client::Options {
            url,
            credentials: None,
            habits: self.habits.take(),
            user_agent: concat!("camgate/", env!("CARGO_PKG_VERSION")).to_owned(),
            seed: self.random.next(),
            patience: self.patience.as_millis() as u64,
        });
        client.start(self.ms(now));
        self.client = Some(client);
        self.run_client(&[], now);
    }

    /// Connects again at once if the camera has hung up where it should have answered: it is
    /// asked in another form then. `false` if there is nothing new to try.
    pub(super) fn hung_up(&mut self, failure: &Failure, now: Instant) -> bool {
        let refused = matches!(failure, Failure::Refused(_));
        let linked = matches!(self.phase, Phase::Talking | Phase::Live);
        let client = self.client.as_mut().filter(|_| refused && linked);
        self.habits = client.and_then(Client::hung_up);
        if self.habits.is_none() {
            return false;
        }
        self.forget_stream();
        self.outputs.push_back(Output::Disconnect);
        self.connect(now);
        true
    }

    /// Takes one RTSP message of the camera, head and body.
    pub fn handle_message(&mut self, bytes: &[u8], now: Instant) {
        if let Ok((message, _)) = message::parse(bytes)
            && let Start::Request { method, .. } = message.start
        {
            // A request that was left over from the last link is not answered on this one.
            if matches!(self.phase, Phase::Talking | Phase::Live) {
                let answer = answer(method, &message);
                self.outputs.push_back(Output::Send(answer));
            }
            return;
        }
        let ms = self.ms(now);
        if let Some(client) = &mut self.client {
            client.handle_message(bytes, ms);
            self.run_client(bytes, now);
        }
    }

    /// Does what the RTSP client wants done; `answer` is the message that it has just taken.
    pub(super) fn run_client(&mut self, answer: &[u8], now: Instant) {
        while let Some(output) = self.client.as_mut().and_then(Client::poll_output) {
            match output {
                client::Output::Send(bytes) => self.outputs.push_back(Output::Send(bytes)),
                client::Output::Described(session) => {
                    let body = message::parse(answer).map_or(&[][..], |(message, _)| message.body);
                    self.draft = Description::new(body);
                    self.session = session;
                    self.choose(now);
                }
                client::Output::SetUp {
                    media,
                    rtp_channel,
                    rtcp_channel,
                } => {
                    self.set_up(media, rtp_channel, rtcp_channel);
                    let header = message::parse(answer).ok();
                    let header = header.as_ref().and_then(|(it, _)| it.header("Transport"));
                    let from = header.map(transport::server).unwrap_or_default();
                    if let Some(name) = from.ssrc {
                        self.senders.announce(media, name);
                    }
                    self.set_up_udp(media, rtp_channel, from);
                }
                client::Output::Playing { .. } => self.playing(now),
                client::Output::Farewell(_) // this side ends its sessions itself
                | client::Output::Paused
                | client::Output::TornDown => {}
                client::Output::Failed(failure) => return self.client_failed(&failure, now),
            }
        }
    }

    /// Has the client set up the media that viewers can get.
    fn choose(&mut self, now: Instant) {
        let chosen = description::choose(&self.session);
        if self.lower_transport.is_udp() && !chosen.is_empty() {
            return self.open_ports(chosen.len(), now);
        }
        if let Some(client) = &mut self.client {
            client.setup(&chosen);
        }
    }

    /// Adds the track of a medium that was set up on these channels.
    fn set_up(&mut self, media: usize, rtp: u8, rtcp: u8) {
        if let Some(described) = self.session.media.get(media) {
            self.draft.add(media, described, rtp, rtcp);
        }
    }

    /// The camera has granted PLAY: its description holds from now on.
    fn playing(&mut self, now: Instant) {
        if self.phase == Phase::Live {
            return;
        }
        let description = std::mem::replace(&mut self.draft, Description::new(&[]));
        self.pictures = description.pictures().map(|(track, codec)| {
            let mut pictures = Pictures::new(codec);
            if let Some(media) = self.session.media.get(track.media) {
                pictures.describe(media);
            }
            pictures
        });
        let old = self.description.replace(Rc::new(description));
        let new = self.description.as_deref();
        let changed = old
            .as_deref()
            .zip(new)
            .is_some_and(|(old, new)| !old.is_like(new));
        let interleaved = self.datagrams.is_none();
        self.receipts = interleaved.then(|| Receipts::new(self.random.next() as u32, now));
        self.meter.start(now);
        self.liveness.restart(now);
        self.unavailable = None;
        self.enter(Phase::Live, now);
        self.outputs.push_back(Output::Ready { changed });
    }

    /// The RTSP client has given up: follows a redirect, changes the lower transport, or fails.
    fn client_failed(&mut self, failure: &client::Failure, now: Instant) {
        if let client::Failure::Redirect(url) = failure {
            return self.redirected(url, now);
        }
        if self.change_transport(failure, now) {
            return;
        }
        let status = match failure {
            client::Failure::Status {
                code: code @ (404 | 454),
                ..
            } => *code,
            client::Failure::Timeout { .. } => 504,
            _ => 502,
        };
        let (reason, detail) = self
            .lower_transport
            .reason_and_detail(&self.without_addresses(failure), failure);
        let unavailable = Unavailable {
            status,
            reason,
            detail,
            bad_password: matches!(failure, client::Failure::Unauthorized { .. }),
        };
        self.failed(unavailable, now);
    }

    /// Whether redirects have led to another host than the configured one.
    pub fn is_elsewhere(&self) -> bool {
        let host = |url: &Option<Url>| url.as_ref().map(|url| url.host.to_ascii_lowercase());
        host(&self.url) != host(&self.current_url)
    }

    /// Follows a redirect. The new link is made like any other, so the owner decides whether
    /// its address is allowed.
    fn redirected(&mut self, url: &Url, now: Instant) {
        let reason = match url.tls {
            _ if self.redirects >= REDIRECTS => "the camera redirects in a circle",
            true => "the camera wants rtsps://, which this version does not speak",
            false => {
                self.redirects += 1;
                self.current_url = Some(self.with_credentials(url.clone()));
                self.forget_stream();
                self.outputs.push_back(Output::Disconnect);
                return self.connect(now);
            }
        };
        let unavailable = Unavailable {
            detail: format!("{reason}: to {}", url.without_credentials()),
            ..Unavailable::new(502, reason)
        };
        self.failed(unavailable, now);
    }

    /// The URL with the known user name and password, unless it has its own. A password is
    /// sent only to the host that it is configured for.
    fn with_credentials(&self, mut url: Url) -> Url {
        let known = [&self.current_url, &self.url].into_iter().flatten();
        let mut same = known.filter(|old| url.host.eq_ignore_ascii_case(&old.host));
        if url.user.is_none()
            && let Some(old) = same.next()
        {
            (url.user, url.password) = (old.user.clone(), old.password.clone());
        }
        url
    }

    /// The failure as viewers may see it: without the camera's own reason phrase if that may
    /// hold an address.
    fn without_addresses(&self, failure: &client::Failure) -> client::Failure {
        let mut failure = failure.clone();
        if let client::Failure::Status { reason, .. } = &mut failure {
            let lower = reason.to_ascii_lowercase();
            let urls = [&self.url, &self.current_url].into_iter().flatten();
            let mut hosts = urls.map(|url| url.host.to_ascii_lowercase());
            let plain = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '-' | '\'' | ',');
            if !reason.chars().all(plain) || hosts.any(|host| lower.contains(&host)) {
                reason.clear();
            }
        }
        failure
    }
}
