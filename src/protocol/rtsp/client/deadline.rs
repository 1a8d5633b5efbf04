//! The client's deadlines: those of answers, and that of the next keep-alive.

use super::request::{Kind, Pending};
use super::{Client, Failure, REPLY_TIMEOUT, STARTING, TEARDOWN_TIMEOUT};

impl Client {
    /// To be called at [`Client::timeout`]; calling it too early or too often does no
    /// harm.
    pub fn handle_timeout(&mut self, now_ms: u64) {
        self.at(now_ms, Client::check_time);
    }

    /// When to call [`Client::handle_timeout`], on the owner's clock; this may be in
    /// the past. `None` if the client waits for nothing.
    pub fn timeout(&self) -> Option<u64> {
        match &self.pending {
            Some(pending) => Some(self.deadline(pending).unwrap_or(self.last_time)),
            None => self.keep_alive,
        }
    }

    /// The time after which the answer to a request is late.
    fn deadline(&self, pending: &Pending) -> Option<u64> {
        let patience = match pending.kind {
            Kind::Teardown => TEARDOWN_TIMEOUT,
            // The session ends without keep-alives, however patient the owner is.
            Kind::KeepAlive => REPLY_TIMEOUT,
            Kind::Pause => self.patience,
            _ => self.patience * u64::from(STARTING),
        };
        Some(pending.sent?.saturating_add(patience))
    }

    fn check_time(&mut self) {
        let now = self.last_time;
        let Some(pending) = &self.pending else {
            if self.keep_alive.is_some_and(|due| due <= now) {
                self.send(Kind::KeepAlive);
            }
            return;
        };
        if self.deadline(pending).is_none_or(|deadline| now < deadline) {
            return;
        }
        let (kind, method) = (pending.kind, pending.method);
        self.abandoned = Some(pending.cseq);
        self.pending = None;
        match kind {
            Kind::Teardown => self.torn_down(),
            // Some cameras never answer one kind of keep-alive while they send media,
            // so the other kind is tried before the session is given up.
            Kind::KeepAlive if self.missed_keep_alives == 0 => {
                self.missed_keep_alives = 1;
                self.get_parameter = false;
                self.send(Kind::KeepAlive);
            }
            // Other cameras answer neither kind.
            Kind::KeepAlive if self.heard => self.kept_alive(),
            _ => self.fail(Failure::Timeout { method }),
        }
    }
}
