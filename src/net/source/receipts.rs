//! Reports to cameras that viewers named, of what arrives.
//!
//! Nothing else looks into the media of such a camera; so it is looked at for a
//! moment before reports are due, which tells how far each track is. The players
//! send no reports, and this way every kind of them watches cameras that end
//! sessions without.

use std::time::Duration;

use crate::camera::INSPECTED_BYTES;
use crate::protocol::rtp::receipts::Receipts;

use super::Sources;
use crate::net::io::Io;
use crate::net::io::key::Key;

/// How long media is looked at before reports are due: as long as it takes for
/// every track to send some.
const MOMENT: Duration = Duration::from_millis(500);

impl Sources {
    /// Media from the position `from` on has come on a link: tells the camera, when
    /// it is time. A shared camera sees to that itself.
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
            // A link that broke is found when it is read.
            let _ = connection.flush(now);
        }
    }
}
