//! Receiver reports to cameras that viewers named.
//!
//! The media of such a camera is not inspected otherwise. It is inspected for a moment
//! before reports are due, which tells how far each track has come. Players send no
//! reports themselves, and some cameras end a session without any.

use std::time::Duration;

use crate::camera::INSPECTED_BYTES;
use crate::protocol::rtp::receipts::Receipts;

use super::Sources;
use crate::net::io::Io;
use crate::net::io::key::Key;

/// How long media is inspected before reports are due. Every track should send
/// something in that time.
const MOMENT: Duration = Duration::from_millis(500);

impl Sources {
    /// Sends reports to the camera of a direct source, if they are due, after media
    /// from the position `from` on has arrived. A shared camera makes its own.
    pub(super) fn send_receiver_reports(&mut self, io: &mut Io, link: Key, source: Key, from: u64) {
        let Some(source) = self.all.get_mut(source) else {
            return;
        };
        let whole = source.queue.whole();
        if from == whole || !source.is_direct() {
            return;
        }
        let now = io.now;
        let receipts = source.link.receipts.get_or_insert_with(|| {
            let mut own = [0; 4];
            let _ = getrandom::fill(&mut own); // a name, no secret
            Receipts::new(u32::from_ne_bytes(own), now)
        });
        if now + MOMENT < receipts.due() {
            return;
        }
        let inspect = |channel: u8, start: &[u8], _, _| {
            receipts.frame(channel, channel.wrapping_add(1), start, now);
        };
        source
            .queue
            .for_each_frame::<INSPECTED_BYTES>(from, whole, inspect);
        receipts.arrived(now);
        if now < receipts.due() {
            return;
        }
        let reports = receipts.reports(now);
        if let Some(connection) = io.get_mut(link) {
            connection.out.push(reports);
            // A broken link is found when it is read.
            let _ = connection.flush(now);
        }
    }
}
