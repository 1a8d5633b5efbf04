use super::*;
use proptest::prelude::*;

/// A cache of 1000 bytes, pictures of 100 bytes from 0 to `whole`, and key frames at
/// `keys`.
fn cache(whole: u64, keys: &[u64]) -> Cache {
    let mut cache = Cache::new(1000);
    for start in (0..whole).step_by(100) {
        cache.picture(start);
        if keys.contains(&start) {
            cache.key_frame(start);
        }
    }
    cache.grown(0, whole);
    cache
}

fn lag(next: u64, whole: u64, awaits_key: bool) -> Lag {
    Lag {
        next,
        whole,
        max_lag: 500,
        is_behind: !awaits_key,
        awaits_key,
    }
}

#[test]
fn a_viewer_is_behind_what_it_may_be_and_what_is_kept_anyway() {
    let cache = cache(2000, &[1200]);
    for (position, max_lag, behind) in [
        (1500, 500, false),
        (1500, 499, false),
        (1200, 0, false),
        (1199, 0, true),
        (1199, 800, true),
        (1199, 801, false),
    ] {
        assert_eq!(
            is_behind(position, 2000, max_lag, &cache),
            behind,
            "{position} {max_lag}"
        );
    }
}

#[test]
fn a_viewer_that_keeps_up_stays() {
    let cache = cache(2000, &[1900]);
    let lag = Lag {
        is_behind: false,
        ..lag(150, 2000, false)
    };
    assert_eq!(lag.shed(&cache, true, true, 0), Shed::Stay);
}

#[test]
fn the_picture_under_way_is_finished_before_the_last_key_frame() {
    let cache = cache(2000, &[0, 1700]);
    let moved = |until| Shed::Move {
        target: 1700,
        until,
        awaits_key: false,
    };
    let behind = lag(150, 2000, false);
    assert_eq!(behind.shed(&cache, true, false, 0), moved(200));
    assert_eq!(
        behind.shed(&cache, true, false, MAX_OWED - 50),
        moved(200),
        "there is memory for it just so"
    );
    assert_eq!(behind.shed(&cache, true, false, MAX_OWED - 49), moved(150));
}

#[test]
fn the_rest_of_a_long_picture_is_left_out() {
    for (rest, until) in [(MAX_REST, MAX_REST + 10), (MAX_REST + 1, 10)] {
        let mut cache = Cache::new(1000);
        let key = 10 + rest;
        for start in [0, key] {
            cache.picture(start);
            cache.key_frame(start);
        }
        cache.grown(0, key + 100);
        let moved = Shed::Move {
            target: key,
            until,
            awaits_key: false,
        };
        assert_eq!(
            lag(10, key + 100, false).shed(&cache, true, false, 0),
            moved
        );
    }
}

/// A key frame that is neither kept nor near would have the viewer behind again.
#[test]
fn without_a_key_frame_that_fits_the_next_one_is_waited_for() {
    let mut cache = cache(3000, &[1000]);
    assert_eq!(cache.start(), None, "it grew too long");
    let waiting = |target| Shed::Move {
        target,
        until: 200,
        awaits_key: true,
    };
    let behind = lag(150, 3000, false);
    assert_eq!(behind.shed(&cache, true, false, 0), waiting(3000));
    // Parameter sets came that may begin a key frame.
    cache.set_undecided(Some(2900));
    assert_eq!(behind.shed(&cache, true, false, 0), waiting(2900));
    // It does, where the viewer waits.
    cache.key_frame(2900);
    let on = Shed::Move {
        target: 2900,
        until: 2900,
        awaits_key: false,
    };
    assert_eq!(lag(2900, 3000, true).shed(&cache, true, false, 0), on);
}

#[test]
fn where_key_frames_are_rare_any_picture_will_do() {
    let cache = cache(3000, &[]);
    let moved = |target, awaits_key| Shed::Move {
        target,
        until: 200,
        awaits_key,
    };
    let behind = lag(150, 3000, false);
    assert_eq!(behind.shed(&cache, true, true, 0), moved(2900, false));
    assert_eq!(behind.shed(&cache, false, false, 0), moved(3000, false));
}

/// What comes of a camera: how many bytes, and what they begin with.
#[derive(Clone, Copy, Debug)]
enum Came {
    Part(u64),
    Picture(u64),
    /// Parameter sets, which a picture follows that may be a key frame.
    Undecided(u64),
    Key(u64),
    /// Something else needs the memory.
    GivenUp,
}

fn came() -> impl Strategy<Value = Came> {
    let size = prop_oneof![4 => 1..400_u64, 1 => 1..2 * MAX_REST];
    (size, 0..12_u8).prop_map(|(size, kind)| match kind {
        0..4 => Came::Part(size),
        4..8 => Came::Picture(size),
        8 => Came::Undecided(size),
        9..11 => Came::Key(size),
        _ => Came::GivenUp,
    })
}

/// The cache when all that has come, where it ends, and where each part began.
fn played(limit: usize, history: &[Came]) -> (Cache, u64, Vec<u64>) {
    let (mut cache, mut whole, mut parts) = (Cache::new(limit), 0, vec![0]);
    for came in history {
        let size = match *came {
            Came::Part(size) => size,
            Came::Picture(size) => {
                cache.picture(whole);
                size
            }
            Came::Undecided(size) => {
                cache.set_undecided(Some(whole));
                cache.picture(whole);
                size
            }
            Came::Key(size) => {
                cache.picture(whole);
                cache.key_frame(whole);
                size
            }
            Came::GivenUp => {
                cache.give_up();
                0
            }
        };
        whole += size;
        parts.push(whole);
        cache.grown(0, whole);
    }
    (cache, whole, parts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whoever_is_moved_can_go_on_there(
        history in prop::collection::vec(came(), 1..40),
        limit in prop_oneof![Just(0), 1..4000_usize],
        max_lag in prop_oneof![Just(0), 1..4000_u64],
        place in any::<prop::sample::Index>(),
        (awaits_key, has_pictures, needs_no_key) in any::<(bool, bool, bool)>(),
        owed in 0..2 * MAX_OWED,
    ) {
        let (cache, whole, parts) = played(limit, &history);
        let next = *place.get(&parts);
        let is_behind = is_behind(next, whole, max_lag, &cache);
        let lag = Lag { next, whole, max_lag, is_behind, awaits_key };
        let shed = lag.shed(&cache, has_pictures, needs_no_key, owed);
        let Shed::Move { target, until, awaits_key: waits } = shed else {
            prop_assert!(!is_behind && !awaits_key);
            return Ok(());
        };
        prop_assert!(is_behind || awaits_key, "one that keeps up stays");
        prop_assert!(next <= target && target <= whole);

        // The picture under way is finished, or nothing of it is sent.
        prop_assert!(next <= until && until <= target);
        prop_assert!(until - next <= MAX_REST);
        prop_assert!(until == next || owed + until - next <= MAX_OWED);
        prop_assert!(until == next || cache.next_picture(next) == Some(until) || until == target);
        prop_assert!(!awaits_key || until == next, "it gets nothing while it waits");

        // It goes on where something can be decoded, and makes way.
        let (key, picture) = (cache.key(), cache.last_picture());
        if !waits && has_pictures {
            let is_start = key == Some(target) || (needs_no_key && picture == Some(target));
            prop_assert!(is_start);
            prop_assert!(target > next || awaits_key);
        }
        if waits && has_pictures {
            let is_held = target == whole || cache.undecided() == Some(target);
            prop_assert!(is_held);
        }
        prop_assert!(!waits || awaits_key || has_pictures, "nothing is waited for in vain");

        // Whoever was moved is not moved again at once for the same reason, unless what
        // it was moved to is all that there is.
        let is_behind = super::is_behind(target, whole, max_lag, &cache);
        prop_assert!(!is_behind || (needs_no_key && picture == Some(target)));
        if !waits && !is_behind {
            let lag = Lag { next: target, is_behind, awaits_key: false, ..lag };
            prop_assert_eq!(lag.shed(&cache, has_pictures, needs_no_key, owed), Shed::Stay);
        }
    }

    /// The positions of a queue and of its cache belong together; whatever others do
    /// not make it panic.
    #[test]
    fn any_positions(
        (next, whole, max_lag, owed) in any::<(u64, u64, u64, u64)>(),
        history in prop::collection::vec(came(), 0..10),
        (is_behind, awaits_key, has_pictures, needs_no_key) in any::<(bool, bool, bool, bool)>(),
    ) {
        let (cache, ..) = played(1000, &history);
        let lag = Lag { next, whole, max_lag, is_behind, awaits_key };
        let shed = lag.shed(&cache, has_pictures, needs_no_key, owed);
        prop_assert_eq!(shed == Shed::Stay, !is_behind && !awaits_key);
    }
}
