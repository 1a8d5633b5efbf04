//! Places: a limited number of clients of one kind, counted by the network they come
//! from.
//!
//! Pure. Invariant: a place is taken for exactly as long as its [`Ticket`] exists, so
//! it is given back however its client goes.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::rc::Rc;

/// The network by which a client is counted. An IPv4 address counts by itself, also
/// when it arrived over an IPv6 socket. An IPv6 address counts by its /64 prefix,
/// because every household has 2⁶⁴ addresses in one.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            Ipv6Addr::from(prefix).into()
        }
        v4 => v4,
    }
}

/// The site of a network, probably one household or firm. With IPv6 a site has up to
/// 65,536 networks (RFC 6177).
pub fn site(network: IpAddr) -> IpAddr {
    match network {
        IpAddr::V6(network) => Ipv6Addr::from(u128::from(network) >> 80 << 80).into(),
        v4 => v4,
    }
}

/// How many places of one kind are taken, in all and by network.
#[derive(Default)]
struct Counts {
    total: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// The places of one kind.
#[derive(Default)]
pub struct Places(Rc<RefCell<Counts>>);

impl Places {
    /// Takes a place. Limits are the caller's business.
    pub fn take(&self, network: IpAddr) -> Ticket {
        let mut counts = self.0.borrow_mut();
        counts.total += 1;
        *counts.by_network.entry(network).or_default() += 1;
        Ticket {
            places: Rc::clone(&self.0),
            network,
        }
    }

    /// How many places are taken.
    pub fn total(&self) -> usize {
        self.0.borrow().total
    }

    /// How many places are taken by clients of this network.
    pub fn of_network(&self, network: IpAddr) -> usize {
        self.0
            .borrow()
            .by_network
            .get(&network)
            .copied()
            .unwrap_or(0)
    }
}

/// A taken place, given back when this is dropped.
pub struct Ticket {
    places: Rc<RefCell<Counts>>,
    network: IpAddr,
}

impl Ticket {
    /// The network of the client that holds the place.
    pub fn network(&self) -> IpAddr {
        self.network
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.places.borrow_mut();
        counts.total -= 1;
        if let Some(count) = counts.by_network.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.by_network.remove(&self.network);
            }
        }
    }
}

/// Selects who has to make room when all places are taken: of the network with most
/// candidates, the one that came first. Each candidate has its network and the time at
/// which it came. So nobody can lock the others out, however many silent connections
/// they open from however few networks, and a flood displaces its own connections
/// before those of anybody with fewer.
///
/// IPv6 networks of one [`site`] are first counted together.
pub fn select_victim<T: Copy, Time: Ord + Copy>(candidates: &[(T, IpAddr, Time)]) -> Option<T> {
    let (mut sites, mut networks) = (HashMap::new(), HashMap::new());
    for (_, network, _) in candidates {
        *sites.entry(site(*network)).or_insert(0) += 1;
        *networks.entry(*network).or_insert(0) += 1;
    }
    let first = candidates.iter().max_by_key(|(_, network, came)| {
        let taken = (sites.get(&site(*network)), networks.get(network));
        (taken, Reverse(*came))
    });
    first.map(|(who, _, _)| *who)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_place_is_given_back_when_its_ticket_goes() {
        let places = Places::default();
        let (a, b) = (address("10.0.0.1"), address("10.0.0.2"));
        let mut kept: Vec<Ticket> = [a, b, a].map(|from| places.take(from)).into();
        assert_eq!(
            (places.total(), places.of_network(a), places.of_network(b)),
            (3, 2, 1)
        );
        kept.pop();
        assert_eq!((places.total(), places.of_network(a)), (2, 1));
        drop(kept);
        assert_eq!(places.total(), 0);
        assert!(places.0.borrow().by_network.is_empty());
    }

    /// Fills 20 places with one connection after another, making room for each beyond
    /// them, and returns how many connections of each network in `last` are left.
    fn flood(candidates: &[&str], last: &[&str]) -> Vec<usize> {
        let places = Places::default();
        let mut there: Vec<(usize, IpAddr, usize)> = Vec::new();
        let mut tickets = HashMap::new();
        for (number, from) in candidates.iter().chain(last).enumerate() {
            let network = address(from);
            there.push((number, network, number));
            tickets.insert(number, places.take(network));
            if places.total() > 20 {
                let gone = select_victim(&there).unwrap();
                assert_ne!(gone, number, "the newcomer");
                there.retain(|(other, _, _)| *other != gone);
                tickets.remove(&gone);
            }
        }
        assert!(places.total() <= 20);
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
        // A network that is alone has all places, and its newcomers displace its own.
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
}
