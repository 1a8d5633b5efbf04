//! The load: a camera with many connections and its viewers, on one thread; or a camera
//! with one connection, which its viewers share.
//!
//! Both ends are in one program, so that one clock measures a frame's way, and one ring
//! makes and checks frames. The loop reads for every viewer that has something to read,
//! then writes once for every camera connection that has room, and starts over.
//!
//! Invariant: a run that has lost, reordered or damaged a byte, or has not ended in
//! time, is an error and no measurement.

mod sharing;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use crate::camera::Camera;
use crate::checker::Arrival;
use crate::film::Film;
use crate::frame::Ring;
use crate::pace::{Pace, TICK};
use crate::viewer::{Protocol, Side, Surroundings, Viewer};

/// How many bytes of one viewer are read at once.
const READ: usize = 256 * 1024;
const LISTENER: usize = 0;
/// The token of the first camera connection; those of a viewer's two sockets follow,
/// and so on.
const FIRST: usize = 1;
/// How long a viewer may wait for its first frame, and a run for its last.
const PATIENCE: Duration = Duration::from_secs(20);

/// The result of a flow of frames.
pub struct Flow {
    pub time: Duration,
    /// The bytes of interleaved frames, without any framing of the server's.
    pub bytes: u64,
    /// The time from a frame's release to its receipt in µs, for each frame; of a film
    /// for each picture, when its last frame is received.
    pub latencies: Vec<u32>,
    /// The same for key pictures, which the others do not contain.
    pub key_latencies: Vec<u32>,
}

/// The name of the shared camera in the gateway's configuration.
pub const SHARED: &str = "front";

/// The camera and its viewers.
pub struct Load {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    camera: SocketAddr,
    cameras: Vec<Camera>,
    viewers: Vec<Viewer>,
    server: SocketAddr,
    ring: Ring,
    /// The film that all viewers see, if they share the camera.
    film: Option<Film>,
    /// When slow viewers read next.
    sip: Instant,
    buffer: Vec<u8>,
    epoch: Instant,
    latencies: Vec<u32>,
    key_latencies: Vec<u32>,
}

impl Load {
    /// A camera that listens; if `shared`, it has a film to show.
    pub fn new(shared: bool) -> std::io::Result<Load> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        poll.registry()
            .register(&mut listener, Token(LISTENER), Interest::READABLE)?;
        let camera = listener.local_addr()?;
        Ok(Load {
            poll,
            events: Events::with_capacity(2048),
            listener,
            camera,
            cameras: Vec::new(),
            viewers: Vec::new(),
            server: camera,
            ring: match shared {
                true => Film::ring(),
                false => Ring::plain(),
            },
            film: shared.then(Film::new),
            sip: Instant::now(),
            buffer: vec![0; READ],
            epoch: Instant::now(),
            latencies: Vec::new(),
            key_latencies: Vec::new(),
        })
    }

    /// The address where servers find the camera.
    pub fn camera(&self) -> SocketAddr {
        self.camera
    }

    /// Opens `count` viewers of `server`, one after the other. Returns how long each
    /// took from its connect to its first whole frame, or until it waits for the film.
    pub fn connect(
        &mut self,
        server: SocketAddr,
        protocol: Protocol,
        count: usize,
    ) -> Result<Vec<Duration>, String> {
        self.server = server;
        let mut times = Vec::new();
        for index in 0..count {
            let begun = Instant::now();
            self.open(protocol, false)?;
            while !self.is_served(index) {
                self.turn(Some(PATIENCE))?;
                if begun.elapsed() > PATIENCE {
                    return Err(format!("viewer {index} has no frame after {PATIENCE:?}"));
                }
            }
            times.push(begun.elapsed());
        }
        Ok(times)
    }

    fn open(&mut self, protocol: Protocol, slow: bool) -> Result<(), String> {
        let index = self.viewers.len();
        let around = Surroundings {
            registry: self.poll.registry(),
            ring: &self.ring,
            server: self.server,
            camera: self.camera,
            shared: self.film.as_ref().map(|_| SHARED),
        };
        let stream = if self.film.is_some() { 0 } else { index as u32 };
        let viewer = Viewer::open(protocol, stream, viewer_token(index), slow, &around)?;
        self.viewers.push(viewer);
        Ok(())
    }

    /// Whether viewer `index` has got what it was opened for.
    fn is_served(&self, index: usize) -> bool {
        let viewer = &self.viewers[index];
        match self.film {
            Some(_) => viewer.is_playing() && self.cameras.iter().any(|c| c.stream().is_some()),
            None => viewer.frames() > 0,
        }
    }

    /// Sends `bytes` in total, as fast as they are taken.
    pub fn flood(&mut self, bytes: u64) -> Result<Flow, String> {
        let each = bytes as f64 / self.viewers.len() as f64 / self.ring.mean();
        let (begun, before) = self.begin();
        for camera in &mut self.cameras {
            camera.release_unstamped(each as u64);
        }
        self.finish(begun, before)
    }

    /// Sends pictures with `bits` per second to each viewer, for `time`.
    pub fn pace(&mut self, bits: u64, time: Duration) -> Result<Flow, String> {
        let mut paces: Vec<Pace> = (0..self.cameras.len())
            .map(|index| Pace::new(bits, self.ring.mean(), index, self.cameras.len()))
            .collect();
        let (begun, before) = self.begin();
        while begun.elapsed() < time {
            let now = self.now();
            for (camera, pace) in self.cameras.iter_mut().zip(&mut paces) {
                if let Some(frames) = pace.due(begun.elapsed()) {
                    camera.release(frames, now);
                }
            }
            self.turn(Some(TICK))?;
        }
        self.finish(begun, before)
    }

    /// The time now, and the bytes of frames that were released before.
    fn begin(&mut self) -> (Instant, u64) {
        self.latencies.clear();
        self.key_latencies.clear();
        if let Some(film) = &mut self.film {
            film.roll();
        }
        (Instant::now(), self.volume())
    }

    /// The bytes of all frames released so far, to all who get them.
    fn volume(&self) -> u64 {
        let released = self.cameras.iter().map(Camera::released);
        let bytes: u64 = released.map(|frames| self.ring.volume(frames)).sum();
        match self.film {
            Some(_) => bytes * self.quick().count() as u64,
            None => bytes,
        }
    }

    /// The viewers that must get everything.
    fn quick(&self) -> impl Iterator<Item = &Viewer> {
        self.viewers.iter().filter(|viewer| !viewer.is_slow())
    }

    /// Waits until every viewer has got what its camera connection has released.
    fn finish(&mut self, begun: Instant, before: u64) -> Result<Flow, String> {
        let end: u64 = self.cameras.iter().map(Camera::released).sum();
        let end = match self.film {
            Some(_) => end * self.quick().count() as u64,
            None => end,
        };
        let mut stalled = Instant::now();
        let mut had = 0;
        loop {
            let has: u64 = self.quick().map(Viewer::frames).sum();
            if has == end {
                break;
            }
            if self.film.is_some() && self.quick().any(|viewer| viewer.seen().gaps > 0) {
                return Err("a viewer who kept up lost pictures".into());
            }
            if has > had {
                (had, stalled) = (has, Instant::now());
            } else if stalled.elapsed() > PATIENCE {
                return Err(format!("{has} frames arrived, then nothing more"));
            }
            self.turn(Some(PATIENCE))?;
        }
        Ok(Flow {
            time: begun.elapsed(),
            bytes: self.volume() - before,
            latencies: std::mem::take(&mut self.latencies),
            key_latencies: std::mem::take(&mut self.key_latencies),
        })
    }

    fn now(&self) -> u64 {
        self.epoch.elapsed().as_nanos() as u64
    }

    /// Goes round once: events, reads, writes. It sleeps only if there is nothing to
    /// do.
    fn turn(&mut self, patience: Option<Duration>) -> Result<(), String> {
        let busy =
            self.viewers.iter_mut().any(is_readable) || self.cameras.iter().any(Camera::can_send);
        let timeout = if busy { Some(Duration::ZERO) } else { patience };
        if let Err(error) = self.poll.poll(&mut self.events, timeout)
            && error.kind() != std::io::ErrorKind::Interrupted
        {
            return Err(format!("poll: {error}"));
        }
        let mut accept = false;
        let now = self.now();
        for event in &self.events {
            match event.token().0 {
                LISTENER => accept = true,
                token => note(&mut self.cameras, &mut self.viewers, token, event, now),
            }
        }
        if accept {
            self.accept()?;
        }
        self.read()?;
        self.write()
    }

    fn accept(&mut self) -> Result<(), String> {
        while let Ok((mut socket, _)) = self.listener.accept() {
            let token = Token(FIRST + 3 * self.cameras.len());
            let both = Interest::READABLE | Interest::WRITABLE;
            socket
                .set_nodelay(true)
                .and_then(|()| self.poll.registry().register(&mut socket, token, both))
                .map_err(|error| format!("accepting: {error}"))?;
            self.cameras.push(Camera::new(socket, self.film.is_none()));
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), String> {
        let around = Surroundings {
            registry: self.poll.registry(),
            ring: &self.ring,
            server: self.server,
            camera: self.camera,
            shared: self.film.as_ref().map(|_| SHARED),
        };
        for viewer in &mut self.viewers {
            for side in [Side::Control, Side::Data] {
                if viewer.link(side).is_some_and(|link| link.can_read()) {
                    let epoch = self.epoch;
                    let mut now = None;
                    let (shared, slow) = (around.shared.is_some(), viewer.is_slow());
                    let (latencies, keys) = (&mut self.latencies, &mut self.key_latencies);
                    viewer.read(side, &mut self.buffer, &around, |arrival: Arrival| {
                        let slot = around.ring.slot(arrival.number);
                        if slow || (shared && !slot.ends) {
                            return;
                        }
                        let now = *now.get_or_insert_with(|| epoch.elapsed().as_nanos() as u64);
                        let latency = (now.saturating_sub(arrival.stamp) / 1000) as u32;
                        let list = if slot.key {
                            &mut *keys
                        } else {
                            &mut *latencies
                        };
                        list.push(latency);
                    })?;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), String> {
        for index in 0..self.cameras.len() {
            if self.cameras[index].can_send() {
                let now = self.now();
                let sent = self.cameras[index].send(&mut self.ring, now);
                sent.map_err(|error| format!("the camera's link {index}: {error}"))?;
            }
        }
        Ok(())
    }
}

fn viewer_token(index: usize) -> usize {
    FIRST + 3 * index + 1
}

fn is_readable(viewer: &mut Viewer) -> bool {
    [Side::Control, Side::Data]
        .into_iter()
        .any(|side| viewer.link(side).is_some_and(|link| link.can_read()))
}

fn note(cameras: &mut [Camera], viewers: &mut [Viewer], token: usize, event: &Event, now: u64) {
    let (index, socket) = ((token - FIRST) / 3, (token - FIRST) % 3);
    match socket {
        0 => {
            let camera = &mut cameras[index];
            camera.writable |= event.is_writable();
            if event.is_readable() {
                // If the server has hung up, its viewer will notice.
                let _ = camera.serve(now);
            }
        }
        socket => {
            let side = if socket == 1 {
                Side::Data
            } else {
                Side::Control
            };
            // A viewer who joined for a moment may be gone.
            if let Some(link) = viewers.get_mut(index).and_then(|v| v.link(side)) {
                link.readable = true;
            }
        }
    }
}
