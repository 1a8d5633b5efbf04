//! Who may come in, and who may watch: places, counted by the network that their
//! client comes from.
//!
//! Pure. Invariant: a place is taken as long as its [`Ticket`] is kept, so whoever
//! goes, however, gives it back; links to cameras have none. One admission decides
//! for every kind of viewer, where it says what it wants to see.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::rc::Rc;

use crate::config::Limits;

const ALL: &str = "too many viewers: see \"viewers\" in the configuration";
const SAME: &str = "too many viewers from this address: see \"per_address\" in the configuration";

/// What a client's address counts as: IPv4 also where it came over an IPv6 socket;
/// of IPv6 the network, for every household has 2⁶⁴ addresses in one.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            Ipv6Addr::from(prefix).into()
        }
        v4 => v4,
    }
}

/// Places that are taken, in all and by network.
#[derive(Default)]
struct Places {
    all: usize,
    by: HashMap<IpAddr, usize>,
}

type Counted = Rc<RefCell<Places>>;

/// A place that is taken: given back when it is dropped.
pub struct Ticket {
    places: Counted,
    network: IpAddr,
}

impl Ticket {
    fn take(places: &Counted, network: IpAddr) -> Ticket {
        let mut taken = places.borrow_mut();
        taken.all += 1;
        *taken.by.entry(network).or_default() += 1;
        Ticket {
            places: Rc::clone(places),
            network,
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut taken = self.places.borrow_mut();
        taken.all -= 1;
        if let Some(count) = taken.by.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                taken.by.remove(&self.network);
            }
        }
    }
}

fn of(places: &Counted, network: IpAddr) -> usize {
    places.borrow().by.get(&network).copied().unwrap_or(0)
}

/// Half of what all may have: nobody takes the places of the others. (A wall of
/// cameras behind a reverse proxy opens dozens at once.)
fn share(limits: &Limits) -> usize {
    limits.handshakes.div_ceil(2)
}

/// All places that clients can take.
#[derive(Default)]
pub struct Admission {
    /// Connections that have not said yet what they want, or not got it.
    waiting: Counted,
    /// Connections that all was said to.
    closing: Counted,
    viewers: Counted,
}

impl Admission {
    /// Whether one more connection may come in.
    pub fn is_open(&self, limits: &Limits) -> bool {
        self.waiting.borrow().all < limits.handshakes
    }

    /// A place for a connection that has just come; `None`: its network has its
    /// share of those.
    pub fn enter(&self, network: IpAddr, limits: &Limits) -> Option<Ticket> {
        let is_free = of(&self.waiting, network) < share(limits);
        is_free.then(|| Ticket::take(&self.waiting, network))
    }

    /// A place for one more viewer.
    ///
    /// # Errors
    /// A sentence that names the limit.
    pub fn watch(&self, network: IpAddr, limits: &Limits) -> Result<Ticket, &'static str> {
        if self.viewers.borrow().all >= limits.viewers {
            return Err(ALL);
        }
        if of(&self.viewers, network) >= limits.viewers_per_address {
            return Err(SAME);
        }
        Ok(Ticket::take(&self.viewers, network))
    }

    /// The place of a connection that is closing: every one has one.
    pub fn leave(&self, network: IpAddr) -> Ticket {
        Ticket::take(&self.closing, network)
    }

    /// Whose closing connections are too many, if this network has one more.
    pub fn is_crowded(&self, network: IpAddr, limits: &Limits) -> Option<Crowd> {
        if of(&self.closing, network) > share(limits) {
            return Some(Crowd::Network);
        }
        (self.closing.borrow().all > limits.handshakes).then_some(Crowd::All)
    }
}

/// Whose connections are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowd {
    /// Those of one network.
    Network,
    All,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(viewers: usize, per_address: usize, handshakes: usize) -> Limits {
        Limits {
            viewers,
            viewers_per_address: per_address,
            handshakes,
            ..Limits::default()
        }
    }

    fn address(text: &str) -> IpAddr {
        network(text.parse().unwrap())
    }

    #[test]
    fn what_an_address_counts_as() {
        assert_eq!(address("::ffff:10.0.0.1"), address("10.0.0.1"));
        assert_ne!(address("10.0.0.2"), address("10.0.0.1"));
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:a:b:c:d"));
        assert_ne!(address("2001:db8:1:3::1"), address("2001:db8:1:2::1"));
        assert_ne!(address("::1"), address("127.0.0.1"));
    }

    #[test]
    fn viewers_have_limits_in_all_and_by_network() {
        let (admission, limits) = (Admission::default(), limits(3, 2, 4));
        let (a, b, c) = (address("10.0.0.1"), address("10.0.0.2"), address("::1"));
        let kept = [a, a].map(|from| admission.watch(from, &limits).ok().unwrap());
        assert_eq!(admission.watch(a, &limits).err(), Some(SAME));
        let other = admission.watch(b, &limits).ok().unwrap();
        assert_eq!(admission.watch(c, &limits).err(), Some(ALL));
        drop(other);
        assert_eq!(admission.watch(a, &limits).err(), Some(SAME));
        assert!(admission.watch(c, &limits).is_ok());
        drop(kept);
        assert!(admission.watch(a, &limits).is_ok());
        assert!(admission.viewers.borrow().by.is_empty());
    }

    #[test]
    fn one_network_takes_half_of_the_waiting_places() {
        let (admission, limits) = (Admission::default(), limits(9, 9, 5));
        let (a, b) = (address("10.0.0.1"), address("10.0.0.2"));
        let mut kept: Vec<Ticket> = Vec::new();
        kept.extend((0..9).map_while(|_| admission.enter(a, &limits)));
        assert_eq!(kept.len(), 3);
        assert!(admission.is_open(&limits));
        kept.extend((0..2).map_while(|_| admission.enter(b, &limits)));
        assert!(!admission.is_open(&limits));
        kept.pop();
        assert!(admission.is_open(&limits));
    }

    #[test]
    fn who_goes_is_counted_until_gone() {
        let (admission, limits) = (Admission::default(), limits(9, 9, 4));
        let (a, b) = (address("10.0.0.1"), address("10.0.0.2"));
        let mut kept = vec![admission.leave(a), admission.leave(a)];
        assert_eq!(admission.is_crowded(a, &limits), None);
        kept.push(admission.leave(a));
        assert_eq!(admission.is_crowded(a, &limits), Some(Crowd::Network));
        assert_eq!(admission.is_crowded(b, &limits), None);
        kept.extend([admission.leave(b), admission.leave(b)]);
        assert_eq!(admission.is_crowded(b, &limits), Some(Crowd::All));
        kept.truncate(1);
        assert_eq!(admission.is_crowded(a, &limits), None);
    }
}
