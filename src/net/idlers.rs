//! The places of viewers: taken when one says what it wants to see, and given up by
//! those that play nothing when others want them.
//!
//! Invariant: who takes its media keeps its place; so does whoever is of an address that
//! has no more viewers than that of the newcomer.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;

use super::admission::site;
use super::key::Key;
use super::server::Server;
use super::viewer::Viewer;

/// What such a viewer is told.
const REASON: &str = "it plays nothing, and others want to watch";

impl Server {
    /// A viewer says what it wants to see: here it takes its place, whatever kind of
    /// viewer it is.
    ///
    /// # Errors
    /// The limit that is reached, in a sentence.
    pub(super) fn admit(&mut self, viewer: Key) -> Result<(), &'static str> {
        let found = self.viewers.get(viewer).filter(|it| it.place.is_none());
        let Some(socket) = found.and_then(|it| it.sockets.iter().next()) else {
            return Ok(());
        };
        let Some(network) = self.connections.get(socket).map(|it| it.network()) else {
            return Ok(());
        };
        if self.admission.is_taken(network, &self.config.limits) {
            self.make_way(network);
        }
        let place = self.admission.watch(network, &self.config.limits)?;
        if let Some(found) = self.viewers.get_mut(viewer) {
            found.place = Some(place);
        }
        if let Some(connection) = self.connections.get_mut(socket) {
            connection.place = None;
        }
        Ok(())
    }

    /// Ends the first who came of those that play nothing, and are of the address that
    /// has most viewers.
    fn make_way(&mut self, network: IpAddr) {
        let mut taken: HashMap<IpAddr, usize> = HashMap::new();
        let of = |viewer: &Viewer| viewer.place.as_ref().map(|it| site(it.network()));
        for site in self.viewers.iter().filter_map(|(_, viewer)| of(viewer)) {
            *taken.entry(site).or_default() += 1;
        }
        let own = taken.get(&site(network)).copied().unwrap_or_default();
        let idle = self.viewers.iter().filter_map(|(key, viewer)| {
            let count = taken.get(&of(viewer)?).copied()?;
            // Who waits for a camera would else never have it, where two take turns.
            let channel = &viewer.channel;
            let asked = channel.is_waiting() || channel.timeout().is_some();
            let waits = asked || channel.is_connecting();
            let gives_way = count > own + usize::from(waits) && !self.plays(viewer);
            gives_way.then_some((count, Reverse(viewer.id), key))
        });
        let Some((_, _, idler)) = idle.max() else {
            return;
        };
        self.end_viewer(idler, 1013, REASON, false);
        // Who is in the middle of a message could take it byte by byte, without a place.
        if let Some(found) = self.viewers.get(idler) {
            let data = found.sockets.media();
            self.finish_viewer(idler);
            if let Some(data) = data {
                self.drop_connection(data);
            }
        }
    }

    /// Whether a viewer gets media, or what it has not taken yet is in the way: for a
    /// while, then it plays nothing either.
    fn plays(&self, viewer: &Viewer) -> bool {
        let patience = self.config.limits.handshake;
        let socket = viewer
            .sockets
            .media()
            .and_then(|data| self.connections.get(data));
        let stuck = socket.and_then(|socket| socket.stuck);
        let takes = stuck.is_none_or(|since| since + patience > self.now);
        let joined = viewer.delivery.is_some() && viewer.ending.is_none();
        let source = viewer.source.and_then(|source| self.sources.get(source));
        joined
            && takes
            && source.is_some_and(|source| match source.connection {
                _ if !source.is_direct() => true,
                // Who had one picture, and paused, is not waited for as a camera is.
                Some(link) => {
                    let fresh = viewer.alive + patience > self.now;
                    let flows = fresh || source.link.flow.has_pace();
                    flows && self.is_flowing(link) || self.is_held_up(link)
                }
                None => false,
            })
    }
}
