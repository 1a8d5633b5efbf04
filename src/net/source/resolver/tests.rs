use std::sync::{Condvar, Mutex};

use mio::{Poll, Token};

use super::*;
use crate::net::io::key::Key;

/// A resolver whose lookups the test controls: names that begin with `slow` are
/// resolved when the test lets them, the others at once.
struct Scene {
    _poll: Poll,
    resolver: Resolver,
    gate: Arc<(Mutex<Gate>, Condvar)>,
}

#[derive(Default)]
struct Gate {
    open: bool,
    /// Names in the order in which they were looked up.
    looked_up: Vec<String>,
}

impl Scene {
    fn new() -> Scene {
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let gate = Arc::new((Mutex::new(Gate::default()), Condvar::new()));
        let theirs = Arc::clone(&gate);
        let lookup = move |host: &str| {
            let (gate, opened) = &*theirs;
            let mut gate = gate.lock().unwrap();
            gate.looked_up.push(host.to_owned());
            opened.notify_all();
            if host.starts_with("slow") {
                gate = opened.wait_while(gate, |gate| !gate.open).unwrap();
            }
            drop(gate);
            match host {
                "dead" => panic!("a library gave up"),
                "none" => Err(io::ErrorKind::NotFound.into()),
                _ => Ok(vec![IpAddr::from([10, 0, 0, 1]); 9]),
            }
        };
        Scene {
            _poll: poll,
            resolver: Resolver::with(waker, Arc::new(lookup)),
            gate,
        }
    }

    /// A request of a camera, or of a viewer.
    fn ask(
        &mut self,
        (source, is_viewer): (Key, bool),
        number: u64,
        host: &str,
        until: Instant,
    ) -> io::Result<()> {
        let attempt = Attempt { source, number };
        let client = is_viewer.then_some(IpAddr::from([10, 9, 9, 9]));
        self.resolver.resolve(attempt, host, 554, until, client)
    }

    /// Waits until the threads have begun with so many names.
    fn await_lookups(&self, count: usize) -> Vec<String> {
        let (gate, opened) = &*self.gate;
        let gate = gate.lock().unwrap();
        let few = |gate: &mut Gate| gate.looked_up.len() < count;
        opened.wait_while(gate, few).unwrap().looked_up.clone()
    }

    /// Waits for a resolution from a thread.
    fn found(&mut self, now: Instant) -> Resolution {
        loop {
            if let Some(answer) = self.resolver.next_resolution(now) {
                return answer;
            }
            thread::yield_now();
        }
    }

    fn open(&self) {
        self.gate.0.lock().unwrap().open = true;
        self.gate.1.notify_all();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.open();
    }
}

fn camera(number: u16) -> (Key, bool) {
    (Key::test(number), false)
}

fn viewer(number: u16) -> (Key, bool) {
    (Key::test(number), true)
}

const LATER: Duration = Duration::from_secs(10);

#[test]
fn each_question_is_answered_once_whatever_happens_to_it() {
    let (mut scene, now) = (Scene::new(), Instant::now());
    let until = now + LATER;
    for (number, host) in ["good", "none", "dead"].into_iter().enumerate() {
        scene.ask(camera(1), number as u64, host, until).unwrap();
    }
    let mut answers: Vec<_> = (0..3).map(|_| scene.found(now)).collect();
    answers.sort_by_key(|answer| answer.attempt.number);
    let found = answers[0].addresses.as_ref().unwrap();
    assert_eq!(*found, vec!["10.0.0.1:554".parse().unwrap(); ADDRESSES]);
    assert!(answers[1].addresses.is_err() && answers[2].addresses.is_err());
    // A request that is not answered in time times out once.
    scene.ask(camera(1), 7, "slow", until).unwrap();
    scene.ask(viewer(1), 8, "slow", until + LATER).unwrap();
    scene.await_lookups(5);
    assert!(scene.resolver.next_resolution(now).is_none());
    assert_eq!(scene.resolver.due(), Some(until));
    let late = scene.resolver.next_resolution(until).unwrap();
    assert_eq!((late.attempt.number, late.host.as_str()), (7, "slow"));
    assert_eq!(late.addresses.unwrap_err().kind(), io::ErrorKind::TimedOut);
    scene.open();
    assert_eq!(scene.found(until).attempt.number, 8);
    while !scene.resolver.names.is_empty() {
        assert!(
            scene.resolver.next_resolution(until).is_none(),
            "a second answer"
        );
    }
}

#[test]
fn one_that_waits_in_vain_behind_others_is_answered_too() {
    let (mut scene, now) = (Scene::new(), Instant::now());
    for number in 0..CAMERA_THREADS as u16 + 3 {
        let name = format!("slow{number}");
        scene.ask(camera(number), 0, &name, now + LATER).unwrap();
    }
    scene.await_lookups(CAMERA_THREADS);
    let answers = std::iter::from_fn(|| scene.resolver.next_resolution(now + LATER));
    assert_eq!(answers.count(), CAMERA_THREADS + 3);
    // Names without waiters that no thread has begun with are not looked up.
    assert_eq!(scene.resolver.names.len(), CAMERA_THREADS);
    assert_eq!(scene.resolver.due(), None);
}

#[test]
fn what_viewers_name_holds_up_no_camera() {
    let (mut scene, now) = (Scene::new(), Instant::now());
    let until = now + LATER;
    for number in 0..NAMES_PER_ADDRESS as u16 {
        let name = format!("slow{number}");
        scene.ask(viewer(number), 0, &name, until).unwrap();
    }
    let refused = scene.ask(viewer(9), 0, "another", until).unwrap_err();
    assert!(refused.to_string().contains("of yours"), "{refused}");
    for client in 0..NAMES - NAMES_PER_ADDRESS {
        let (source, _) = viewer(100 + client as u16);
        let attempt = Attempt { source, number: 0 };
        let client = Some(IpAddr::from([10, 0, 1, client as u8]));
        let name = format!("slow-{client:?}");
        let asked = scene.resolver.resolve(attempt, &name, 554, until, client);
        asked.unwrap();
    }
    let (source, _) = viewer(99);
    let attempt = Attempt { source, number: 0 };
    let client = Some(IpAddr::from([10, 0, 2, 1]));
    let asked = scene
        .resolver
        .resolve(attempt, "one.more", 554, until, client);
    assert!(asked.unwrap_err().to_string().contains("too many names"));
    scene.ask(camera(1), 0, "front", until).unwrap();
    assert_eq!(scene.found(now).attempt.source, camera(1).0);
}

#[test]
fn names_that_were_slow_hold_up_no_others() {
    let (mut scene, now) = (Scene::new(), Instant::now());
    let slow: Vec<String> = (0..CAMERA_THREADS)
        .map(|number| format!("slow{number}"))
        .collect();
    for (number, name) in slow.iter().enumerate() {
        let asked = scene.ask(camera(number as u16), 0, name, now + LATER);
        asked.unwrap();
    }
    scene.await_lookups(CAMERA_THREADS);
    while scene.resolver.next_resolution(now + LATER).is_some() {}
    scene.open();
    while !scene.resolver.names.is_empty() {
        assert!(
            scene.resolver.next_resolution(now).is_none(),
            "nobody wants it"
        );
    }
    scene.gate.0.lock().unwrap().open = false;
    for (number, name) in slow.iter().enumerate() {
        // This name was slow on the threads' clock, too.
        scene.resolver.cameras.remember(name, true);
        let asked = scene.ask(camera(number as u16), 1, name, now + LATER);
        asked.unwrap();
    }
    scene.await_lookups(2 * CAMERA_THREADS);
    scene.ask(camera(99), 1, "front", now + LATER).unwrap();
    assert_eq!(scene.found(now).host, "front");
}

#[test]
fn a_name_is_looked_up_once_for_all_who_want_it() {
    let (mut scene, now) = (Scene::new(), Instant::now());
    let until = now + LATER;
    for number in 0..5 {
        scene.ask(camera(number), 3, "slow", until).unwrap();
    }
    scene.await_lookups(1);
    scene.open();
    let mut owners: Vec<u16> = (0..5)
        .map(|_| {
            let key = scene.found(now).attempt.source;
            (0..5).find(|it| Key::test(*it) == key).unwrap()
        })
        .collect();
    owners.sort_unstable();
    assert_eq!(owners, [0, 1, 2, 3, 4]);
    assert_eq!(scene.await_lookups(1), ["slow"]);
}

#[test]
fn who_went_away_gets_no_answer_and_keeps_no_place() {
    let (mut scene, now) = (Scene::new(), Instant::now());
    let until = now + LATER;
    scene.ask(viewer(1), 0, "slow", until).unwrap();
    scene.await_lookups(1);
    scene.resolver.forget(viewer(1).0);
    assert_eq!(scene.resolver.due(), None);
    // The thread is still busy, and its client must not occupy all of them in this way.
    assert_eq!(scene.resolver.names.len(), 1);
    scene.ask(viewer(2), 0, "good", until).unwrap();
    let found = scene.found(now);
    assert_eq!(found.attempt.source, viewer(2).0);
    scene.open();
    while !scene.resolver.names.is_empty() {
        assert!(scene.resolver.next_resolution(now).is_none());
    }
    // A resolution that is ready is cancelled as well.
    scene.ask(camera(5), 0, "good", until).unwrap();
    while scene.resolver.resolutions.is_empty() {
        if let Ok(found) = scene.resolver.found.1.try_recv() {
            scene.resolver.handle_found(found);
        }
    }
    scene.resolver.forget(camera(5).0);
    assert!(scene.resolver.next_resolution(now).is_none());
}
