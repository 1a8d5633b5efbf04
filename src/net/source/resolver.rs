//! Host names to addresses, off the loop.
//!
//! The system's resolver blocks, for half a minute if a name server is down. So
//! names wait in lines, each with a few threads of its own: configured cameras
//! never wait for what viewers name, and names that were slow the last time
//! never hold up the others. Threads begin with a name and end when their line
//! is empty; addresses never go near them.
//!
//! Invariant: each question gets exactly one answer, at its deadline at the
//! latest, whatever the threads do; none after [`Resolver::forget`]. A name is
//! looked up once at a time, however many ask for it.

mod queues;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use mio::Waker;

use super::Attempt;
use crate::net::io::key::Key;

use queues::{LookupQueue, LookupQueues};

/// Names of viewers that may wait, or are looked up.
const NAMES: usize = 64;
/// Of them, for one address.
const NAMES_PER_ADDRESS: usize = 4;
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;
/// Threads of a line of cameras: so many names may be slow before that is known.
const CAMERA_THREADS: usize = 24;
/// Threads of a line of viewers.
const VIEWER_THREADS: usize = 8;
/// The stack of one: the system's resolver may load modules of others.
const STACK: usize = 512 * 1024;
/// A name that takes longer is slow.
const SLOW: Duration = Duration::from_secs(1);

/// The system's resolver, or what stands in for it.
pub type Lookup = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// What became of a question.
#[derive(Debug)]
pub struct Resolution {
    /// Who asked.
    pub attempt: Attempt,
    /// The name.
    pub host: String,
    pub port: u16,
    /// Addresses in the resolver's order of preference; `TimedOut` at the deadline.
    pub addresses: io::Result<Vec<SocketAddr>>,
}

struct Waiter {
    attempt: Attempt,
    port: u16,
    until: Instant,
}

/// A name that waits or is looked up. Nobody may want to know any more.
struct Name {
    number: u64,
    host: String,
    of_viewers: bool,
    /// The client who asked first.
    client: Option<IpAddr>,
    queue: Arc<LookupQueue>,
    waiters: Vec<Waiter>,
}

/// What a thread found.
struct Found {
    number: u64,
    addresses: io::Result<Vec<IpAddr>>,
    slow: bool,
}

/// Looks names up.
pub struct Resolver {
    waker: Arc<Waker>,
    lookup: Arc<Lookup>,
    cameras: LookupQueues,
    viewers: LookupQueues,
    names: Vec<Name>,
    found: (Sender<Found>, Receiver<Found>),
    resolutions: VecDeque<Resolution>,
    /// The number of the last name.
    number: u64,
}

impl Resolver {
    /// `waker` is woken for what the threads find.
    pub fn new(waker: Arc<Waker>) -> Resolver {
        Resolver::with(waker, Arc::new(system))
    }

    /// The same with another way to look names up.
    pub fn with(waker: Arc<Waker>, lookup: Arc<Lookup>) -> Resolver {
        Resolver {
            waker,
            lookup,
            cameras: LookupQueues::new(CAMERA_THREADS),
            viewers: LookupQueues::new(VIEWER_THREADS),
            names: Vec::new(),
            found: channel(),
            resolutions: VecDeque::new(),
            number: 0,
        }
    }

    /// The address, if `host` is one already. `None`: a name, to be looked up.
    pub fn literal(host: &str, port: u16) -> Option<SocketAddr> {
        let ip: IpAddr = host.parse().ok()?;
        Some(SocketAddr::new(ip, port))
    }

    /// Asks for the addresses of a name, until a deadline; `client` is whose
    /// viewer asks.
    ///
    /// # Errors
    /// Too many names wait already, or no thread can be started.
    pub fn resolve(
        &mut self,
        attempt: Attempt,
        host: &str,
        port: u16,
        until: Instant,
        client: Option<IpAddr>,
    ) -> io::Result<()> {
        let of_viewers = client.is_some();
        let waiter = Waiter {
            attempt,
            port,
            until,
        };
        let mut names = self.names.iter_mut();
        let same = |name: &&mut Name| name.of_viewers == of_viewers && name.host == host;
        if let Some(name) = names.find(same) {
            name.waiters.push(waiter);
            return Ok(());
        }
        if of_viewers {
            self.admit(client)?;
        }
        let queue = self.queues(of_viewers).queue_for(host);
        self.number += 1;
        queue
            .lock()
            .waiting
            .push_back((self.number, host.to_owned()));
        if let Err(error) = self.start_thread(&queue) {
            queue.remove(self.number);
            return Err(error);
        }
        self.names.push(Name {
            number: self.number,
            host: host.to_owned(),
            of_viewers,
            client,
            queue,
            waiters: vec![waiter],
        });
        Ok(())
    }

    /// Whether one more name of this client may be looked up. Names that are
    /// being looked up count although their viewers may be gone.
    fn admit(&self, client: Option<IpAddr>) -> io::Result<()> {
        let names = || self.names.iter().filter(|name| name.of_viewers);
        if names().filter(|name| name.client == client).count() >= NAMES_PER_ADDRESS {
            let message = "too many names of yours are being looked up";
            return Err(io::Error::other(message));
        }
        if names().count() >= NAMES {
            let message = "too many names wait to be looked up";
            return Err(io::Error::other(message));
        }
        Ok(())
    }

    /// This one wants no answer any more.
    pub fn forget(&mut self, source: Key) {
        self.resolutions
            .retain(|resolution| resolution.attempt.source != source);
        for name in &mut self.names {
            name.waiters
                .retain(|waiter| waiter.attempt.source != source);
        }
        self.drop_unwanted();
    }

    /// When [`Resolver::next_resolution`] wants to be asked although nothing was found.
    pub fn due(&self) -> Option<Instant> {
        let waiters = self.names.iter().flat_map(|name| &name.waiters);
        waiters.map(|waiter| waiter.until).min()
    }

    /// The next answer that there is.
    pub fn next_resolution(&mut self, now: Instant) -> Option<Resolution> {
        while let Ok(found) = self.found.1.try_recv() {
            self.handle_found(found);
        }
        self.expire(now);
        self.resolutions.pop_front()
    }

    fn handle_found(&mut self, found: Found) {
        let number = found.number;
        let Some(at) = self.names.iter().position(|name| name.number == number) else {
            return;
        };
        let name = self.names.swap_remove(at);
        self.queues(name.of_viewers)
            .remember(&name.host, found.slow);
        for waiter in &name.waiters {
            let addresses = match &found.addresses {
                Ok(all) => {
                    let all = all.iter().take(ADDRESSES);
                    Ok(all.map(|ip| SocketAddr::new(*ip, waiter.port)).collect())
                }
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            self.resolutions
                .push_back(name.resolution(waiter, addresses));
        }
    }

    /// Answers the questions whose time is over.
    fn expire(&mut self, now: Instant) {
        let mut late = Vec::new();
        for name in &mut self.names {
            let (over, rest) = std::mem::take(&mut name.waiters)
                .into_iter()
                .partition(|waiter| waiter.until <= now);
            name.waiters = rest;
            let over: Vec<Waiter> = over;
            let timed_out = || Err(io::ErrorKind::TimedOut.into());
            self.resolutions.extend(
                over.iter()
                    .map(|waiter| name.resolution(waiter, timed_out())),
            );
            if !over.is_empty() && !name.queue.contains(name.number) {
                late.push((name.of_viewers, name.host.clone()));
            }
        }
        for (of_viewers, host) in late {
            self.queues(of_viewers).remember(&host, true);
        }
        self.drop_unwanted();
    }

    /// Takes names that nobody wants out of their lines.
    fn drop_unwanted(&mut self) {
        self.names
            .retain(|name| !name.waiters.is_empty() || !name.queue.remove(name.number));
    }

    fn queues(&mut self, of_viewers: bool) -> &mut LookupQueues {
        match of_viewers {
            true => &mut self.viewers,
            false => &mut self.cameras,
        }
    }

    /// One more thread for a line, unless it has its own already.
    fn start_thread(&self, queue: &Arc<LookupQueue>) -> io::Result<()> {
        if queue.lock().threads >= queue.max_threads {
            return Ok(());
        }
        let (own, lookup) = (Arc::clone(queue), Arc::clone(&self.lookup));
        let (found, waker) = (self.found.0.clone(), Arc::clone(&self.waker));
        queue.lock().threads += 1;
        let started = thread::Builder::new()
            .name("resolver".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                while let Some((number, host)) = own.next() {
                    let _ = found.send(look_up(&*lookup, number, &host));
                    let _ = waker.wake();
                }
            });
        let Err(error) = started else { return Ok(()) };
        let mut work = queue.lock();
        work.threads -= 1;
        // Another one will do it.
        if work.threads > 0 { Ok(()) } else { Err(error) }
    }
}

fn look_up(lookup: &Lookup, number: u64, host: &str) -> Found {
    let begun = Instant::now();
    // Whatever the system's libraries do, there is an answer.
    let outcome = catch_unwind(AssertUnwindSafe(|| lookup(host)));
    let addresses = outcome.unwrap_or_else(|_| Err(io::Error::other("the resolver failed")));
    Found {
        number,
        addresses,
        slow: begun.elapsed() > SLOW,
    }
}

fn system(host: &str) -> io::Result<Vec<IpAddr>> {
    let addresses = (host, 0).to_socket_addrs()?;
    Ok(addresses.map(|address| address.ip()).collect())
}

impl Name {
    fn resolution(&self, waiter: &Waiter, addresses: io::Result<Vec<SocketAddr>>) -> Resolution {
        Resolution {
            attempt: waiter.attempt,
            host: self.host.clone(),
            port: waiter.port,
            addresses,
        }
    }
}

#[cfg(test)]
mod tests;
