//! A camera that does as the test says: an RTSP server on a thread, one script
//! for every link, and a record of all it received.
//!
//! A script is a function of a [`Link`] in small steps: expect a request,
//! reply, send bytes in pieces, send frames, ask something itself, fall
//! silent, close, reset. Invariant: a script that saw what it did not expect
//! fails the test that started the camera; a gateway that hangs up does not.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::BOUND;
use super::frames::Pattern;
use super::pictures::Pictures;
use super::rtsp::Message;

pub use super::link::Link;

/// What happened to one link, as its test may await it.
#[derive(Default, Clone, Debug)]
pub struct Record {
    /// Every request and response received, in order.
    pub received: Vec<Message>,
    /// Interleaved frames received (receiver reports).
    pub frames: Vec<Vec<u8>>,
    /// The script has come to its end and the link is closed.
    pub ended: bool,
}

impl Record {
    /// The first request with this method.
    pub fn request(&self, method: &str) -> Option<Message> {
        self.received
            .iter()
            .find(|message| message.method() == method)
            .cloned()
    }
}

#[derive(Default)]
pub(super) struct Shared {
    pub(super) links: Mutex<Vec<(Record, Option<TcpStream>)>>,
    pub(super) grown: Condvar,
    pub(super) failures: Mutex<Vec<String>>,
    pub(super) stopping: AtomicBool,
    pub(super) sent: AtomicU64,
    pub(super) stalls: AtomicU64,
}

impl Shared {
    pub(super) fn note(&self, link: usize, change: impl FnOnce(&mut Record)) {
        change(&mut self.links.lock().unwrap()[link].0);
        self.grown.notify_all();
    }
}

/// A camera with its port. Hangs up on everyone when dropped.
pub struct FakeCamera {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl FakeCamera {
    /// A camera that plays `script` to everyone who connects.
    pub fn start(script: impl Fn(&mut Link) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1", script)
    }

    /// The same at another address of this machine.
    pub fn start_at(
        address: &str,
        script: impl Fn(&mut Link) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let script = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.stopping.load(Ordering::Relaxed) {
                    return;
                }
                let mut link = Link::new(stream, Arc::clone(&accepting));
                let script = Arc::clone(&script);
                std::thread::spawn(move || {
                    let outcome = script(&mut link);
                    link.end(outcome);
                });
            }
        });
        Self { address, shared }
    }

    /// A camera that answers everything and, from PLAY on, sends the first
    /// `count` frames of `pattern`.
    pub fn playing(pattern: Pattern, count: u32) -> Self {
        Self::start(move |link| {
            link.serve_until("PLAY")?;
            link.send_frames(pattern, 0..count)?;
            link.serve()
        })
    }

    /// A camera that answers everything and, from PLAY on, sends pictures until the
    /// link ends, one every `pause`.
    pub fn filming(pictures: Pictures, pause: Duration) -> Self {
        Self::start(move |link| {
            link.serve_until("PLAY")?;
            link.film(pictures, 0.., pause)
        })
    }

    /// A camera that answers everything and has no media.
    pub fn answering() -> Self {
        Self::start(Link::serve)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The URL that viewers name.
    pub fn url(&self) -> String {
        format!("rtsp://{}/stream", self.address)
    }

    /// Links accepted so far.
    pub fn links(&self) -> usize {
        self.shared.links.lock().unwrap().len()
    }

    /// The record of a link as it is now.
    pub fn record(&self, link: usize) -> Record {
        self.shared.links.lock().unwrap()[link].0.clone()
    }

    /// Waits until the record of link number `link` yields something.
    pub fn await_record<T>(
        &self,
        link: usize,
        what: &str,
        probe: impl Fn(&Record) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + BOUND;
        let mut links = self.shared.links.lock().unwrap();
        loop {
            if let Some(found) = links.get(link).and_then(|(record, _)| probe(record)) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let seen = links.get(link).map(|(record, _)| record.clone());
                drop(links); // a panic must not poison what `drop` needs
                panic!("the camera waited in vain for {what}: {seen:#?}");
            }
            links = self.shared.grown.wait_timeout(links, left).unwrap().0;
        }
    }

    /// Waits for a request with this method on link number `link`.
    pub fn await_request(&self, link: usize, method: &str) -> Message {
        self.await_record(link, method, |record| record.request(method))
    }

    /// Waits until the gateway has hung up link number `link`.
    pub fn await_end(&self, link: usize) -> Record {
        self.await_record(link, "the end of the link", |record| {
            record.ended.then(|| record.clone())
        })
    }

    /// Media bytes that [`Link::send_frames`] has handed to the network.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// Links whose frames found no room for [`STALL`], counted once each.
    pub fn stalls(&self) -> u64 {
        self.shared.stalls.load(Ordering::Relaxed)
    }
}

impl Drop for FakeCamera {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        for (_, stream) in self.shared.links.lock().unwrap().iter() {
            let _ = stream
                .as_ref()
                .map(|stream| stream.shutdown(Shutdown::Both));
        }
        let _ = TcpStream::connect(self.address); // wakes the accepting thread
        let failures = self.shared.failures.lock().unwrap().join("\n");
        if std::thread::panicking() {
            eprintln!("--- the camera's complaints\n{failures}\n---");
        } else {
            assert!(
                failures.is_empty(),
                "the camera's script failed:\n{failures}"
            );
        }
    }
}
