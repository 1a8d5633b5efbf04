//! Who may come in, and who may watch: places, counted by the network that their
//! client comes from.
//!
//! Pure. Invariant: a place is taken as long as its [`Ticket`] is kept, so whoever
//! goes, however, gives it back; links to cameras have none. One admission decides
//! for every kind of viewer, where it says what it wants to see.

use std::cell::RefCell;
use std::cmp::Reverse;
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

/// What may be one household or firm: with IPv6 it has up to 65,536 networks (RFC 6177).
pub fn site(network: IpAddr) -> IpAddr {
    match network {
        IpAddr::V6(network) => Ipv6Addr::from(u128::from(network) >> 80 << 80).into(),
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
    /// Whose it is.
    pub fn network(&self) -> IpAddr {
        self.network
    }

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
    /// The place of a connection that has just come: every one has one.
    pub fn enter(&self, network: IpAddr) -> Ticket {
        Ticket::take(&self.waiting, network)
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.borrow().all
    }

    /// Whether one of those that wait has to make room.
    pub fn is_full(&self, limits: &Limits) -> bool {
        self.waiting.borrow().all > limits.handshakes
    }

    /// Whether a viewer of this network lacks nothing but a place.
    pub fn is_taken(&self, network: IpAddr, limits: &Limits) -> bool {
        let is_entitled = of(&self.viewers, network) < limits.viewers_per_address;
        is_entitled && self.viewers.borrow().all >= limits.viewers
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

    /// Whether one of those that are closing has to make room.
    pub fn is_crowded(&self, limits: &Limits) -> bool {
        self.closing.borrow().all > limits.handshakes
    }
}

/// Who has to make room when all places are taken: of those of the network that has
/// most, the one that came first; each with its network and when it came. So nobody
/// locks the others out, however many silent connections he opens from however few
/// networks, and a flood pushes out its own before those of whoever has fewer.
///
/// Networks of IPv6 that are of one [`site`] count together first.
pub fn first_to_go<T: Copy, Time: Ord + Copy>(those: &[(T, IpAddr, Time)]) -> Option<T> {
    let (mut sites, mut networks) = (HashMap::new(), HashMap::new());
    for (_, network, _) in those {
        *sites.entry(site(*network)).or_insert(0) += 1;
        *networks.entry(*network).or_insert(0) += 1;
    }
    let first = those.iter().max_by_key(|(_, network, came)| {
        let taken = (sites.get(&site(*network)), networks.get(network));
        (taken, Reverse(*came))
    });
    first.map(|(who, _, _)| *who)
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

    /// Fills 20 places with one connection after another, and has room made for each
    /// beyond them: how many there are in the end, of each of these networks.
    fn flood(those: &[&str], last: &[&str]) -> Vec<usize> {
        let (admission, limits) = (Admission::default(), limits(9, 9, 20));
        let mut there: Vec<(usize, IpAddr, usize)> = Vec::new();
        let mut tickets = HashMap::new();
        for (number, from) in those.iter().chain(last).enumerate() {
            let network = address(from);
            there.push((number, network, number));
            tickets.insert(number, admission.enter(network));
            if admission.is_full(&limits) {
                let gone = first_to_go(&there).unwrap();
                assert_ne!(gone, number, "the newcomer");
                there.retain(|(other, _, _)| *other != gone);
                tickets.remove(&gone);
            }
        }
        assert!(!admission.is_full(&limits));
        let of = |from: &&str| there.iter().filter(|it| it.1 == address(from)).count();
        last.iter().map(of).collect()
    }

    #[test]
    fn silent_networks_lock_nobody_out() {
        let networks = ["10.0.0.1", "2001:db8::1", "10.0.0.2", "10.0.0.3"];
        for few in 1..=networks.len() {
            let silent: Vec<&str> = (0..100).map(|number| networks[number % few]).collect();
            assert_eq!(flood(&silent, &["10.0.0.9", "::1"]), [1, 1], "{few}");
        }
        // Alone it has all places, and its own newcomers take them.
        assert_eq!(flood(&["10.0.0.9"; 90], &["10.0.0.9"]), [20]);
    }

    #[test]
    fn a_flood_pushes_out_itself_first() {
        let honest = ["10.0.0.9", "10.0.0.8", "10.0.0.8", "::1"];
        let floods = [
            vec!["10.0.0.1"],
            vec!["10.0.0.1", "2001:db8::1", "10.0.0.3"],
        ];
        for networks in floods {
            let mut all = honest.to_vec();
            all.extend((0..200).map(|number| networks[number % networks.len()]));
            assert_eq!(flood(&all, &honest), [2, 4, 4, 2], "{networks:?}");
        }
    }

    #[test]
    fn a_site_of_many_networks_is_one_who_takes_much() {
        let networks: Vec<String> = (0..200).map(|it| format!("2001:db8:7:{it:x}::1")).collect();
        let mut all = vec!["2001:db8:8:1::1"; 3];
        all.extend(networks.iter().map(String::as_str));
        assert_eq!(flood(&all, &["2001:db8:8:1::1"]), [4]);
    }

    #[test]
    fn who_goes_is_counted_until_gone() {
        let (admission, limits) = (Admission::default(), limits(9, 9, 4));
        let (a, b) = (address("10.0.0.1"), address("10.0.0.2"));
        let mut kept: Vec<Ticket> = [a, b, a, b].map(|from| admission.leave(from)).into();
        assert!(!admission.is_crowded(&limits));
        kept.push(admission.leave(a));
        assert!(admission.is_crowded(&limits));
        kept.pop();
        assert!(!admission.is_crowded(&limits));
    }
}
