use proptest::prelude::*;

use super::*;

const A: Key = Key::test(1);
const B: Key = Key::test(2);

#[test]
fn a_hog_leaves_as_much_as_it_holds() {
    let mut pool = Pool::new(64 * 1024, 1024, 0);
    pool.reserve = 0;
    let mut held = 0;
    while pool.take(A, Claim::Direct, held, false).is_some() {
        held += 1;
    }
    assert_eq!(held, 32);
    assert_eq!(pool.free(), 32);
    assert!(pool.take(B, Claim::Direct, 0, false).is_some());
}

#[test]
fn hogs_never_take_the_first_buffers_of_others() {
    let mut pool = Pool::new(64 * 1024, 1024, 20);
    assert_eq!(pool.guaranteed, 16, "half of what is not in reserve");
    for _ in 0..16 {
        let mut held = 0;
        while pool.take(A, Claim::Direct, held, false).is_some() {
            held += 1;
        }
        assert!(held > 0, "a newcomer found none");
    }
}

#[test]
fn the_reserve_serves_one_unfinished_frame_at_a_time() {
    let mut pool = Pool::new(16 * 32768, 32768, 4);
    while pool.take(A, Claim::Direct, 0, false).is_some() {}
    assert_eq!(pool.free(), pool.reserve);
    assert!(pool.reserve >= 3, "a whole frame fits");
    let first = pool.take(A, Claim::Direct, 1, true).expect("the reserve");
    assert!(
        pool.take(B, Claim::Direct, 1, true).is_none(),
        "one at a time"
    );
    pool.put_back(first, Claim::Direct, 1);
    pool.release_reserve(A);
    assert!(pool.take(B, Claim::Direct, 1, true).is_some());
}

#[test]
fn buffers_do_not_overlap() {
    let mut pool = Pool::new(8 * 100, 100, 1);
    pool.reserve = 0;
    let mut a = pool.take(A, Claim::Direct, 0, false).expect("free");
    let mut b = pool.take(B, Claim::Direct, 0, false).expect("free");
    a.fill(1);
    b.fill(2);
    assert!(a.len() == 100 && a.iter().all(|byte| *byte == 1));
    assert_eq!(pool.total(), 8);
}

#[test]
fn caches_use_what_nobody_needs() {
    let mut pool = Pool::new(128 * 32768, 32768, 128);
    let mut claim = Claim::Stream(0);
    let share = pool.share(1, 200, false);
    pool.change_claim(&mut claim, Claim::Stream(share), 0);
    let mut held = 0;
    while pool.take(A, claim, held, false).is_some() {
        held += 1;
    }
    assert_eq!(held, 128 - 3 - 16, "all but the reserve and an eighth");
    pool.set_direct(40);
    for _ in 0..16 {
        assert!(pool.take(B, Claim::Direct, 0, false).is_some());
    }
    assert!(pool.take(B, Claim::Direct, 0, false).is_none());
}

#[test]
fn the_configuration_promises_what_the_pool_can_keep() {
    for size in [4, 8, 32, 64, 128, 1024] {
        for buffers in [8, 64, 127, 300] {
            let mut limits = crate::config::Limits::default();
            (limits.pool, limits.buffer) = (buffers * size * 1024, size * 1024);
            let reserve = reserve(buffers, limits.buffer);
            let streams = limits.streams();
            assert!(
                0 < streams && 2 * streams + reserve <= buffers,
                "{buffers} of {size}k"
            );
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Take(usize),
    Give(usize),
    GiveAll(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let queue = 0..24_usize;
    prop_oneof![
        6 => queue.clone().prop_map(Act::Take),
        2 => queue.clone().prop_map(Act::Give),
        1 => queue.prop_map(Act::GiveAll),
    ]
}

struct Holder {
    claim: Claim,
    buffers: Vec<Buffer>,
}

impl Holder {
    /// 24 queues, of which the first `streams` are configured, with this share each.
    fn all(pool: &mut Pool, streams: usize, share: usize) -> Vec<Holder> {
        let claims = (0..24).map(|number| {
            let mut claim = Claim::Direct;
            if number < streams {
                pool.change_claim(&mut claim, Claim::Stream(share), 0);
            }
            claim
        });
        let buffers = Vec::new;
        claims
            .map(|claim| Holder {
                claim,
                buffers: buffers(),
            })
            .collect()
    }

    /// Puts one buffer back. `false`: the queue has none.
    fn put_back(&mut self, pool: &mut Pool) -> bool {
        let buffer = self.buffers.pop();
        let left = self.buffers.len();
        buffer
            .map(|buffer| pool.put_back(buffer, self.claim, left))
            .is_some()
    }
}

proptest! {
    /// Some configured streams and a crowd of direct queues on one pool: whatever they
    /// took before, a stream gets its share, and a direct queue its first buffer
    /// as long as caches took no idle memory.
    #[test]
    fn shares_are_kept_whatever_others_take(
        streams in 1..6_usize,
        size in prop_oneof![Just(4_096_usize), Just(32_768), Just(131_072)],
        most in 1..60_usize,
        acts in prop::collection::vec(act(), 1..600),
    ) {
        let mut pool = Pool::new(64 * size, size, 24);
        let share = pool.share(streams, most, false);
        let mut queues = Holder::all(&mut pool, streams, share);
        pool.set_direct(24 - streams);
        for act in acts {
            match act {
                Act::Take(number) => {
                    let Holder { claim, buffers } = &mut queues[number];
                    let held = buffers.len();
                    let key = Key::test(number as u16);
                    let foretold = pool.can_take(key, *claim, held, false);
                    let taken = pool.take(key, *claim, held, false);
                    prop_assert_eq!(foretold, taken.is_some());
                    prop_assert!(taken.is_some() || !claim.covers(held), "{:?} {}", claim, held);
                    buffers.extend(taken);
                }
                Act::Give(number) => {
                    queues[number].put_back(&mut pool);
                }
                Act::GiveAll(number) => while queues[number].put_back(&mut pool) {},
            }
            let held: usize = queues.iter().map(|queue| queue.buffers.len()).sum();
            prop_assert_eq!(pool.free() + held, pool.total());
        }
        for queue in &mut queues {
            while queue.put_back(&mut pool) {}
            let none = match queue.claim {
                Claim::Stream(_) => Claim::Stream(0),
                Claim::Direct => Claim::Direct,
            };
            pool.change_claim(&mut queue.claim, none, 0);
        }
        prop_assert_eq!((pool.owed, pool.direct_holders), (0, 0), "all is as in the beginning");
    }
}
