//! The one place that decides whether a viewer may watch, whatever protocol it speaks
//! and whichever camera it wants, and that counts it.
//!
//! A viewer takes a place when it says what it wants to watch, and keeps it until it
//! ends. When all places are taken, a viewer that plays nothing makes room.
//!
//! Invariant: a viewer that takes its media keeps its place, and so does every viewer
//! of a site that has no more viewers than the newcomer's.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;

use crate::config::Limits;
use crate::net::io::key::Key;
use crate::net::io::places::{Places, site};

use super::{Viewer, Viewers};

const ALL_TAKEN: &str = "too many viewers: see \"viewers\" in the configuration";
const ADDRESS_FULL: &str =
    "too many viewers from this address: see \"per_address\" in the configuration";

/// The places of viewers.
#[derive(Default)]
pub(super) struct Admission(Places);

impl Admission {
    /// Whether all places are taken, but this network has not reached its own limit.
    fn is_taken(&self, network: IpAddr, limits: &Limits) -> bool {
        self.0.of_network(network) < limits.viewers_per_address && self.0.total() >= limits.viewers
    }
}

impl Viewers {
    /// Gives a viewer of this network a place, unless it has one.
    ///
    /// # Errors
    /// The limit that is reached, in a sentence.
    pub fn admit(
        &mut self,
        key: Key,
        network: IpAddr,
        limits: &Limits,
    ) -> Result<(), &'static str> {
        let places = &self.admission.0;
        let (all, same) = (places.total(), places.of_network(network));
        match self.get_mut(key) {
            Some(viewer) if viewer.place.is_none() => {
                if all >= limits.viewers {
                    return Err(ALL_TAKEN);
                }
                if same >= limits.viewers_per_address {
                    return Err(ADDRESS_FULL);
                }
            }
            _ => return Ok(()),
        }
        let place = self.admission.0.take(network);
        if let Some(viewer) = self.get_mut(key) {
            viewer.place = Some(place);
        }
        Ok(())
    }

    /// The viewer that has to make room for one of this network: of the site with most
    /// viewers, the oldest that plays nothing. `None`: no viewer has to, or may be made
    /// to.
    pub fn find_idle(
        &self,
        key: Key,
        network: IpAddr,
        limits: &Limits,
        plays: impl Fn(Key, &Viewer) -> bool,
    ) -> Option<Key> {
        let is_placed = self.get(key)?.place.is_some();
        if is_placed || !self.admission.is_taken(network, limits) {
            return None;
        }
        let mut taken: HashMap<IpAddr, usize> = HashMap::new();
        let of = |viewer: &Viewer| viewer.place.as_ref().map(|ticket| site(ticket.network()));
        for site in self.iter().filter_map(|(_, viewer)| of(viewer)) {
            *taken.entry(site).or_default() += 1;
        }
        let own = taken.get(&site(network)).copied().unwrap_or_default();
        let idle = self.iter().filter_map(|(key, viewer)| {
            let count = taken.get(&of(viewer)?).copied()?;
            // Of two sites that take turns, each would otherwise displace the other's
            // viewer before its camera is connected.
            let session = &viewer.session;
            let asked = session.is_waiting() || session.timeout().is_some();
            let waits = asked || session.is_connecting();
            let gives_way = count > own + usize::from(waits) && !plays(key, viewer);
            gives_way.then_some((count, Reverse(viewer.id), key))
        });
        idle.max().map(|(_, _, idler)| idler)
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::viewer::Session;

    fn limits(viewers: usize, per_address: usize) -> Limits {
        Limits {
            viewers,
            viewers_per_address: per_address,
            ..Limits::default()
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn come(viewers: &mut Viewers, id: u64) -> Key {
        let session = Session::new(id.to_string(), "", Rc::from("[]"), Duration::ZERO);
        let viewer = Viewer::wsp(session, Key::test(1), id, Instant::now());
        viewers.add(viewer).unwrap()
    }

    #[test]
    fn viewers_have_limits_in_all_and_by_network() {
        let (mut viewers, limits) = (Viewers::default(), limits(3, 2));
        let (a, b, c) = (address("10.0.0.1"), address("10.0.0.2"), address("::1"));
        let keys: Vec<Key> = (0..5).map(|id| come(&mut viewers, id)).collect();
        assert_eq!(viewers.admit(keys[0], a, &limits), Ok(()));
        assert_eq!(viewers.admit(keys[1], a, &limits), Ok(()));
        assert_eq!(viewers.admit(keys[1], a, &limits), Ok(()), "once is enough");
        assert_eq!(viewers.admit(keys[2], a, &limits), Err(ADDRESS_FULL));
        assert_eq!(viewers.admit(keys[2], b, &limits), Ok(()));
        assert_eq!(viewers.admit(keys[3], c, &limits), Err(ALL_TAKEN));
        viewers.remove(keys[2]);
        assert_eq!(viewers.admit(keys[3], c, &limits), Ok(()));
        viewers.remove(keys[0]);
        assert_eq!(viewers.admit(keys[4], a, &limits), Ok(()));
    }

    #[test]
    fn who_plays_nothing_gives_way_to_an_address_with_fewer() {
        let (mut viewers, limits) = (Viewers::default(), limits(3, 3));
        let (a, b) = (address("10.0.0.1"), address("10.0.0.2"));
        let keys: Vec<Key> = (0..4).map(|id| come(&mut viewers, id)).collect();
        for key in &keys[..3] {
            viewers.admit(*key, a, &limits).unwrap();
        }
        let newcomer = keys[3];
        let first = |key: Key, _: &Viewer| key == keys[0];
        assert_eq!(viewers.find_idle(newcomer, b, &limits, |_, _| true), None);
        assert_eq!(
            viewers.find_idle(newcomer, b, &limits, first),
            Some(keys[1])
        );
        assert_eq!(
            viewers.find_idle(newcomer, a, &limits, first),
            None,
            "its own"
        );
        viewers.remove(keys[1]);
        assert_eq!(
            viewers.find_idle(newcomer, b, &limits, first),
            None,
            "a place"
        );
    }
}
