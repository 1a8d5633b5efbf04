//! Cameras with faults, and a witness that must not notice: a gateway with both.
//!
//! Invariant: the witness's viewer reads all the time, and what it got is whole
//! from beginning to end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::fake_camera::{FakeCamera, Link};
use super::gateway::{Config, Gateway};
use super::pictures::{Packet, Pictures, packets};
use super::socket::Opening;
use super::viewer::Viewer;

/// Between two pictures.
pub const PAUSE: Duration = Duration::from_millis(5);

/// Packets that a witness has seen at least.
const ENOUGH: usize = 100;

/// What a camera is called, what it does, and what is to be in the log.
pub struct Fault {
    pub name: &'static str,
    pub act: fn(&mut Link) -> io::Result<()>,
    pub words: &'static str,
}

/// A watched camera that goes on through everything the others do.
pub struct Witness {
    camera: FakeCamera,
    stop: Arc<AtomicBool>,
    seen: std::thread::JoinHandle<Vec<Packet>>,
}

/// Sends pictures on this channel until the link ends.
pub fn film(link: &mut Link, channel: u8) -> io::Result<()> {
    for number in 0.. {
        link.send(&picture(number, channel))?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// A picture as interleaved frames on this channel.
pub fn picture(number: u32, channel: u8) -> Vec<u8> {
    let mut frames = Pictures::USUAL.picture(number);
    let length = frames.len() / 4;
    for frame in frames.chunks_mut(length) {
        frame[1] = channel;
    }
    frames
}

impl Witness {
    fn watch(camera: FakeCamera, gateway: &Gateway) -> Witness {
        let mut viewer = watch(gateway, "honest");
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let seen = std::thread::spawn(move || {
            let viewer = &mut viewer; // with its control socket
            let mut seen = Vec::new();
            // The others may be done before it has seen enough to tell.
            while !told.load(Ordering::Relaxed) || seen.len() <= ENOUGH {
                seen.extend(packets(&viewer.data.binary()));
            }
            seen
        });
        Witness { camera, stop, seen }
    }

    /// It lost nothing, from beginning to end.
    pub fn check(self) {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.seen.join().expect("its viewer was not closed");
        assert!(seen[0].key && seen[0].packet == 0);
        let place = |packet: &Packet| packet.picture * 4 + u32::from(packet.packet);
        assert!(
            seen.windows(2)
                .all(|two| place(&two[0]) + 1 == place(&two[1]))
        );
        assert_eq!(self.camera.links(), 1);
    }
}

/// A viewer of the camera's first track.
pub fn watch(gateway: &Gateway, name: &str) -> Viewer {
    let track = format!("{name}/track0");
    let mut viewer = Viewer::join_shared(gateway, &track, false, Opening::default());
    viewer.play();
    viewer
}

/// A gateway with the honest camera and these, `always` on or not.
pub fn gateway(faults: &[Fault], always: &str) -> (Gateway, Vec<FakeCamera>, Witness) {
    let honest = FakeCamera::filming(Pictures::USUAL, PAUSE);
    let cameras: Vec<FakeCamera> = faults
        .iter()
        .map(|fault| FakeCamera::start(fault.act))
        .collect();
    let mut config = Config::new().camera("honest", &[("url", &honest.url())]);
    for (fault, camera) in faults.iter().zip(&cameras) {
        let settings = [
            ("url", &*camera.url()),
            ("always", always),
            ("transport", "tcp"),
        ];
        config = config.camera(fault.name, &settings);
    }
    let gateway = config.start();
    let witness = Witness::watch(honest, &gateway);
    (gateway, cameras, witness)
}
