//! Resolving host names outside the loop.
//!
//! The system's resolver blocks, for half a minute if a name server is down. So names
//! wait in queues, each with a few threads of its own: configured cameras never wait
//! for names that viewers gave, and names that were slow the last time never delay the
//! others. A thread is started for a name and ends when its queue is empty. Addresses
//! need no thread.
//!
//! Invariant: each request is answered exactly once, at its deadline at the latest,
//! whatever the threads do, and never after [`Resolver::forget`]. A name is looked up
//! once at a time, however many requests wait for it.

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

/// How many names that viewers gave may wait or be looked up.
const NAMES: usize = 64;
/// How many of these one network may have.
const NAMES_PER_ADDRESS: usize = 4;
/// How many addresses of a name are tried.
const ADDRESSES: usize = 4;
/// Threads of a queue of configured cameras: so many names may be slow at once before
/// that is known.
const CAMERA_THREADS: usize = 24;
/// Threads of a queue of viewers.
const VIEWER_THREADS: usize = 8;
/// The stack of a thread in bytes. The system's resolver may load other libraries.
const STACK: usize = 512 * 1024;
/// A name that takes longer is slow.
const SLOW: Duration = Duration::from_secs(1);

/// The system's resolver, or what a test uses instead.
pub type Lookup = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// The answer to a request.
#[derive(Debug)]
pub struct Resolution {
    /// The attempt that asked.
    pub attempt: Attempt,
    /// The name.
    pub host: String,
    pub port: u16,
    /// Addresses in the resolver's order of preference, or `TimedOut` at the deadline.
    pub addresses: io::Result<Vec<SocketAddr>>,
}

struct Waiter {
    attempt: Attempt,
    port: u16,
    until: Instant,
}

/// A name that waits or is looked up. It may have no waiters left.
struct Name {
    number: u64,
    host: String,
    of_viewers: bool,
    /// The network of the viewer who asked first.
    client: Option<IpAddr>,
    queue: Arc<LookupQueue>,
    waiters: Vec<Waiter>,
}

/// What a thread found out.
struct Found {
    number: u64,
    addresses: io::Result<Vec<IpAddr>>,
    slow: bool,
}

/// Resolves host names.
pub struct Resolver {
    waker: Arc<Waker>,
    lookup: Arc<Lookup>,
    cameras: LookupQueues,
    viewers: LookupQueues,
    names: Vec<Name>,
    found: (Sender<Found>, Receiver<Found>),
    resolutions: VecDeque<Resolution>,
    /// The number of the latest name.
    number: u64,
}

impl Resolver {
    /// `waker` wakes the loop when a thread has found something out.
    pub fn new(waker: Arc<Waker>) -> Resolver {
        Resolver::with(waker, Arc::new(system))
    }

    /// The same with another function for the lookup.
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

    /// The address, if `host` is one. `None`: it is a name that has to be resolved.
    pub fn literal(host: &str, port: u16) -> Option<SocketAddr> {
        let ip: IpAddr = host.parse().ok()?;
        Some(SocketAddr::new(ip, port))
    }

    /// Asks for the addresses of a name, until a deadline. `client` is the network of
    /// the viewer who named it.
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

    /// Checks the limits for one more name of this client. A name counts until its
    /// lookup ends, even if its viewers are gone.
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

    /// Cancels the requests of a source.
    pub fn forget(&mut self, source: Key) {
        self.resolutions
            .retain(|resolution| resolution.attempt.source != source);
        for name in &mut self.names {
            name.waiters
                .retain(|waiter| waiter.attempt.source != source);
        }
        self.drop_unwanted();
    }

    /// When [`Resolver::next_resolution`] has to be called although nothing was found.
    pub fn due(&self) -> Option<Instant> {
        let waiters = self.names.iter().flat_map(|name| &name.waiters);
        waiters.map(|waiter| waiter.until).min()
    }

    /// The next resolution, if there is one.
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

    /// Answers the requests whose deadline has passed.
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

    /// Removes names without waiters that no thread has begun with.
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

    /// Starts one more thread for a queue, up to its limit.
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
        // Another thread of the queue will look the name up.
        if work.threads > 0 { Ok(()) } else { Err(error) }
    }
}

fn look_up(lookup: &Lookup, number: u64, host: &str) -> Found {
    let begun = Instant::now();
    // Whatever the system's libraries do, the request is answered.
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
