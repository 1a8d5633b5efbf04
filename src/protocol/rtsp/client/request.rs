//! The client's requests: how each kind is composed, and which one is in flight.

use super::habits::Habits;
use super::{Client, Output};
use crate::rtsp::message::Builder;
use crate::rtsp::text;

/// What a request is for; this is enough to send it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Options,
    Describe,
    /// `channel` is proposed for RTP, and the next one for RTCP.
    Setup {
        media: usize,
        channel: u8,
    },
    Play,
    Pause,
    KeepAlive,
    Teardown,
}

/// The request in flight.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) kind: Kind,
    pub(super) method: &'static str,
    pub(super) cseq: u32,
    /// Whether it carries credentials.
    pub(super) authorized: bool,
    /// When it was sent, in milliseconds; `None` until a call passes the time in.
    pub(super) sent: Option<u64>,
}

impl Client {
    /// Sends a request of this kind and waits for its answer.
    pub(super) fn send(&mut self, kind: Kind) {
        let (message, authorized) = self.compose(kind);
        let overtaken = self.pending.as_ref().map(|pending| pending.cseq);
        self.abandoned = overtaken.or(self.abandoned);
        self.pending = Some(Pending {
            kind,
            method: self.method(kind),
            cseq: self.cseq,
            authorized,
            sent: self.clock,
        });
        self.outputs.push(Output::Send(message));
    }

    /// Has the owner keep a TEARDOWN that answers the camera's Digest challenge,
    /// because without the client nobody else could compute the answer.
    pub(super) fn prepare_farewell(&mut self) {
        if self
            .habits
            .authenticator
            .as_ref()
            .is_some_and(|it| it.is_digest())
        {
            let (message, _) = self.compose(Kind::Teardown);
            self.outputs.push(Output::Farewell(message));
        }
    }

    #[cfg(feature = "gateway")]
    pub(super) fn compose_teardown(&mut self) -> Vec<u8> {
        self.compose(Kind::Teardown).0
    }

    /// Composes the next request; also returns whether it carries credentials.
    fn compose(&mut self, kind: Kind) -> (Vec<u8>, bool) {
        let method = self.method(kind);
        let uri = match kind {
            Kind::Options | Kind::Describe => self.url.without_credentials(),
            // Before the first PLAY, the gateway addresses the keep-alives of its viewers
            // to the URL of DESCRIBE, and a Digest answer is good for one URL only.
            Kind::KeepAlive if !self.played => self.url.without_credentials(),
            Kind::Setup { media, .. } => self.media_url(media),
            _ => self.aggregate.clone(),
        };
        self.cseq = self.cseq.wrapping_add(1);
        let mut builder = Builder::request(method, &uri).header("CSeq", &text::decimal(self.cseq));
        if !self.user_agent.is_empty() {
            builder = builder.header("User-Agent", &self.user_agent);
        }
        let cnonce = self.cnonce();
        let authenticator = self.habits.authenticator.as_mut();
        let answer = authenticator.and_then(|it| it.authorize(method, &uri, &cnonce));
        if let Some(answer) = &answer {
            builder = builder.header("Authorization", answer);
        }
        if let Some(session) = &self.session {
            builder = builder.header("Session", session);
        }
        (
            self.add_specific_headers(kind, builder).build(),
            answer.is_some(),
        )
    }

    /// Adds the headers that only this kind of request has.
    fn add_specific_headers(&self, kind: Kind, builder: Builder) -> Builder {
        match kind {
            Kind::Describe => builder.header("Accept", "application/sdp"),
            Kind::Setup { channel, .. } => {
                #[cfg(feature = "gateway")]
                if let Some((rtp, rtcp)) = self.ports.get(usize::from(channel / 2)) {
                    let ports = format!("RTP/AVP;unicast;client_port={rtp}-{rtcp}");
                    return builder.header("Transport", &ports);
                }
                let rtcp = channel.saturating_add(1);
                let (rtp, rtcp) = (text::decimal(channel.into()), text::decimal(rtcp.into()));
                let protocol = if self.habits.implied_tcp { "" } else { "/TCP" };
                let unicast = ";unicast;interleaved=";
                let transport = text::concat(&["RTP/AVP", protocol, unicast, &rtp, "-", &rtcp]);
                builder.header("Transport", &transport)
            }
            Kind::Play if self.range => builder.header("Range", "npt=0.000-"),
            _ => builder,
        }
    }

    fn method(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Options => "OPTIONS",
            Kind::Describe => "DESCRIBE",
            Kind::Setup { .. } => "SETUP",
            Kind::Play => "PLAY",
            Kind::Pause => "PAUSE",
            Kind::KeepAlive => {
                let Habits {
                    no_options,
                    no_parameter,
                    ..
                } = self.habits;
                match no_options || self.get_parameter && !no_parameter {
                    true => "GET_PARAMETER",
                    false => "OPTIONS",
                }
            }
            Kind::Teardown => "TEARDOWN",
        }
    }

    /// The next client nonce.
    fn cnonce(&mut self) -> String {
        text::to_hex(&self.random.next().to_be_bytes())
    }
}
